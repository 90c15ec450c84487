import numpy as np
import pytest
from map_rasters import DEGREES, EQUATOR, JEZERO, NORTH_POLE, STEREO

from hinterland.model.map_grids import MapGrid
from hinterland.model.outlines import outline
from hinterland.model.reprojection import transform

SOURCE = MapGrid(wkt=DEGREES, affine=(0.1, 0.0, 70.0, 0.0, -0.1, 25.0), lines=130, samples=150)


@pytest.mark.parametrize("crs", [DEGREES, EQUATOR, JEZERO, STEREO, NORTH_POLE])
def test_bounds_hold_every_sample_closely(crs: str) -> None:
    found = outline(SOURCE, crs, 0.0)
    assert found is not None
    assert found.is_whole
    line, sample = np.mgrid[-0.5:129.6:1.0, -0.5:149.6:1.0]
    every = transform(DEGREES, crs)(SOURCE.coordinates(np.column_stack([line.ravel(), sample.ravel()])))
    west, south, east, north = found.bounds
    low, high = every.min(axis=0), every.max(axis=0)
    slack = 1e-3 * (high - low)  # curved edges are held with room
    assert (np.array([west, south]) <= low + 1e-9).all()
    assert (np.array([east, north]) >= high - 1e-9).all()
    assert (np.array([west, south]) >= low - slack).all()
    assert (np.array([east, north]) <= high + slack).all()


def test_a_raster_across_the_antimeridian_is_in_one_piece_on_the_turn_asked_for() -> None:
    source = MapGrid(wkt=DEGREES, affine=(0.1, 0.0, 170.0, 0.0, -0.1, 10.0), lines=100, samples=200)
    found = outline(source, EQUATOR, transform(DEGREES, EQUATOR)(np.array([(180.0, 0.0)]))[0, 0])
    assert found is not None
    assert found.is_whole
    west, _, east, _ = found.bounds
    assert east - west == pytest.approx(np.radians(20.0) * 3396190.0, rel=1e-9)


def test_a_raster_over_the_pole_spans_the_whole_turn() -> None:
    source = MapGrid(wkt=NORTH_POLE, affine=(5e3, 0.0, -6e5, 0.0, -5e3, 6e5), lines=240, samples=240)
    found = outline(source, DEGREES, 0.0)
    assert found is not None
    assert not found.is_whole
    west, _, east, north = found.bounds
    assert (west, east, north) == pytest.approx((-180.0, 180.0, 90.0))


def test_a_raster_off_the_other_map_has_no_outline() -> None:
    source = MapGrid(wkt=EQUATOR, affine=(1e5, 0.0, 0.0, 0.0, -1e5, 2e7), lines=10, samples=10)
    assert outline(source, STEREO, 0.0) is None
