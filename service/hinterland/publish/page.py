"""index.html: the bundle for people. It opens from disk and asks no server.

Everything that comes from a label is escaped, and an address becomes a link only if it is http or https. What
scripts it runs are files of the bundle; without them it shows all that it shows with them, the panorama smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hinterland.publish.assets import LICENCE, SCRIPTS, STYLE
from hinterland.publish.figure import figure, has_viewer
from hinterland.publish.files import FILES, ITEM, PAGE, present
from hinterland.publish.report import place_of
from hinterland.publish.view import View

_POLICY = (
    "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# Leaflet frees a tile that it no longer wants by giving it an empty picture, which is a data: address
_POLICY_OF_VIEWER = (
    "default-src 'none'; img-src 'self' file: data:; style-src 'self' file: 'unsafe-inline'; "
    "script-src 'self' file:; base-uri 'none'; form-action 'none'"
)
_NONE = "–"
_COLUMNS = (
    ("#", "number"),
    ("Product", ""),
    ("Used", ""),
    ("Sol", "number"),
    ("Site, drive", "number"),
    ("Instrument", ""),
    ("Correction<br>azimuth, elevation, twist", "number"),
    ("Gain", "number"),
    ("Offset, DN", "number"),
    ("Tie points", "number"),
    ("Residual, px", "number"),
)


def write_page(folder: Path, report: Mapping[str, Any], view: View) -> None:
    """Write index.html for the files that lie in a bundle's folder, and for the STAC item, which comes last.

    Parameters
    ----------
    folder : Path
        Of the bundle.
    report : Mapping[str, Any]
        As `make_report` gives it.
    view : View
        What the panorama covers.
    """
    (folder / PAGE).write_text(page(folder, report, view), encoding="utf-8", newline="\n")


def page(folder: Path, report: Mapping[str, Any], view: View) -> str:
    """The text of the page that `write_page` writes."""
    place = place_of(report)
    has_script = has_viewer(folder)
    policy = _POLICY_OF_VIEWER if has_script else _POLICY
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(place)}: {escape(view.heading)}</title>
{_scripts() if has_script else ""}<style>
{style}</style>
</head>
<body>
<header>
<p class="place">{escape(place)}</p>
<h1>{escape(view.heading)}</h1>
<p class="extent">{escape(_extent(report, view))}</p>
</header>
{figure(folder, report, place, view)}
<main>
{_facts(report)}
{_map(folder, place)}
<h2>Downloads</h2>
{_downloads(folder)}
<h2>Frames</h2>
{_frames(report["frames"])}
</main>
{_footer(report, has_script=has_script)}
</body>
</html>
"""


def _scripts() -> str:
    scripts = "".join(f'<script src="{name}" defer></script>\n' for name in SCRIPTS)
    return f'<link rel="stylesheet" href="{STYLE}">\n{scripts}'


def _map(folder: Path, place: str) -> str:
    """The overview map, where the bundle has one."""
    if not (folder / "overview.png").is_file():
        return ""
    alt = escape(f"Map of the ground around {place}: the rover, what the panorama sees, the route")
    return f'<h2>Map</h2>\n<a class="map" href="overview.png"><img src="overview.png" alt="{alt}"></a>'


def _extent(report: Mapping[str, Any], view: View) -> str:
    projection = report["projection"]
    return (
        f"{view.azimuth_width_deg:.0f}° wide, "
        f"elevation {_number(view.elevation_min_deg, 0)}° to {_number(view.elevation_max_deg, 0)}°, "
        f"{projection['samples']:,} × {projection['lines']:,} pixels "
        f"at {projection['pixels_per_degree']:.2f} a degree"
    )


def _facts(report: Mapping[str, Any]) -> str:
    frames, residuals, surface = report["frames"], report["residuals"], report["surface"]
    used = sum(frame["used"] for frame in frames)
    left_out = len(frames) - used
    prior = residuals["prior_median_px"]
    visibility, step = report["seams"]["visibility"], report["seams"]["level_step"]
    distance = surface["distance_m"]
    facts = [
        ("Frames", str(used), f"{left_out} left out" if left_out else "all used"),
        ("Tie points", f"{residuals['tie_points']:,}", ""),
        (
            "Median residual",
            _optional(residuals["median_px"], 2, " px"),
            "" if prior is None else f"{prior:.2f} px by the labels' pointing",
        ),
        ("Surface", surface["kind"].capitalize(), surface["source"] if distance is not None else ""),
        (
            "Seam visibility",
            _optional(visibility, 2),
            "" if step is None else f"level step {100.0 * step:.1f} % of the contrast",
        ),
    ]
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in facts
    )
    return f"<dl>{cells}</dl>"


def _downloads(folder: Path) -> str:
    here = {file.name for file in present(folder)} | {ITEM}
    entries = []
    for file in FILES:
        if file.name in here and file.name != PAGE:
            path = folder / file.name
            # the item holds this page's checksum, so it is written after it and has no size yet
            size = f", {_size(path.stat().st_size)}" if file.name != ITEM else ""
            entries.append(
                f'<li><a href="{file.name}"><b>{file.name}</b><span>{file.title}{size}</span></a></li>'
            )
    return f'<ul class="files">{"".join(entries)}</ul>'


def _frames(frames: list[Mapping[str, Any]]) -> str:
    head = "".join(f'<th scope="col"{_class(kind)}>{name}</th>' for name, kind in _COLUMNS)
    rows = "\n".join(_row(frame) for frame in frames)
    head = f"<thead><tr>{head}</tr></thead>"
    return f'<div class="scroll"><table>\n{head}\n<tbody>\n{rows}\n</tbody>\n</table></div>'


def _row(frame: Mapping[str, Any]) -> str:
    correction = frame["correction_deg"]
    turned = (
        ", ".join(_number(correction[axis], 3, sign=True) + "°" for axis in ("azimuth", "elevation", "twist"))
        if (correction)
        else _NONE
    )
    stop = _NONE if frame["site"] is None else f"{frame['site']}, {frame['drive']}"
    notes = "".join(f"<small>{escape(note)}</small>" for note in frame["notes"])
    cells = (
        ("used", "yes" if frame["used"] else escape(f"no: {frame['reason']}")),
        ("number", escape(_optional(frame["sol"], 0))),
        ("number", escape(stop)),
        ("", escape(frame["instrument"] or _NONE)),
        ("number", turned),
        ("number", _per_band(frame["gain"], 3)),
        ("number", _per_band(frame["offset"], 1)),
        ("number", str(frame["tie_points"]) if frame["index"] is not None else _NONE),
        ("number", _optional(frame["residual_median_px"], 2)),
    )
    return (
        f"<tr{_class('' if frame['used'] else 'unused')}>"
        f'<th scope="row" class="number">{frame["index"] or _NONE}</th>'
        f'<td class="product">{_original(frame)}{notes}</td>'
        + "".join(f"<td{_class(kind)}>{text}</td>" for kind, text in cells)
        + "</tr>"
    )


def _original(frame: Mapping[str, Any]) -> str:
    """The product, linking to the page that shows the original, or else to the file."""
    name = escape(frame["product"])
    address = next(
        (address for address in (frame["page"], frame["url"]) if address and _is_web(address)), None
    )
    return name if address is None else f'<a href="{escape(address)}" rel="noopener">{name}</a>'


def _footer(report: Mapping[str, Any], *, has_script: bool) -> str:
    lines = [f"Credit: {credit}" for credit in report["credits"]]
    version = report["versions"].get("hinterland", "")
    total_s = report["timing_s"].get("total")
    took = "" if total_s is None else f" in {total_s:.1f} s"
    lines.append(f"Made by hinterland {version}{took} ({report['backend']}).")
    lines.append(f"Inputs {report['inputs_digest']}")
    paragraphs = [f"<p>{escape(line)}</p>" for line in lines]
    if has_script:
        paragraphs.append(f'<p>The panorama is shown by Leaflet (<a href="{LICENCE}">licence</a>).</p>')
    return "<footer>\n" + "\n".join(paragraphs) + "\n</footer>"


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _number(value: float, digits: int, *, sign: bool = False) -> str:
    text = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    if not float(text):
        text = f"{0.0:.{digits}f}"  # no sign on a zero
    return text.replace("-", "−")


def _optional(value: float | None, digits: int, unit: str = "") -> str:
    return _NONE if value is None else _number(value, digits) + unit


def _per_band(value: float | list[float] | None, digits: int) -> str:
    if value is None:
        return _NONE
    return ", ".join(_number(one, digits) for one in (value if isinstance(value, list) else [value]))


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000.0:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000.0
    return f"{size:.2f} GB"
