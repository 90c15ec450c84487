"""Threat 5.8: grids that no machine could hold, asked for in a few bytes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from map_rasters import DEGREES, EQUATOR, NORTH, NORTH_POLE, STEREO, WEST, smooth, write_raster

from hinterland.errors import HinterlandError
from hinterland.mosaics.orthomosaic_grid import Request
from hinterland.mosaics.orthomosaic_plan import METHODS, plan_mosaic
from hinterland.products.georeferenced import MapRaster, inspect_raster

MEMORY_BYTES = 1 << 30
MOST_SAMPLES = 1 << 40
CODES = [
    None,
    EQUATOR,
    DEGREES,
    STEREO,
    NORTH_POLE,
    "IAU_2015:49910",
    "+proj=ortho +lat_0=-80 +R=3396190",
    "+proj=merc +R=3396190",
]
_NUMBER = st.floats() | st.sampled_from([1e-300, 5e-324, 1e300, -1.0, 0.0, 1e-6])
_NEAR = st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0.0, 1e5), st.floats(0.0, 1e5)).map(
    lambda at: (WEST + at[0], NORTH + at[1], WEST + at[0] + at[2], NORTH + at[1] + at[3])
)


@pytest.fixture(scope="module")
def raster(tmp_path_factory: pytest.TempPathFactory) -> MapRaster:
    return inspect_raster(write_raster(tmp_path_factory.mktemp("plans") / "in.tif", smooth(300, 400)))


@given(
    crs=st.sampled_from(CODES) | st.text(max_size=20),
    resolution=st.none() | _NUMBER,
    extent=st.none() | _NEAR | st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER),
    method=st.sampled_from(METHODS),
)
def test_a_grid_is_planned_within_bounds_or_refused_in_one_line(
    crs: str | None,
    resolution: float | None,
    extent: tuple[float, float, float, float] | None,
    method: str,
    raster: MapRaster,
) -> None:
    request = Request(crs=crs, resolution=resolution, extent=extent, method=method, memory_bytes=MEMORY_BYTES)
    try:
        plan = plan_mosaic([raster], request, used_bytes=0, workers=2)
    except HinterlandError as error:
        message = str(error)
        assert "\n" not in message
        return
    assert 0 < plan.grid.lines * plan.grid.samples <= MOST_SAMPLES
    assert plan.tile_count > 0
    assert plan.cache_bytes + plan.workers * plan.worker_bytes <= MEMORY_BYTES


@pytest.mark.parametrize("side_m", [1e5, 1e6])
def test_planning_a_terasample_takes_little_memory(side_m: float, raster: MapRaster) -> None:
    """A plan holds windows, not samples: what it takes does not grow with the grid."""
    extent = (WEST, NORTH - side_m, WEST + side_m, NORTH)
    request = Request(extent=extent, resolution=6.0, method="first", memory_bytes=MEMORY_BYTES)
    plan_mosaic([raster], request, used_bytes=0, workers=2)
    tracemalloc.start()
    try:
        plan_mosaic([raster], request, used_bytes=0, workers=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20, "of a grid that would take gigabytes"


def test_a_raster_that_is_elsewhere_is_never_guessed(raster: MapRaster) -> None:
    with pytest.raises(HinterlandError):
        plan_mosaic([raster], Request(crs="EPSG:4326"), used_bytes=0, workers=1)
    assert isinstance(raster.path, Path)
