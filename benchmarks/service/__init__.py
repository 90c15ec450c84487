"""Benchmarks of the hinterland command."""
