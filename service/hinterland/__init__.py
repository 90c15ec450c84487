"""Mosaics of other worlds: rover panoramas and orbital maps."""

__version__ = "0.1.0"
