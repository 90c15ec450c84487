"""Scalar formulas, one quantity a file, written once for the CPU loops and the CUDA kernels.

The rules: plain typed Python under `pixel_function`; vectors are tuples of three floats and a camera is a
`NamedTuple` of them; arrays are only read; nothing is allocated, raised, opened or printed; what cannot be
computed is nan. Only `math`, `typing` and other pixel functions are imported. A test reads the syntax tree
to keep it so.
"""
