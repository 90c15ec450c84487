import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from bundle_values import CAHVORE, product, solution
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.solution import INFINITY, SurfaceModel
from hinterland.publish.nav import read_nav, write_nav

CAHVOR = dataclasses.replace(CAHVORE, kind="CAHVOR", entrance=(0.0, 0.0, 0.0), model_type=0)
CAHV = dataclasses.replace(CAHVOR, kind="CAHV", optical=None, radial=(0.0, 0.0, 0.0))
GENERAL = dataclasses.replace(CAHVORE, model_type=3, parameter=0.37)


def round_trip(folder: Path, *cameras: CameraModel) -> list[CameraModel]:
    solved = solution(*(product(number) for number in range(len(cameras))))
    frames = [
        dataclasses.replace(frame, camera=camera)
        for frame, camera in zip(solved.frames, cameras, strict=True)
    ]
    write_nav(folder / "nav.json", frames, INFINITY)
    models = read_nav(folder / "nav.json").cameras
    assert list(models) == [frame.product.product_id for frame in frames]
    return list(models.values())


def test_models_return_to_the_last_digit(tmp_path: Path) -> None:
    cameras = [CAHV, CAHVOR, CAHVORE, GENERAL]
    assert round_trip(tmp_path, *cameras) == cameras


@settings(deadline=None)
@given(
    center=st.tuples(*[st.floats(-1e3, 1e3)] * 3),
    radial=st.tuples(*[st.floats(-0.1, 0.1)] * 3),
    parameter=st.floats(-1.0, 1.0),
)
def test_any_model_returns_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory,
    center: tuple[float, float, float],
    radial: tuple[float, float, float],
    parameter: float,
) -> None:
    camera = dataclasses.replace(GENERAL, center=center, radial=radial, parameter=parameter)
    assert round_trip(tmp_path_factory.mktemp("nav"), camera) == [camera]


def test_the_file_says_what_a_model_does_not_have(tmp_path: Path) -> None:
    round_trip(tmp_path, CAHV, CAHVOR, CAHVORE)
    frames = json.loads((tmp_path / "nav.json").read_text())["frames"]
    assert [list(frame) for frame in frames] == [
        ["product", "C", "A", "H", "V", "O", "R", "E", "type", "parameter", "lines", "samples"]
    ] * 3
    given_ = [{key: frame[key] is not None for key in "ORE"} | {"type": frame["type"]} for frame in frames]
    assert given_ == [
        {"O": False, "R": False, "E": False, "type": 0},
        {"O": True, "R": True, "E": False, "type": 0},
        {"O": True, "R": True, "E": True, "type": 2},
    ]


def damaged(folder: Path, **changes: Any) -> Path:
    path = folder / "nav.json"
    write_nav(path, solution(product(1)).frames, INFINITY)
    frame = json.loads(path.read_text())["frames"][0] | changes
    frame = {key: value for key, value in frame.items() if value != "gone"}
    path.write_text(json.dumps({"frames": [frame]}))
    return path


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"C": "gone"}, "the model has no C"),
        ({"lines": "gone"}, "the model has no lines"),
        ({"A": [0.0, 0.0]}, "not enough values"),
        ({"A": [0.0, 0.0, 2.0]}, "A of the camera model must be a unit vector"),
        ({"H": ["x", 0, 0]}, "could not convert"),
        ({"V": None}, "NoneType"),
        ({"type": 0}, "does not go with a CAHVORE"),
        ({"E": None}, "does not go with a CAHVOR "),
        ({"O": None}, "has an optical axis"),
        ({"samples": 0}, "at least one pixel"),
        ({"R": [float("inf"), 0, 0]}, "not finite"),
    ],
)
def test_a_model_that_cannot_be_used_is_named(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    path = damaged(tmp_path, **changes)
    with pytest.raises(InputError, match=complaint) as refused:
        read_nav(path)
    assert str(refused.value).startswith(f"{path}: NLF_0014_0667192301_846ECM: ")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"frames": 3}', '{"frames": [{}]}', '{"frames": ["x"]}', "\udcff"]
)
def test_a_file_that_is_no_solution_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nav.json"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match=r"is no nav\.json"):
        read_nav(path)


def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nav\.json: cannot be read: No such file"):
        read_nav(tmp_path / "nav.json")


def test_a_product_with_two_models_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nav.json"
    write_nav(path, solution(product(1), product(2), product(1)).frames, INFINITY)
    with pytest.raises(InputError, match="846ECM is there more than once"):
        read_nav(path)


PLANE = SurfaceModel(kind="plane", normal=(0.6, 0.0, -0.8), distance=-1.0 / 3.0, source="fitted")


@pytest.mark.parametrize("surface", [INFINITY, PLANE])
def test_the_surface_returns_to_the_last_digit(tmp_path: Path, surface: SurfaceModel) -> None:
    write_nav(tmp_path / "nav.json", solution(product(1)).frames, surface)
    found = read_nav(tmp_path / "nav.json").surface
    assert found is not None
    assert repr(found) == repr(surface)  # nan at infinity equals nothing


def test_a_file_of_models_alone_has_no_surface(tmp_path: Path) -> None:
    assert read_nav(damaged(tmp_path)).surface is None


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "sphere"},
        {"distance_m": None},
        {"normal": [0.0, 0.0, -2.0]},
        {"normal": 1},
        {"source": "gone"},
    ],
)
def test_a_surface_that_cannot_be_used_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "nav.json"
    write_nav(path, solution(product(1)).frames, PLANE)
    document = json.loads(path.read_text())
    surface = document["surface"] | change
    document["surface"] = {key: value for key, value in surface.items() if value != "gone"}
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"nav\.json: its surface cannot be used"):
        read_nav(path)
