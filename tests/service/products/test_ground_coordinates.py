import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.products.ground_coordinates import Affine, GroundCoordinates

PATH = Path("base.tif")
JEZERO = (77.45, 18.44)
MARS_M = 3396190.0
SHAPE = (101, 201)


def coordinates(crs: str, affine: Affine) -> GroundCoordinates:
    return GroundCoordinates(pyproj.CRS.from_user_input(crs).to_wkt(), affine, SHAPE, PATH)


def around(x: float, y: float, size: float) -> Affine:
    """North up, the place in the middle of the middle sample."""
    return (size, 0.0, x - 0.5 * SHAPE[1] * size, 0.0, -size, y + 0.5 * SHAPE[0] * size)


def places() -> NDArray[np.float64]:
    return np.array(JEZERO) + np.random.default_rng(3).uniform(-1e-3, 1e-3, (50, 2))


@pytest.mark.parametrize("parallel_deg", [0.0, 18.4663])
def test_an_equirectangular_map_keeps_its_standard_parallel(parallel_deg: float) -> None:
    lon_lat = places()
    across = MARS_M * math.cos(math.radians(parallel_deg))
    middle = across * math.radians(JEZERO[0]), MARS_M * math.radians(JEZERO[1])
    found = coordinates(f"+proj=eqc +lat_ts={parallel_deg} +R={MARS_M}", around(*middle, 0.25)).to_source(
        lon_lat
    )
    x, y = across * np.radians(lon_lat[:, 0]), MARS_M * np.radians(lon_lat[:, 1])
    np.testing.assert_allclose(found[:, 0], 50.0 + (middle[1] - y) / 0.25, atol=1e-5)
    np.testing.assert_allclose(found[:, 1], 100.0 + (x - middle[0]) / 0.25, atol=1e-5)


@pytest.mark.parametrize("code", ["IAU_2015:49912", "IAU_2015:49922"])
def test_planetographic_latitudes_of_a_flattened_mars_are_converted_to(code: str) -> None:
    lon_lat = places()
    crs = pyproj.CRS.from_user_input(code)
    to_map = pyproj.Transformer.from_crs("IAU_2015:49902", crs, always_xy=False)  # latitude first
    x, y = to_map.transform(lon_lat[:, 1], lon_lat[:, 0])
    middle = to_map.transform(JEZERO[1], JEZERO[0])
    found = coordinates(code, around(*middle, 1.0)).to_source(lon_lat)
    np.testing.assert_allclose(found[:, 0], 50.0 + middle[1] - y, atol=1e-5)
    np.testing.assert_allclose(found[:, 1], 100.0 + x - middle[0], atol=1e-5)


def test_degrees_of_a_planetocentric_system_are_taken_as_they_are() -> None:
    lon_lat = places()
    for code in ("IAU_2015:49900", "IAU_2015:49902"):
        found = coordinates(code, around(*JEZERO, 1e-5)).to_source(lon_lat)
        np.testing.assert_allclose(found[:, 1], 100.0 + (lon_lat[:, 0] - JEZERO[0]) / 1e-5, atol=1e-6)
        np.testing.assert_allclose(found[:, 0], 50.0 - (lon_lat[:, 1] - JEZERO[1]) / 1e-5, atol=1e-6)


@pytest.mark.parametrize("crs", [f"+proj=longlat +R={MARS_M}", f"+proj=eqc +R={MARS_M}"])
@pytest.mark.parametrize("middle_deg", [-180.0, 180.0, 282.55])
def test_a_longitude_is_found_in_the_turn_that_the_raster_lies_in(crs: str, middle_deg: float) -> None:
    scale = 1.0 if "longlat" in crs else math.radians(1.0) * MARS_M
    found = coordinates(crs, around(middle_deg * scale, 0.0, 0.01 * scale))
    for turn in (-360.0, 0.0, 360.0):
        points = found.to_source(np.array([[middle_deg - 0.5 + turn, 0.0], [middle_deg + 0.5 + turn, 0.0]]))
        np.testing.assert_allclose(points, [[50.0, 50.0], [50.0, 150.0]], atol=1e-6)


def test_a_rotated_raster_is_found_through_its_affine() -> None:
    affine = (3e-6, 4e-6, 77.0, 4e-6, -3e-6, 18.0)
    found = coordinates(f"+proj=longlat +R={MARS_M}", affine)
    place = [77.0 + 3e-6 * 10.5 + 4e-6 * 20.5, 18.0 + 4e-6 * 10.5 - 3e-6 * 20.5]
    np.testing.assert_allclose(found.to_source(np.array([place])), [[20.0, 10.0]], atol=1e-6)


def test_the_size_of_a_sample_is_that_on_the_ground() -> None:
    degree_m = math.radians(1.0) * MARS_M
    in_degrees = coordinates(f"+proj=longlat +R={MARS_M}", around(*JEZERO, 1e-5))
    expected = 1e-5 * degree_m * math.sqrt(math.cos(math.radians(JEZERO[1])))
    assert in_degrees.sample_m(*JEZERO) == pytest.approx(expected, rel=1e-6)
    assert in_degrees.center_deg() == pytest.approx(JEZERO, abs=1e-9)
    mercator = coordinates(f"+proj=merc +R={MARS_M}", around(0.0, 5.0e6, 100.0))
    latitude_deg = mercator.center_deg()[1]
    expected = 100.0 * math.cos(math.radians(latitude_deg))
    assert mercator.sample_m(0.0, latitude_deg) == pytest.approx(expected, rel=1e-6)


def test_a_polar_map_has_its_pole() -> None:
    polar = coordinates(f"+proj=stere +lat_0=90 +R={MARS_M}", around(0.0, 0.0, 100.0))
    np.testing.assert_allclose(polar.to_source(np.array([[123.0, 90.0]])), [[50.0, 100.0]], atol=1e-6)


def test_what_a_projection_cannot_show_is_nowhere() -> None:
    gnomonic = coordinates(f"+proj=gnom +lat_0=90 +R={MARS_M}", around(0.0, 0.0, 100.0))
    assert np.isnan(gnomonic.to_source(np.array([[0.0, -45.0]]))).all()


@pytest.mark.parametrize(
    ("crs", "affine", "said"),
    [
        ("IAU_2015:49901", around(*JEZERO, 1e-5), "counts to the west"),
        (f"+proj=longlat +R={MARS_M} +pm=10", around(*JEZERO, 1e-5), "prime meridian"),
        (f"+proj=longlat +R={MARS_M}", (0.0,) * 6, "singular"),
        (f"+proj=longlat +R={MARS_M}", (math.nan, 0.0, 77.0, 0.0, -1e-5, 18.0), "singular"),
        (f"+proj=longlat +R={MARS_M}", around(*JEZERO, 50.0), "no sensible size"),
        (f"+proj=geocent +R={MARS_M}", around(0.0, 0.0, 1.0), "of no body"),
    ],
)
def test_a_georeference_that_cannot_be_used_is_refused(crs: str, affine: Affine, said: str) -> None:
    with pytest.raises(InputError, match=f"^base.tif: .*{said}"):
        coordinates(crs, affine)


def test_a_drawing_s_own_coordinates_are_of_no_body() -> None:
    wkt = 'LOCAL_CS["arbitrary",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]'
    with pytest.raises(InputError, match="of no body"):
        GroundCoordinates(wkt, around(0.0, 0.0, 1.0), SHAPE, PATH)
