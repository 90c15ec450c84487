"""Benchmarks of hinterland_kernels."""
