import dataclasses

import numpy as np
import pytest
from stop_of_images import blank_image, mast_camera

from hinterland.adjust.ground import wheel_plane
from hinterland.adjust.known_pointing import known_pointing
from hinterland.adjust.solve import turn
from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image
from hinterland.model.solution import INFINITY, SurfaceModel

HILL = SurfaceModel(kind="plane", normal=(0.6, 0.0, -0.8), distance=-0.5, source="fitted")


def image() -> Image:
    return blank_image(mast_camera(40.0, -15.0), "any")


def known(camera: CameraModel) -> dict[str, CameraModel]:
    return {image().product.product_id: camera}


@pytest.mark.parametrize(
    "angles_deg", [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.0, -0.2, 0.0), (0.0, 0.0, 0.5), (-2.0, 3.0, -4.0)]
)
def test_the_correction_is_the_turn_that_the_solve_composes(angles_deg: tuple[float, float, float]) -> None:
    label = image().product.camera_in_local_level
    rotation, _ = turn(np.radians(angles_deg), np.array(label.axis))
    solution = known_pointing([image()], known(label.turned(rotation)), INFINITY)
    found = solution.frames[0].correction
    # the axes of a model are unit vectors to 1e-15
    assert (found.azimuth_deg, found.elevation_deg, found.twist_deg) == pytest.approx(angles_deg, abs=1e-9)
    assert solution.frames[0].camera == label.turned(rotation)
    assert solution.viewpoint == pytest.approx(label.center)
    assert (solution.residuals.tie_points, solution.residuals.median_px) == (0, None)


@pytest.mark.parametrize(
    ("surface", "given", "taken"),
    [
        ("auto", HILL, HILL),
        ("plane", HILL, HILL),
        ("infinity", HILL, INFINITY),
        ("auto", INFINITY, INFINITY),
        ("plane", INFINITY, wheel_plane([image().product])),
        ("auto", None, wheel_plane([image().product])),
    ],
)
def test_the_surface_is_the_known_one_unless_another_is_asked_for(
    surface: str, given: SurfaceModel | None, taken: SurfaceModel
) -> None:
    label = image().product.camera_in_local_level
    assert repr(known_pointing([image()], known(label), given, surface).surface) == repr(taken)


def test_a_frame_without_a_known_model_is_named() -> None:
    with pytest.raises(InputError, match=f"{image().product.product_id}: its pointing is not known"):
        known_pointing([image()], {}, INFINITY)


def test_a_model_of_another_size_or_place_is_refused() -> None:
    label = image().product.camera_in_local_level
    with pytest.raises(InputError, match="its known model is of"):
        known_pointing([image()], known(dataclasses.replace(label, lines=label.lines // 2)), INFINITY)
    x, y, z = label.center
    moved = label.moved(np.eye(3), np.array([0.0, 0.42, 0.0]))
    assert moved.center == pytest.approx((x, y + 0.42, z))
    with pytest.raises(InputError, match=r"lies 0\.420 m from the label's"):
        known_pointing([image()], known(moved), INFINITY)
