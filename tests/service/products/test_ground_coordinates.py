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


@pytest.mark.parametrize("crs", ["IAU_2015:49900", "IAU_2015:49910", "IAU_2015:49912", "IAU_2015:49922"])
def test_points_and_places_are_each_others_inverse(crs: str) -> None:
    found = coordinates(
        crs, (20.0, 3.0, 1000.0, 2.0, -20.0, 9e5) if crs[-2] != "0" else around(*JEZERO, 1e-3)
    )
    points = np.array([[0.0, 0.0], [17.5, 100.25], [-4.0, 12.0]])
    np.testing.assert_allclose(found.to_source(found.to_degrees(points)), points, atol=1e-5)


def test_longitudes_may_be_counted_from_either_side() -> None:
    found = coordinates(f"+proj=longlat +R={MARS_M}", around(285.0, 5.0, 0.1))
    assert found.to_degrees(np.array([[50.0, 100.0]]), -70.0)[0] == pytest.approx([-75.0, 5.0])
    assert found.to_degrees(np.array([[50.0, 100.0]]))[0] == pytest.approx([285.0, 5.0])


def test_a_cell_in_degrees_narrows_with_the_cosine_of_the_latitude() -> None:
    scale = coordinates(f"+proj=longlat +R={MARS_M}", around(77.0, 60.0, 1e-3)).scale(50.0, 100.0)
    metres = MARS_M * math.radians(1e-3)
    # chords of a cell are shorter than its arcs by a part in 1e11
    assert scale.metres_per_line == pytest.approx(metres, rel=1e-8)
    assert scale.metres_per_sample == pytest.approx(metres * math.cos(math.radians(60.0)), rel=1e-8)
    assert scale.up_azimuth == pytest.approx(0.0, abs=1e-9)
    assert scale.off_square == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("code", ["IAU_2015:49912", "IAU_2015:49922"])
def test_on_a_flattened_body_a_cell_has_the_length_and_azimuth_of_its_geodesics(code: str) -> None:
    crs = pyproj.CRS.from_user_input(code)
    middle = pyproj.Transformer.from_crs("IAU_2015:49902", crs).transform(50.0, 77.45)
    found = coordinates(code, around(*middle, 10.0))
    scale = found.scale(50.0, 100.0)
    places = found.to_degrees(np.array([[50.5, 100.0], [49.5, 100.0], [50.0, 99.5], [50.0, 100.5]]))
    semi_minor_m = crs.ellipsoid.semi_minor_metre
    squash = (semi_minor_m / MARS_M) ** 2
    geographic = np.degrees(np.arctan(np.tan(np.radians(places[:, 1])) / squash))
    geod = pyproj.Geod(a=MARS_M, b=semi_minor_m)
    lon = places[:, 0]
    azimuths, _, metres = geod.inv(lon[::2], geographic[::2], lon[1::2], geographic[1::2])
    assert (scale.metres_per_line, scale.metres_per_sample) == pytest.approx(tuple(metres), rel=1e-6)
    # meridians converge by 1e-4 degrees over the half cell between the start of the geodesic and the middle
    assert math.degrees(scale.up_azimuth) == pytest.approx(azimuths[0], abs=2e-4)


def test_the_standard_parallel_decides_how_wide_a_metre_of_the_map_is() -> None:
    y = MARS_M * math.radians(18.4663)
    true = coordinates(f"+proj=eqc +lat_ts=18.4663 +R={MARS_M}", around(4e6, y, 1.0)).scale(50.0, 100.0)
    stretched = coordinates(f"+proj=eqc +lat_ts=0 +R={MARS_M}", around(4e6, y, 1.0)).scale(50.0, 100.0)
    assert true.metres_per_sample == pytest.approx(1.0, rel=1e-6)
    assert stretched.metres_per_sample == pytest.approx(math.cos(math.radians(18.4663)), rel=1e-6)


def test_north_turns_on_a_polar_map_and_the_pole_itself_has_a_scale() -> None:
    # at the south pole's map, longitude 90 lies to the right of the pole: north points right there
    moon = "+proj=stere +lat_0=-90 +lon_0=0 +R=1737400"
    beside = coordinates(moon, around(1e5, 0.0, 100.0)).scale(50.0, 100.0)
    assert beside.up_azimuth == pytest.approx(-math.pi / 2, abs=1e-6)
    at_pole = coordinates(moon, around(0.0, 0.0, 100.0)).scale(50.0, 100.0)
    assert at_pole.metres_per_line == pytest.approx(100.0, rel=1e-6)
    assert at_pole.off_square == pytest.approx(0.0, abs=1e-6)


def test_a_raster_with_south_up_is_mirrored() -> None:
    found = coordinates(f"+proj=longlat +R={MARS_M}", (0.1, 0.0, 10.0, 0.0, 0.1, 10.0))
    assert abs(found.scale(5.0, 5.0).off_square) == pytest.approx(math.pi, abs=1e-3)


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
