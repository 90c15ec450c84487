"""Rasters on one grid, laid over one another: with and without holes, in any order."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from map_rasters import NORTH, WEST, from_origin, textured, write_raster

from hinterland.mosaics.orthomosaic import Orthomosaic
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import plan_mosaic
from hinterland.products.georeferenced import inspect_raster
from hinterland.products.georeferenced_reader import MapReader

SIDE = 90
STEP_M = 5.0
PLACES = ((0, 0), (30, 20), (10, 60), (50, 45))
"""Line and sample of each raster."""


def written(folder: Path, with_holes: Sequence[int]) -> list[Path]:
    paths = []
    for index, (line, sample) in enumerate(PLACES):
        values = textured(SIDE, SIDE, seed=index).astype(np.uint16) + 1
        if index in with_holes:
            values[:, 20:40, 10:70] = 0
            values[:, 60:, :5] = 0
        affine = from_origin(WEST + sample * STEP_M, NORTH - line * STEP_M, STEP_M)
        # without a nodata value a raster has no holes, whatever its samples are
        nodata = {"nodata": 0} if index in with_holes else {}
        paths.append(write_raster(folder / f"{index}.tif", values, affine=affine, **nodata))
    return paths


@pytest.mark.parametrize("method", ["first", "last"])
@pytest.mark.parametrize("with_holes", [(), (0, 2), (0, 1, 2, 3)], ids=str)
def test_each_sample_is_of_the_uppermost_raster_that_has_one(
    tmp_path: Path, with_holes: tuple[int, ...], method: str
) -> None:
    paths = written(tmp_path, with_holes)
    for order in list(permutations(range(4)))[::5]:
        rasters = [inspect_raster(paths[index]) for index in order]
        request = Request(memory_bytes=1 << 30, method=method)
        plan = plan_mosaic(rasters, request, used_bytes=0, workers=1)
        values = np.zeros(plan.grid.shape, np.uint16)
        sources = np.zeros(plan.grid.shape, np.uint16)
        for position in reversed(range(4)) if method == "first" else range(4):
            line, sample = PLACES[order[position]]
            with MapReader(1 << 24) as reader:
                found = reader.read(rasters[position], (0, 0, SIDE, SIDE))
            here = np.s_[line : line + SIDE, sample : sample + SIDE]
            np.copyto(values[here], found.values[0], where=found.mask)
            np.copyto(sources[here], position + 1, where=found.mask)
        with MapReader(1 << 24) as reader:
            tile = Orthomosaic(plan=plan, reader=reader).tile((0, 0, *plan.grid.shape))
        np.testing.assert_array_equal(tile.mask, sources > 0)
        np.testing.assert_array_equal(tile.samples[0], values)
        np.testing.assert_array_equal(tile.sources, sources)
