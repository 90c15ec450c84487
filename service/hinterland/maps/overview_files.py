"""The files of an overview: overview.png, overview.geojson and, in a bundle, mmgis.json; all or none."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from hinterland.errors import HinterlandError, InputError
from hinterland.maps.drawing import Drawing
from hinterland.maps.geojson_writer import overview_geojson
from hinterland.maps.ground import Layer
from hinterland.maps.layout import Layout
from hinterland.maps.local_frame import MapGrid
from hinterland.maps.mmgis import mmgis_keys
from hinterland.maps.scene import MapSheet, Scene

MMGIS = "mmgis.json"
"""Name of the file that MMGIS takes the panorama's place from, in the bundle."""


def check_place(picture: Path) -> None:
    """Refuse a picture that is no PNG, before anything is drawn.

    Raises
    ------
    InputError
        If its name does not end in .png.
    """
    if picture.suffix.lower() != ".png":
        message = f"{picture}: an overview is a .png"
        raise InputError(message)


def publish(
    picture: Path,
    bundle: Path,
    panorama_report: Mapping[str, Any],
    scene: Scene,
    sheet: MapSheet,
    layout: Layout,
    drawing: Drawing,
) -> dict[str, Any]:
    """Write the picture, the GeoJSON beside it and, in the bundle, MMGIS's keys.

    Returns
    -------
    dict
        What was drawn, as JSON values.

    Raises
    ------
    HinterlandError
        If they cannot be written; older ones are then left as they were.
    """
    features = picture.with_suffix(".geojson")
    map_info = _map_info(sheet.grid, layout)
    images = _images(bundle, panorama_report)
    collection = overview_geojson(scene, map_info, images)
    text = json.dumps(collection, allow_nan=False, ensure_ascii=False) + "\n"
    files = [(picture, _png(drawing)), (features, text.encode())]
    if images and picture.parent.resolve() == bundle.resolve():  # the address in it counts from the bundle
        files.append((bundle / MMGIS, (json.dumps({"images": images}, indent=2) + "\n").encode()))
    _write(files)
    return {
        "overview": str(picture),
        "geojson": str(features),
        "stop": {
            "mission": scene.mission,
            "site": scene.view.site,
            "drive": scene.view.drive,
            "longitude_deg": scene.stop.longitude_deg,
            "latitude_deg": scene.stop.latitude_deg,
            "position_of_drive": scene.stop.drive,
            "exact": scene.stop_is_exact,
        },
        "view": {"kind": scene.ground_view.kind.value, "range_m": scene.ground_view.range_m},
        "heading_check": None if scene.heading is None else dict(scene.heading),
        "base_maps": [_layer_info(layer) for layer in sheet.ground.layers],
        "map": map_info,
        "labels_left_out": drawing.labels_left_out,
        "mmgis": images,
    }


def _layer_info(layer: Layer) -> dict[str, Any]:
    return {
        "file": layer.path.name,
        "sample_m": layer.sample_m,
        "share": round(layer.share, 6),
        "coarse": layer.is_coarse,
        "gain": round(layer.tone.gain, 6),
        "offset": round(layer.tone.offset, 4),
    }


def _map_info(grid: MapGrid, layout: Layout) -> dict[str, Any]:
    """How pixels of the picture relate to the ground: x = a * (column - left), counted from corners."""
    size = grid.metres_per_sample
    left, top = layout.map.left, layout.height - layout.map.top
    return {
        "crs": grid.frame.crs,
        "affine": [size, 0.0, grid.east_m - left * size, 0.0, -size, grid.north_m + top * size],
        "left": left,
        "top": top,
        "samples": grid.samples,
        "lines": grid.lines,
    }


def _images(bundle: Path, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """MMGIS's keys, of the preview where there is one, since browsers show no TIFF; none if not cylindrical."""
    projection = report.get("projection")
    if not isinstance(projection, Mapping) or projection.get("kind") != "cylindrical":
        return []
    preview = bundle / "preview.jpg"
    if not preview.is_file():
        return [mmgis_keys(report)]
    with Image.open(preview) as image:
        return [mmgis_keys(report, url=preview.name, size=(image.height, image.width))]


def _png(drawing: Drawing) -> bytes:
    buffer = BytesIO()
    Image.fromarray(drawing.pixels).save(buffer, "PNG", compress_level=4, dpi=(drawing.dpi, drawing.dpi))
    return buffer.getvalue()


def _write(files: Sequence[tuple[Path, bytes]]) -> None:
    """Put the files in place once all are written: a reader sees the old ones or the new ones."""
    temporary: list[Path] = []
    try:
        for path, content in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.partial-", dir=path.parent)
            temporary.append(Path(name))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)  # mkstemp's 0600 would hide the map from a web server
        for (path, _), partial in zip(files, temporary, strict=True):
            partial.replace(path)
    except OSError as error:
        message = f"{files[0][0]}: cannot be written: {error.strerror or error}"
        raise HinterlandError(message) from error
    finally:
        for partial in temporary:
            partial.unlink(missing_ok=True)
