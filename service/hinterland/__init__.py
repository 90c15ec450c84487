"""Mosaics of other worlds: rover panoramas and orbital maps."""

from importlib.metadata import version

__version__ = version("hinterland")
