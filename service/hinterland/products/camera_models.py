"""Camera models from the fields of feeds and labels.

Both hold the model of the image as it is delivered, subframe and binning applied, with lines and samples
counted from 0 at the centre of the first pixel. An MSL label proves it: its derived pointing is the ray
through line 511.5, sample 511.5 of 1024 x 1024 to 0.001 px (tests/service/products/test_pds3.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hinterland.model.cameras import KINDS, CameraModel
from hinterland.products.fields import FieldError, number, printable, text, vector
from hinterland.products.labels import Block
from hinterland_kernels.pixel.vector import Vector

GROUPS = ("GEOMETRIC_CAMERA_MODEL", "GEOMETRIC_CAMERA_MODEL_PARMS")
ROVER_FRAMES = frozenset({"ROVER_FRAME", "ROVER_NAV_FRAME"})

_LETTERS = ("C", "A", "H", "V", "O", "R", "E", "T", "P")
_COUNTS = {"CAHV": 4, "CAHVOR": 6, "CAHVORE": 9}
_LARGEST = 1e7  # H and V of a real camera have some 1e4 pixels, C some metres
_NAMES = {
    "CENTER": "C",
    "AXIS": "A",
    "HORIZONTAL": "H",
    "VERTICAL": "V",
    "OPTICAL": "O",
    "RADIAL": "R",
    "ENTRANCE": "E",
    "MTYPE": "T",
    "MPARM": "P",
}


def camera_from_feed(kind: object, components: object, lines: int, samples: int) -> CameraModel:
    """Build the model of a feed's record.

    Parameters
    ----------
    kind : object
        The field `camera_model_type`.
    components : object
        The field `camera_model_component_list`: "(C);(A);(H);(V)[;(O);(R)[;(E);type;parameter]]".
    lines, samples : int
        Size of the image the record describes.

    Raises
    ------
    FieldError
        If there is no model, or it is malformed or degenerate.
    """
    found = text(kind)
    listed = components.strip() if isinstance(components, str) else components
    if found is None or not listed or (isinstance(listed, str) and text(listed) is None):
        message = "no camera model in the record"
        raise FieldError(message)
    parts = listed.split(";") if isinstance(listed, str) else listed
    if not isinstance(parts, list):
        message = f"the camera model is not a list of components: {printable(components, 60)}"
        raise FieldError(message)
    count = _count(found)
    if len(parts) != count:
        message = f"a {found.upper()} model has {count} components, the record lists {len(parts)}"
        raise FieldError(message)
    return _camera(found.upper(), dict(zip(_LETTERS, parts, strict=False)), lines, samples)


def camera_from_label(label: Block, lines: int, samples: int) -> CameraModel:
    """Build the model of a PDS3 or VICAR label, in the rover-nav frame.

    Raises
    ------
    FieldError
        If there is no model, it is in another frame than the rover's, malformed or degenerate.
    """
    group = label.find(*GROUPS)
    if group is None:
        message = "no camera model in the label"
        raise FieldError(message)
    kind = text(group.values.get("MODEL_TYPE")) or "unnamed"
    count = _count(kind)
    frame = text(group.values.get("REFERENCE_COORD_SYSTEM_NAME")) or "an unnamed frame"
    if frame not in ROVER_FRAMES:
        message = f"the camera model is in {frame}, not in the rover's frame"
        raise FieldError(message)
    values = {
        letter: group.values.get(f"MODEL_COMPONENT_{position}")
        for position, letter in enumerate(_order(group), start=1)
    }
    missing = [letter for letter in _LETTERS[:count] if values.get(letter) is None]
    if missing:
        message = f"the {kind.upper()} model lacks {', '.join(missing)}"
        raise FieldError(message)
    return _camera(kind.upper(), values, lines, samples)


def resized(camera: CameraModel, lines: int, samples: int) -> CameraModel:
    """Fit a model to a copy of its image that was resampled to another size.

    Raises
    ------
    FieldError
        If the copy's sides are not in the proportion of the image's, to a pixel of rounding.
    """
    across, down = samples / camera.samples, lines / camera.lines
    if abs(lines - camera.lines * across) > 1.0 and abs(samples - camera.samples * down) > 1.0:
        message = (
            f"the file has {lines} lines x {samples} samples, which is no resized copy of "
            f"the record's {camera.lines} x {camera.samples}"
        )
        raise FieldError(message)
    # each side was rounded to a whole pixel, so each has its own factor
    try:
        tall = camera.scaled(down, lines, samples)
        return replace(camera.scaled(across, lines, samples), vertical=tall.vertical)
    except ValueError as error:
        raise FieldError(str(error)) from error


def _count(kind: str) -> int:
    count = _COUNTS.get(kind.upper())
    if count is None:
        message = f"the camera model {printable(kind, 40)} is none of {', '.join(KINDS)}"
        raise FieldError(message)
    return count


def _order(group: Block) -> tuple[str, ...]:
    """The letters of MODEL_COMPONENT_1, 2, ... as the label orders them."""
    for keyword in ("MODEL_COMPONENT_ID", "MODEL_COMPONENT_NAME"):
        listed = group.values.get(keyword)
        if isinstance(listed, tuple):
            names = [str(item).upper() for item in listed]
            return tuple(_NAMES.get(name, name) for name in names)
    return _LETTERS


def _camera(kind: str, values: Mapping[str, object], lines: int, samples: int) -> CameraModel:
    vectors = {letter: _vector(values[letter], letter) for letter in _LETTERS[:7] if letter in values}
    optional: dict[str, Vector] = {}
    if kind != "CAHV":
        optional = {"optical": vectors["O"], "radial": vectors["R"]}
    model_type, parameter = 0, 0.0
    if kind == "CAHVORE":
        optional["entrance"] = vectors["E"]
        model_type, parameter = int(_scalar(values["T"], "MTYPE")), _scalar(values["P"], "MPARM")
    try:
        return CameraModel(
            kind=kind,
            center=vectors["C"],
            axis=vectors["A"],
            horizontal=vectors["H"],
            vertical=vectors["V"],
            **optional,
            model_type=model_type,
            parameter=parameter,
            lines=lines,
            samples=samples,
        )
    except ValueError as error:
        raise FieldError(str(error)) from error


def _vector(value: object, letter: str) -> Vector:
    found = vector(value, f"{letter} of the camera model", 3)
    if found is None:
        message = f"{letter} of the camera model is unknown"
        raise FieldError(message)
    if max(map(abs, found)) > _LARGEST:
        message = f"{letter} of the camera model is absurd: {printable(value, 60)}"
        raise FieldError(message)
    x, y, z = found
    return x, y, z


def _scalar(value: object, name: str) -> float:
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    found = number(value, f"{name} of the camera model")
    if found is None:
        message = f"{name} of the camera model is unknown"
        raise FieldError(message)
    return found
