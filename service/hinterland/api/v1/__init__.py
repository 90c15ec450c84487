"""The contract's messages and stubs, generated."""
