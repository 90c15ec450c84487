"""Frozen values: cameras, poses, products, surfaces and grids. No file is opened here."""
