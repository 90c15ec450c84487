"""nav.json: the corrected camera models of a stop, to be used again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.solution import SolvedFrame
from hinterland_kernels.pixel.vector import Vector


def write_nav(path: Path, frames: Iterable[SolvedFrame]) -> None:
    """Write the corrected models, in the local-level frame, one line a frame, every digit kept."""
    lines = (
        json.dumps({"product": frame.product.product_id, **_numbers(frame.camera)}, allow_nan=False)
        for frame in frames
    )
    path.write_text('{"frames": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8", newline="\n")


def read_nav(path: Path) -> dict[str, CameraModel]:
    """Read the models of a nav.json.

    Parameters
    ----------
    path : Path
        As `write_nav` makes it.

    Returns
    -------
    dict[str, CameraModel]
        By product id, in the local-level frame.

    Raises
    ------
    InputError
        If the file cannot be read, or a model in it cannot be used.
    """
    try:
        frames = json.loads(path.read_text(encoding="utf-8"))["frames"]
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
    return {
        product: _camera(frame, f"{path}: {product}") for product, frame in zip(products, frames, strict=True)
    }


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


def _vector(numbers: Any) -> Vector | None:  # noqa: ANN401  # a JSON value
    return None if numbers is None else _needed(numbers)


def _needed(numbers: Any) -> Vector:  # noqa: ANN401  # a JSON value
    x, y, z = (float(number) for number in numbers)
    return x, y, z
