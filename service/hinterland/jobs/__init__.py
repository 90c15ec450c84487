"""Jobs: accepted, kept, run by workers and published. It knows the engine and a database, no network."""
