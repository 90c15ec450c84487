import math

import numpy as np
import pytest
from map_rasters import DEGREES, EQUATOR, JEZERO, NORTH_POLE, STEREO
from rasterio.crs import CRS
from rasterio.warp import transform as by_gdal

from hinterland.model.map_grids import MapGrid
from hinterland.model.reprojection import (
    from_planetocentric,
    grid_to_source,
    map_crs,
    sample_metres,
    to_planetocentric,
    transform,
    turn,
)

UTM = "EPSG:32618"
WGS84 = "EPSG:4326"
PLACES = np.array([(77.45, 18.44), (-77.0, -40.0), (179.9, 60.0)])


@pytest.mark.parametrize("crs", [EQUATOR, JEZERO, STEREO, NORTH_POLE, "IAU_2015:49910", "IAU_2015:49930"])
def test_coordinates_are_those_that_gdal_computes(crs: str) -> None:
    """To 1 mm: two builds of PROJ, and metres up to 1e7."""
    found = transform(DEGREES, crs)(PLACES)
    x, y = by_gdal(CRS.from_user_input(DEGREES), CRS.from_user_input(crs), *PLACES.T)
    np.testing.assert_allclose(found, np.column_stack([x, y]), atol=1e-3)
    np.testing.assert_allclose(transform(crs, DEGREES)(found), PLACES, atol=1e-8)


def test_datums_of_the_earth_are_left_to_proj() -> None:
    places = np.array([(-77.0, 25.0)])
    x, y = by_gdal(CRS.from_user_input(WGS84), CRS.from_user_input(UTM), *places.T)
    np.testing.assert_allclose(transform(WGS84, UTM)(places), np.column_stack([x, y]), atol=1e-3)


def test_the_equirectangular_map_of_jezero_shrinks_with_its_parallel() -> None:
    """northing = R * latitude, easting = R * longitude * cos(18.4663 degrees): mars 2020's waypoints."""
    (found,) = transform(DEGREES, JEZERO)(np.radians([[0.0, 0.0]]) + PLACES[:1])
    radius, parallel = 3396190.0, math.cos(math.radians(18.4663))
    expected = radius * math.radians(77.45) * parallel, radius * math.radians(18.44)
    assert found == pytest.approx(expected, abs=1e-6)


def test_latitudes_on_an_ellipsoid_and_on_a_sphere_are_of_one_place() -> None:
    """tan(planetographic) = (a / b)**2 tan(planetocentric); IAU 2015: Mars is 3396.19 by 3376.2 km."""
    ellipsoid = "+proj=longlat +a=3396190 +b=3376200"
    graphic = math.degrees(math.atan((3396190 / 3376200) ** 2 * math.tan(math.radians(45.0))))
    assert graphic - 45.0 > 0.3
    found = transform(ellipsoid, DEGREES)(np.array([(77.0, graphic)]))
    np.testing.assert_allclose(found, [(77.0, 45.0)], atol=1e-12)
    np.testing.assert_allclose(transform(DEGREES, ellipsoid)(found), [(77.0, graphic)], atol=1e-12)


def test_planetocentric_systems_of_the_iau_keep_their_latitudes() -> None:
    np.testing.assert_array_equal(to_planetocentric("IAU_2015:49902")(PLACES), PLACES)
    np.testing.assert_array_equal(from_planetocentric("IAU_2015:49902")(PLACES), PLACES)


def test_maps_of_other_bodies_do_not_meet() -> None:
    with pytest.raises(ValueError, match="radius of 3396"):
        transform(EQUATOR, WGS84)


@pytest.mark.parametrize("crs", ["IAU_2015:49901", 'LOCAL_CS["rover",UNIT["metre",1]]', "nonsense"])
def test_systems_that_are_no_map_of_a_body_counted_to_the_east_are_refused(crs: str) -> None:
    with pytest.raises(ValueError, match="coordinate system"):
        map_crs(crs)


@pytest.mark.parametrize(
    ("crs", "expected"),
    [
        (DEGREES, 360.0),
        (EQUATOR, 2.0 * math.pi * 3396190.0),
        (JEZERO, 2.0 * math.pi * 3396190.0 * math.cos(math.radians(18.4663))),
        (STEREO, 0.0),
        (UTM, 0.0),
        ("EPSG:3857", 2.0 * math.pi * 6378137.0),
    ],
)
def test_a_turn_is_known_where_x_grows_with_longitude(crs: str, expected: float) -> None:
    assert turn(crs) == pytest.approx(expected, rel=1e-9)


def test_points_beyond_the_antimeridian_are_found_on_the_sources_turn() -> None:
    source = MapGrid(wkt=DEGREES, affine=(1.0, 0.0, 170.0, 0.0, -1.0, 10.0), lines=20, samples=20)
    grid = MapGrid(wkt=DEGREES, affine=(1.0, 0.0, -180.0, 0.0, -1.0, 10.0), lines=20, samples=360)
    found = grid_to_source(grid, source)(np.array([(3.0, 5.0), (3.0, 355.0)]))
    np.testing.assert_allclose(found, [(3.0, 15.0), (3.0, 5.0)])


def test_points_off_the_body_have_no_image() -> None:
    source = MapGrid(wkt=DEGREES, affine=(1.0, 0.0, -180.0, 0.0, -1.0, 90.0), lines=180, samples=360)
    disc = "+proj=ortho +R=3396190"
    grid = MapGrid(wkt=disc, affine=(1e5, 0.0, 0.0, 0.0, -1e5, 1e7), lines=200, samples=10)
    found = grid_to_source(grid, source)(np.array([(0.0, 0.0), (99.5, 5.0)]))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


def test_samples_on_the_ground_shrink_with_the_cosine_of_latitude() -> None:
    grid = MapGrid(wkt=DEGREES, affine=(0.01, 0.0, 0.0, 0.0, -0.01, 60.005), lines=1, samples=1)
    (found,) = sample_metres(grid, np.zeros((1, 2)))
    metres = 3396190.0 * math.radians(0.01)
    # the chords of 0.01 degrees
    assert found == pytest.approx(metres * math.sqrt(math.cos(math.radians(60.0))), rel=1e-6)
