import math

import pytest

from hinterland.model.solution import INFINITY, UP, SurfaceModel


def test_the_surface_at_infinity_has_no_distance() -> None:
    assert math.isnan(INFINITY.numbers.distance)


def test_the_nominal_ground_is_level_and_points_up() -> None:
    ground = SurfaceModel(kind="plane", distance=0.0, source="nominal")
    assert ground.numbers.normal == UP == (0.0, 0.0, -1.0)
    assert ground.numbers.distance == 0.0


@pytest.mark.parametrize(("kind", "distance"), [("plane", math.nan), ("infinity", 0.0), ("sphere", 1.0)])
def test_a_surface_without_its_distance_or_with_one_too_many_is_refused(kind: str, distance: float) -> None:
    with pytest.raises(
        ValueError, match=f"a surface is a plane at a distance, or infinity, got '{kind}' at {distance}"
    ):
        SurfaceModel(kind=kind, distance=distance)
