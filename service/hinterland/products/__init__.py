"""Rover products from files: images with their cameras, and what was dropped and why.

`hinterland.products.load` states which problems end the work and which only drop a frame.
"""

import importlib

__all__ = ["Loaded", "VicarRaster", "assemble", "check_tiles", "load_images", "one_stop", "read_vicar_raster"]

_MODULES = {
    "Loaded": "load",
    "VicarRaster": "vicar",
    "assemble": "tiles",
    "check_tiles": "tiles",
    "load_images": "load",
    "one_stop": "stops",
    "read_vicar_raster": "vicar",
}


def __getattr__(name: str) -> object:
    """Import what is asked for: maps are read with none of it."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
