import dataclasses
from pathlib import Path

import numpy as np
import pytest
from label_cameras import label_camera

from hinterland.model.products import Image, Product, Stop
from hinterland.model.rotations import matrix_from_quaternion

ATTITUDE = (0.580525, 0.0333603, -0.128929, 0.803278)
PRODUCT = Product(
    product_id="1N491020376ILFCNY9P0706L0M1",
    path=Path("1N491020376ILFCNY9P0706L0M1.IMG"),
    sha256="0" * 64,
    camera=label_camera("CAHVOR 1N491020376").model,
    attitude=ATTITUDE,
    stop=Stop(mission="MER1", site=195, drive=973),
    exposure="1N491020376",
    instrument="NAVCAM_LEFT",
    sol=4087,
)


def test_a_stop_is_named_by_mission_site_and_drive() -> None:
    assert str(PRODUCT.stop) == "MER1 site 195 drive 973"


def test_the_camera_in_the_local_level_frame_looks_where_the_label_says() -> None:
    _, rays = PRODUCT.camera_in_local_level.look([[511.5, 511.5]])
    north, east, down = rays[0]
    # SITE_DERIVED_GEOMETRY_PARMS: azimuth 90.0019, elevation 17.0036 (positive down in these labels), of the
    # axis of the mast's head; the left camera's axis is toed in by a degree or so
    assert np.degrees(np.arctan2(east, north)) == pytest.approx(90.0, abs=1.5)
    assert np.degrees(np.arcsin(down)) == pytest.approx(17.0, abs=1.5)


def test_the_local_level_camera_stands_where_the_attitude_puts_it() -> None:
    np.testing.assert_allclose(
        PRODUCT.camera_in_local_level.center,
        matrix_from_quaternion(ATTITUDE) @ PRODUCT.camera.center,
        rtol=1e-14,
    )


def test_pixels_that_do_not_fit_the_camera_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"1N491020376\w+: pixels are \(1, 512, 512\), .* \(1024, 1024\)"):
        Image(
            product=PRODUCT,
            samples=np.zeros((1, 512, 512), np.uint16),
            mask=np.ones((512, 512), np.bool_),
            largest=4095.0,
        )


@pytest.mark.parametrize("mask", [np.ones((1024, 1023), np.bool_), np.ones((1024, 1024), np.uint8)])
def test_a_mask_that_does_not_fit_the_pixels_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the mask does not fit"):
        Image(product=PRODUCT, samples=np.zeros((1, 1024, 1024), np.uint16), mask=mask, largest=4095.0)


def test_a_product_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRODUCT.sol = 1  # type: ignore[misc]
