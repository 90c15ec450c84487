"""Rover products from files: images with their cameras, and what was dropped and why.

`hinterland.products.load` states which problems end the work and which only drop a frame.
"""

from hinterland.products.load import Loaded, load_images
from hinterland.products.stops import one_stop
from hinterland.products.tiles import assemble, check_tiles
from hinterland.products.vicar import VicarRaster, read_vicar_raster

__all__ = ["Loaded", "VicarRaster", "assemble", "check_tiles", "load_images", "one_stop", "read_vicar_raster"]
