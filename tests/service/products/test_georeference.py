import math

import numpy as np
import pyproj
import pytest
from pyproj.exceptions import CRSError

from hinterland.products.georeference import Georeference

MARS = 3396190.0
DEGREES = "+proj=longlat +R=3396190 +no_defs"


def wkt(proj: str) -> str:
    return pyproj.CRS.from_proj4(proj).to_wkt()


def north_up(proj: str, x: float, y: float, step: float) -> Georeference:
    return Georeference(crs_wkt=wkt(proj), affine=(step, 0.0, x, 0.0, -step, y))


def test_line_0_sample_0_is_half_a_cell_inside_the_corner() -> None:
    raster = north_up(DEGREES, 77.0, 18.5, 0.01)
    assert raster.position(77.005, 18.495, (100, 100)) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_a_position_and_its_place_are_each_others_inverse() -> None:
    raster = north_up("+proj=eqc +lat_ts=18.4663 +R=3396190 +no_defs", 4.3e6, 1.1e6, 2.0)
    points = np.array([[0.0, 0.0], [17.5, 300.25], [-4.0, 12.0]])
    for point, (longitude, latitude) in zip(points, raster.places(points), strict=True):
        assert raster.position(longitude, latitude, (500, 500)) == pytest.approx(tuple(point), abs=1e-6)


def test_longitudes_may_be_counted_from_either_side() -> None:
    raster = north_up(DEGREES, 280.0, 10.0, 0.1)
    assert raster.position(-75.0, 5.0, (100, 100)) == pytest.approx((49.5, 49.5))
    assert raster.places(np.array([[49.5, 49.5]]), near_longitude_deg=-70.0)[0, 0] == pytest.approx(-75.0)


def test_a_cell_in_degrees_narrows_with_the_cosine_of_the_latitude() -> None:
    scale = north_up(DEGREES, 77.0, 60.5, 0.001).scale(500.0, 0.0)
    metres = MARS * math.radians(0.001)
    # a geodesic between two places of one latitude passes north of it; a cell is too small to show it
    assert scale.metres_per_line == pytest.approx(metres, rel=1e-6)
    assert scale.metres_per_sample == pytest.approx(metres * math.cos(math.radians(60.5 - 0.5005)), rel=1e-6)
    assert scale.up_azimuth == pytest.approx(0.0, abs=1e-6)
    assert scale.off_square == pytest.approx(0.0, abs=1e-5)


def test_the_standard_parallel_decides_how_wide_a_metre_of_the_map_is() -> None:
    y = MARS * math.radians(18.4663)
    true = north_up("+proj=eqc +lat_ts=18.4663 +R=3396190 +no_defs", 4e6, y, 1.0).scale(-0.5, 0.0)
    stretched = north_up("+proj=eqc +lat_ts=0 +R=3396190 +no_defs", 4e6, y, 1.0).scale(-0.5, 0.0)
    assert true.metres_per_sample == pytest.approx(1.0, rel=1e-6)
    assert stretched.metres_per_sample == pytest.approx(math.cos(math.radians(18.4663)), rel=1e-6)


def test_north_turns_on_a_polar_map() -> None:
    # at the south pole's map, longitude 90 lies to the right of the pole: north points right there
    raster = north_up("+proj=stere +lat_0=-90 +lon_0=0 +R=1737400 +no_defs", 100000.0, 50.0, 100.0)
    assert raster.scale(0.0, 0.0).up_azimuth == pytest.approx(-math.pi / 2, abs=1e-3)


def test_a_raster_with_south_up_is_mirrored() -> None:
    raster = Georeference(crs_wkt=wkt(DEGREES), affine=(0.1, 0.0, 10.0, 0.0, 0.1, 10.0))
    assert abs(raster.scale(5.0, 5.0).off_square) == pytest.approx(math.pi, abs=1e-3)


def test_a_local_system_has_no_places() -> None:
    raster = Georeference(
        crs_wkt='LOCAL_CS["site",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]',
        affine=(1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    )
    with pytest.raises(CRSError):
        raster.position(0.0, 0.0, (2, 2))
