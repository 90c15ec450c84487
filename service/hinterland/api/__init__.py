"""The contract, as Python: generated from proto/."""
