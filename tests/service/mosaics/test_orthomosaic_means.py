from pathlib import Path
from typing import Any

import numpy as np
import pytest
from map_rasters import textured, write_raster
from numpy.typing import NDArray

from hinterland.mosaics.orthomosaic_means import cell_means
from hinterland.mosaics.orthomosaic_placing import Placement
from hinterland.products.georeferenced import inspect_raster
from hinterland.products.georeferenced_reader import MapReader

LAYOUTS: dict[str, dict[str, Any]] = {
    "lines": {"blockysize": 1},
    "tiles": {"tiled": True, "blockxsize": 128, "blockysize": 64},
    "compressed": {"compress": "deflate", "tiled": True, "blockxsize": 256, "blockysize": 256},
}


def laid(path: Path, corner: tuple[int, int], shape: tuple[int, int]) -> Placement:
    return Placement(
        raster=inspect_raster(path),
        index=0,
        window=(*corner, *shape),
        factor=1,
        step=32,
        shift=(-corner[0], -corner[1]),
        metres=1.0,
    )


PICKED = {1: [0], 4: [0, 1, 2, 3], 16: [1, 2, 5, 6, 9, 10, 13, 14], 32: [3, 4, 11, 12, 19, 20, 27, 28]}
"""Lines of a cell, by its side."""


def expected(picture: NDArray[Any], corner: tuple[int, int], factor: int) -> np.ma.MaskedArray[Any, Any]:
    """Means over cells of the grid, of picked lines where the picture crosses the cell from top to bottom."""
    (top, left), (_, lines, samples) = corner, picture.shape
    bottom, right = -(-(top + lines) // factor) * factor, -(-(left + samples) // factor) * factor
    grid = np.zeros((bottom, right))
    grid[top : top + lines, left : left + samples] = picture[0]
    crossed = slice(-(-top // factor) * factor, (top + lines) // factor * factor)
    skipped = ~np.isin(np.arange(bottom) % factor, PICKED[factor])
    grid[crossed][skipped[crossed]] = 0.0
    first, start = top // factor, left // factor
    cells = grid.reshape(bottom // factor, factor, right // factor, factor)[first:, :, start:]
    return np.ma.masked_equal(cells.swapaxes(1, 2).reshape(*cells.shape[::2], -1), 0.0).mean(axis=-1)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("factor", PICKED)
@pytest.mark.parametrize("corner", [(0, 0), (64, 96), (37, 61)])
def test_cells_are_means_of_eight_lines_of_the_mosaic_however_the_raster_is_stored(
    tmp_path: Path, layout: str, factor: int, corner: tuple[int, int]
) -> None:
    picture = textured(603, 1100, dtype="uint16") | 1
    picture[0, 100:260, 200:330] = 0
    path = write_raster(tmp_path / "in.tif", picture, nodata=0, **LAYOUTS[layout])
    with MapReader(1 << 30) as reader:
        first, (values, mask, _) = cell_means(reader, laid(path, corner, (603, 1100)), factor, 1)
    assert first == (corner[0] // factor, corner[1] // factor)
    means = expected(picture, corner, factor)
    np.testing.assert_array_equal(mask, ~np.ma.getmaskarray(means))
    np.testing.assert_allclose(values[0][mask], means.compressed(), rtol=1e-6)  # float32


def test_a_raster_thinner_than_a_cell_is_seen(tmp_path: Path) -> None:
    picture = textured(3, 200, dtype="uint16")
    path = write_raster(tmp_path / "in.tif", picture)
    with MapReader(1 << 30) as reader:
        first, (values, mask, _) = cell_means(reader, laid(path, (62, 0), (3, 200)), 32, 3)
    assert first == (1, 0)
    assert mask.shape == (2, 7)
    assert mask.all()
    np.testing.assert_allclose(values[:, 0, 0], picture[0, :2, :32].mean(), rtol=1e-6)  # float32


def test_a_slope_shifts_no_mean(tmp_path: Path) -> None:
    heights = (0.25 * np.arange(640.0)[:, None] + 0.5 * np.arange(320.0)[None, :]).astype(np.float32)
    path = write_raster(tmp_path / "in.tif", heights[None])
    with MapReader(1 << 30) as reader:
        _, (values, mask, _) = cell_means(reader, laid(path, (0, 0), (640, 320)), 32, 1)
    assert mask.all()
    middles = 15.5 + 32.0 * np.arange(20)[:, None], 15.5 + 32.0 * np.arange(10)[None, :]
    np.testing.assert_array_equal(values[0], 0.25 * middles[0] + 0.5 * middles[1])
