import math

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hinterland.maps.local_frame import LocalFrame, MapGrid

MARS_M = 3396190.0
ORIGINS = [(77.451, 18.4447), (0.0, 0.0), (179.9999, -45.0), (-120.0, 89.9), (30.0, 90.0), (30.0, -90.0)]

# double precision of a degree near 180 is 3e-14 degrees, 2 nm on Mars; ten operations lose a digit
ROUNDING_M = 1e-7


def frame(longitude_deg: float, latitude_deg: float) -> LocalFrame:
    return LocalFrame(longitude_deg=longitude_deg, latitude_deg=latitude_deg, radius_m=MARS_M)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("reach_m", [3.0, 1e3, 1e6])
def test_metres_are_those_of_proj_s_azimuthal_equidistant_map(
    origin: tuple[float, float], reach_m: float
) -> None:
    local = frame(*origin)
    metres = np.random.default_rng(7).uniform(-reach_m, reach_m, (200, 2))
    lon_lat = local.to_degrees(metres)
    expected = np.column_stack(pyproj.Proj(local.crs)(lon_lat[:, 0], lon_lat[:, 1]))
    np.testing.assert_allclose(expected, metres, rtol=1e-12, atol=ROUNDING_M)
    np.testing.assert_allclose(local.to_metres(lon_lat), metres, rtol=1e-12, atol=ROUNDING_M)


@given(st.floats(0.0, 360.0), st.floats(0.5, 5e4), st.floats(-180.0, 180.0), st.floats(-85.0, 85.0))
def test_azimuth_and_distance_from_the_origin_are_those_on_the_ground(
    azimuth_deg: float, distance_m: float, longitude_deg: float, latitude_deg: float
) -> None:
    local = frame(longitude_deg, latitude_deg)
    ((lon, lat),) = local.from_azimuths([azimuth_deg], np.array([distance_m]))
    found_deg, _, found_m = pyproj.Geod(a=MARS_M, b=MARS_M).inv(longitude_deg, latitude_deg, lon, lat)
    assert found_m == pytest.approx(distance_m, abs=1e-6)
    # a degree's last digit, 2 nm, seen from half a metre near
    assert abs(math.remainder(found_deg - azimuth_deg, 360.0)) < math.degrees(1e-7 / distance_m) + 1e-9


def test_the_origin_is_zero_and_comes_back() -> None:
    local = frame(77.0, 18.0)
    assert local.to_metres([(77.0, 18.0)]).tolist() == [[0.0, 0.0]]
    assert local.to_degrees([(0.0, 0.0)]).tolist() == [[77.0, 18.0]]


def test_longitudes_stay_within_half_a_turn_of_the_origin_s() -> None:
    ((lon, _),) = frame(179.9999, 0.0).to_degrees([(1000.0, 0.0)])
    assert lon == pytest.approx(179.9999 + math.degrees(1000.0 / MARS_M), abs=1e-9)
    across = frame(179.9999, 0.0).to_metres([(-179.99, 0.0)])
    assert across[0, 0] == pytest.approx(math.radians(0.0101) * MARS_M, abs=1e-4)


def test_what_lies_beyond_the_antipode_is_nowhere() -> None:
    assert np.isnan(frame(0.0, 0.0).to_degrees([(4.0 * MARS_M, 0.0)])).all()


@pytest.mark.parametrize("wrong", [{"latitude_deg": 91.0}, {"longitude_deg": math.nan}, {"radius_m": 0.0}])
def test_a_frame_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    good = {"longitude_deg": 0.0, "latitude_deg": 0.0, "radius_m": MARS_M}
    with pytest.raises(ValueError, match="got"):
        LocalFrame(**good | wrong)


def test_a_grid_s_samples_are_counted_at_their_centres() -> None:
    local = frame(77.0, 18.0)
    grid = MapGrid(frame=local, east_m=-10.0, north_m=30.0, metres_per_sample=0.5, lines=40, samples=80)
    assert grid.bounds_m == (-10.0, 30.0, 10.0, 30.0)
    first, last = grid.to_degrees(np.array([[0.0, 0.0], [39.0, 79.0]]))
    np.testing.assert_allclose(local.to_metres(first), [[-9.75, 29.75]], atol=ROUNDING_M)
    np.testing.assert_allclose(local.to_metres(last), [[29.75, 10.25]], atol=ROUNDING_M)
    np.testing.assert_allclose(grid.to_points([first, last]), [[0.0, 0.0], [39.0, 79.0]], atol=1e-6)
    np.testing.assert_allclose(local.to_metres([grid.center_deg]), [[10.0, 20.0]], atol=ROUNDING_M)
