import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland_kernels.pixel.direction import azimuth_elevation, direction


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "vector"),
    [
        (0.0, 0.0, (1.0, 0.0, 0.0)),  # north
        (90.0, 0.0, (0.0, 1.0, 0.0)),  # east
        (270.0, 0.0, (0.0, -1.0, 0.0)),  # west
        (0.0, 90.0, (0.0, 0.0, -1.0)),  # up is minus Z
        (180.0, -30.0, (-math.sqrt(0.75), 0.0, 0.5)),
    ],
)
def test_azimuth_runs_from_north_through_east_and_elevation_upwards(
    azimuth_deg: float, elevation_deg: float, vector: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(
        direction(math.radians(azimuth_deg), math.radians(elevation_deg)), vector, rtol=0, atol=1e-15
    )


@settings(deadline=None)
@given(azimuth=st.floats(-3.14, 3.14), elevation=st.floats(-1.57, 1.57), length=st.floats(1e-3, 1e6))
def test_the_azimuth_and_elevation_of_a_direction_are_its_own(
    azimuth: float, elevation: float, length: float
) -> None:
    x, y, z = direction(azimuth, elevation)
    back = azimuth_elevation((length * x, length * y, length * z))
    assert back[1] == pytest.approx(elevation, abs=1e-14)
    # towards the zenith the circles of azimuth shrink: the error is judged along the circle
    assert (back[0] - azimuth) * math.cos(elevation) == pytest.approx(0.0, abs=1e-14)
