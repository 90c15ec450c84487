import dataclasses

import pytest
from product_files import TILE, sol_15_records

from hinterland.model.cameras import CameraModel
from hinterland.products.camera_models import camera_from_feed, resized
from hinterland.products.fields import FieldError

TILE_CAMERA = sol_15_records()[TILE]["camera"]
COMPONENTS = TILE_CAMERA["camera_model_component_list"].split(";")


def model(kind: str, count: int) -> CameraModel:
    return camera_from_feed(kind, ";".join(COMPONENTS[:count]), 976, 1288)


def test_four_six_and_nine_components_make_the_three_kinds() -> None:
    cahv, cahvor, cahvore = model("CAHV", 4), model("CAHVOR", 6), model("CAHVORE", 9)
    assert (cahv.optical, cahvor.optical) == (None, (0.591204, 0.773604, 0.228098))
    assert cahvore == dataclasses.replace(
        cahvor, kind="CAHVORE", entrance=(-0.003612, 0.013016, -0.023961), model_type=2
    )


def test_components_may_be_a_list() -> None:
    assert camera_from_feed("cahvore", COMPONENTS, 976, 1288) == model("CAHVORE", 9)


def test_a_copy_of_the_same_size_has_the_same_model() -> None:
    assert resized(model("CAHVORE", 9), 976, 1288) == model("CAHVORE", 9)


@pytest.mark.parametrize(("lines", "samples"), [(909, 1200), (606, 800), (242, 320)])
def test_a_side_may_be_rounded_to_a_pixel(lines: int, samples: int) -> None:
    assert resized(model("CAHVORE", 9), lines, samples).shape == (lines, samples)


@pytest.mark.parametrize(("lines", "samples"), [(907, 1200), (600, 800), (976, 1200)])
def test_another_proportion_is_no_copy(lines: int, samples: int) -> None:
    with pytest.raises(FieldError, match="no resized copy of the record's 976 x 1288"):
        resized(model("CAHVORE", 9), lines, samples)
