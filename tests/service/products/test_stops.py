import dataclasses
from typing import Any

import pytest
from product_files import EAST, SOUTH_EAST

from hinterland.errors import InputError, NothingToDoError
from hinterland.model.products import Image, Stop
from hinterland.products import load_images, one_stop


@pytest.fixture(scope="module")
def pair() -> tuple[Image, ...]:
    return load_images([EAST, SOUTH_EAST]).images


def changed(image: Image, **changes: Any) -> Image:
    return dataclasses.replace(image, product=dataclasses.replace(image.product, **changes))


def test_frames_of_one_stop_name_it(pair: tuple[Image, ...]) -> None:
    assert one_stop(pair) == Stop(mission="MER1", site=195, drive=973)


def test_a_quaternion_and_its_negative_are_one_attitude(pair: tuple[Image, ...]) -> None:
    w, x, y, z = pair[0].product.attitude
    one_stop([pair[0], changed(pair[1], attitude=(-w, -x, -y, -z))])


def test_mixed_stops_are_listed_with_their_frames(pair: tuple[Image, ...]) -> None:
    other = changed(pair[0], stop=Stop(mission="MER1", site=195, drive=979))
    with pytest.raises(InputError) as caught:
        one_stop([*pair, other])
    assert str(caught.value) == (
        "2 stops mixed: MER1 site 195 drive 973 (2 frames), MER1 site 195 drive 979 (1 frame); "
        "pass the frames of one stop"
    )


def test_a_rover_that_has_turned_is_refused(pair: tuple[Image, ...]) -> None:
    w, x, y, z = pair[0].product.attitude
    half = 0.0026  # rad: the attitude turns by twice this, 0.3 degrees, about z
    turned = (w - half * z, x + half * y, y - half * x, z + half * w)
    with pytest.raises(InputError, match=r"1N491020519ILFCNY9P0706L0M1 and .* differs by 0\.30 degrees"):
        one_stop([pair[0], changed(pair[1], attitude=turned)])


def test_no_image_is_nothing_to_do() -> None:
    with pytest.raises(NothingToDoError):
        one_stop([])
