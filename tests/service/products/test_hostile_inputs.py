from pathlib import Path

import pytest
from hostile import HOSTILE, Hostile

from hinterland.errors import HinterlandError
from hinterland.products import load_images, one_stop


def use(arguments: list[str]) -> None:
    """What the command does with its frames before it makes a panorama of them."""
    frames = arguments
    feeds: list[Path] = []
    if "--metadata" in arguments:
        place = arguments.index("--metadata")
        frames, feeds = arguments[:place], [Path(arguments[place + 1])]
    one_stop(load_images([Path(frame) for frame in frames], feeds).usable())


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_input_ends_in_one_clear_line(hostile: Hostile, tmp_path: Path) -> None:
    arguments = hostile.make(tmp_path)
    with pytest.raises(HinterlandError) as caught:
        use(arguments)
    message = str(caught.value)
    assert caught.value.exit_status == hostile.exit_status
    assert hostile.fragment in message
    assert message.isprintable(), "control characters, or more than one line"
    assert len(message) < 1000
    named = {Path(argument).name for argument in arguments} | {"NLB", "NLE_", "NRF_", "NLF_", "MSL", "1N49"}
    assert any(name in message for name in named), "the message names no product"


def test_every_hostile_input_has_its_own_name() -> None:
    names = [hostile.name for hostile in HOSTILE]
    assert len(set(names)) == len(names)
    assert all(hostile.fragment for hostile in HOSTILE)
