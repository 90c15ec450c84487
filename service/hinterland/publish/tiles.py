"""tiles/: the panorama in squares of JPEG, level by level, for the page to show at full resolution.

`tiles/Z/X/Y.jpg` is column X and row Y of zoom Z, as map viewers have it: zoom 0 is a single tile, each further
one twice as large, the last the panorama pixel for pixel. The levels are the overviews of panorama.tif.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np

from hinterland.products.cog import BLOCK
from hinterland.products.geotiff import PyramidBlock
from hinterland.publish.display import JPEG_QUALITY, Stretch

TILE_PX = BLOCK
"""Lines and samples of a tile; those at the right and lower edge are filled up with no data."""
TILES = "tiles"
"""Their folder in the bundle."""


def finest_zoom(lines: int, samples: int) -> int:
    """The zoom at which a panorama of this size is shown pixel for pixel."""
    return max(0, (-(-max(lines, samples) // TILE_PX) - 1).bit_length())


def write_tiles(
    folder: Path,
    shape: tuple[int, int],
    read_pyramid: Callable[[], Iterable[PyramidBlock]],
    stretch: Stretch,
    workers: int,
) -> None:
    """Write the tiles of a panorama into a bundle's folder.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    shape : tuple[int, int]
        Lines and samples of the panorama.
    read_pyramid : Callable
        Gives the panorama and its overviews in blocks of `TILE_PX`.
    stretch : Stretch
        That of the preview.
    workers : int
        Tiles encoded at a time; twice as many are in memory.
    """
    finest = finest_zoom(*shape)

    def write(block: PyramidBlock) -> None:
        path = folder / TILES / f"{finest - block.level}" / f"{block.column}" / f"{block.row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines, samples = block.mask.shape
        margin = (0, TILE_PX - lines), (0, TILE_PX - samples)
        picture = stretch.picture(np.pad(block.samples, ((0, 0), *margin)), np.pad(block.mask, margin))
        picture.save(path, "JPEG", quality=JPEG_QUALITY)

    blocks = iter(read_pyramid())
    with ThreadPoolExecutor(workers, thread_name_prefix="tiles") as pool:
        while some := tuple(islice(blocks, 2 * workers)):
            list(pool.map(write, some))  # the list raises what a thread raised
