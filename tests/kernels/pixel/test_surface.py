import math

import pytest

from hinterland_kernels.pixel.surface import FARTHEST, Surface, range_to

GROUND = Surface(normal=(0.0, 0.0, -1.0), distance=0.0)
EYE = (0.0, 0.0, -1.7)


def looking_down(angle: float) -> tuple[float, float, float]:
    return math.cos(angle), 0.0, math.sin(angle)


def test_a_ray_downwards_meets_the_ground_at_the_height_over_the_sine() -> None:
    assert range_to(GROUND, EYE, looking_down(math.radians(30.0))) == pytest.approx(3.4, rel=1e-15)


def test_a_tilted_plane_is_met_where_its_equation_holds() -> None:
    normal = (0.6, 0.0, -0.8)
    surface = Surface(normal=normal, distance=1.5)
    origin, ray = (0.3, 0.2, -1.3), looking_down(0.2)
    reach = range_to(surface, origin, ray)
    hit = [origin[i] + reach * ray[i] for i in range(3)]
    assert sum(n * p for n, p in zip(normal, hit, strict=True)) == pytest.approx(1.5, abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, -0.3, -math.pi / 2])
def test_a_level_or_rising_ray_meets_no_ground(angle: float) -> None:
    assert math.isnan(range_to(GROUND, EYE, looking_down(angle)))


def test_a_hit_too_far_away_to_matter_is_a_direction() -> None:
    assert math.isnan(range_to(GROUND, EYE, looking_down(math.asin(1.7 / (1.01 * FARTHEST)))))
    assert math.isfinite(range_to(GROUND, EYE, looking_down(math.asin(1.7 / (0.99 * FARTHEST)))))


def test_the_surface_at_infinity_has_no_range() -> None:
    infinity = Surface(normal=(0.0, 0.0, -1.0), distance=math.nan)
    assert math.isnan(range_to(infinity, EYE, looking_down(0.5)))
