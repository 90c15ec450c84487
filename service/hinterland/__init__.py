"""Mosaics of other worlds: rover panoramas and orbital maps."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("hinterland")
except PackageNotFoundError:  # the sources on PYTHONPATH, as `make gpu-test` takes them
    __version__ = "0+sources"
