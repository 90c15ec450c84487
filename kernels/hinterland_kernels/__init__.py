"""Arithmetic on numbers and arrays: formulas, lattices, warping, blending, seams.

This package knows no file, label, network or job. Importing it costs nothing and finds no driver: kernels
compile on first use and are kept on disk.
"""
