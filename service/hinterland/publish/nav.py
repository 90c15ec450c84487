"""nav.json: the corrected camera models of a stop and the surface they meet on, to be used again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.solution import SolvedFrame, SurfaceModel
from hinterland_kernels.pixel.vector import Vector

_UNIT = 1e-6
"""How far a surface's normal may be off unit length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nav:
    """The pointing of a stop, in the local-level frame."""

    cameras: dict[str, CameraModel]
    """By product id."""
    surface: SurfaceModel | None
    """None if the file does not say."""


def write_nav(path: Path, frames: Iterable[SolvedFrame], surface: SurfaceModel) -> None:
    """Write models and surface, in the local-level frame, one line a frame, every digit kept."""
    lines = (
        json.dumps({"product": frame.product.product_id, **_numbers(frame.camera)}, allow_nan=False)
        for frame in frames
    )
    known = json.dumps(_surface_numbers(surface), allow_nan=False)
    text = '{"frames": [\n' + ",\n".join(lines) + '\n], "surface": ' + known + "}\n"
    path.write_text(text, encoding="utf-8", newline="\n")


def read_nav(path: Path) -> Nav:
    """Read a nav.json.

    Parameters
    ----------
    path : Path
        As `write_nav` makes it.

    Returns
    -------
    Nav
        Models and surface.

    Raises
    ------
    InputError
        If the file cannot be read, or a model or the surface in it cannot be used.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        frames = document["frames"]
        products = [str(frame["product"]) for frame in frames]
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise InputError(message) from error
    except (ValueError, TypeError, KeyError) as error:
        message = f"{path}: is no nav.json of a panorama; give the one of a bundle"
        raise InputError(message) from error
    twice = next((product for product in products if products.count(product) > 1), None)
    if twice is not None:
        message = f"{path}: {twice} is there more than once; keep one of its models"
        raise InputError(message)
    cameras = {
        product: _camera(frame, f"{path}: {product}") for product, frame in zip(products, frames, strict=True)
    }
    return Nav(cameras=cameras, surface=_surface(document.get("surface"), str(path)))


def _surface_numbers(surface: SurfaceModel) -> dict[str, Any]:
    is_plane = surface.kind == "plane"
    return {
        "kind": surface.kind,
        "normal": surface.normal,
        "distance_m": surface.distance if is_plane else None,
        "source": surface.source,
    }


def _surface(numbers: Any, where: str) -> SurfaceModel | None:  # noqa: ANN401  # a JSON value
    if numbers is None:
        return None
    try:
        distance = numbers["distance_m"]
        surface = SurfaceModel(
            kind=str(numbers["kind"]),
            normal=_unit(numbers["normal"]),
            distance=math.nan if distance is None else float(distance),
            source=str(numbers["source"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        message = (
            f"{where}: its surface cannot be used: {error}; give the nav.json of a bundle as it was written"
        )
        raise InputError(message) from error
    return surface


def _numbers(camera: CameraModel) -> dict[str, Any]:
    has_lens = camera.optical is not None
    return {
        "C": camera.center,
        "A": camera.axis,
        "H": camera.horizontal,
        "V": camera.vertical,
        "O": camera.optical,
        "R": camera.radial if has_lens else None,
        "E": camera.entrance if camera.kind == "CAHVORE" else None,
        "type": camera.model_type,
        "parameter": camera.parameter,
        "lines": camera.lines,
        "samples": camera.samples,
    }


def _camera(frame: Mapping[str, Any], where: str) -> CameraModel:
    try:
        optical, radial, entrance = (_vector(frame[key]) for key in "ORE")
        center, axis, horizontal, vertical = (_needed(frame[key]) for key in "CAHV")
        bare = "CAHV" if optical is None else "CAHVOR"
        return CameraModel(
            kind=bare if entrance is None else "CAHVORE",
            center=center,
            axis=axis,
            horizontal=horizontal,
            vertical=vertical,
            optical=optical,
            radial=radial or (0.0, 0.0, 0.0),
            entrance=entrance or (0.0, 0.0, 0.0),
            model_type=int(frame["type"]),
            parameter=float(frame["parameter"]),
            lines=int(frame["lines"]),
            samples=int(frame["samples"]),
        )
    except KeyError as error:
        message = (
            f"{where}: the model has no {error.args[0]}; give the nav.json of a bundle as it was written"
        )
        raise InputError(message) from error
    except (ValueError, TypeError) as error:
        message = f"{where}: {error}; give the nav.json of a bundle as it was written"
        raise InputError(message) from error


def _unit(numbers: Any) -> Vector:  # noqa: ANN401  # a JSON value
    normal = _needed(numbers)
    if not abs(math.hypot(*normal) - 1.0) < _UNIT:
        message = f"its normal {normal} must be a unit vector"
        raise ValueError(message)
    return normal


def _vector(numbers: Any) -> Vector | None:  # noqa: ANN401  # a JSON value
    return None if numbers is None else _needed(numbers)


def _needed(numbers: Any) -> Vector:  # noqa: ANN401  # a JSON value
    x, y, z = (float(number) for number in numbers)
    return x, y, z
