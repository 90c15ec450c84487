"""What each command takes and calls. It imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ProgressMode(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class BackendName(StrEnum):
    """What the kernels run on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


ProgressOption = Annotated[
    ProgressMode,
    typer.Option("--progress", help="Bars on a terminal and plain lines otherwise, or as named."),
]
BackendOption = Annotated[
    BackendName, typer.Option("--backend", help="CUDA where a GPU answers, or as named.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the report to standard output.")]


def panorama(
    frames: Annotated[
        list[Path],
        typer.Argument(metavar="FRAME...", help="Images of one stop: PDS3 or VICAR .IMG, PNG, JPEG."),
    ],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="BUNDLE", help="Folder to make.")],
    metadata: Annotated[
        list[Path] | None,
        typer.Option("--metadata", metavar="FEED.json", help="Raw-image feed with the records."),
    ] = None,
    nav: Annotated[
        Path | None,
        typer.Option(
            "--nav", metavar="NAV.json", help="Take the pointing of an earlier bundle of these frames."
        ),
    ] = None,
    surface: Annotated[
        str, typer.Option("--surface", help="What rays are carried to: auto, plane or infinity.")
    ] = "auto",
    projection: Annotated[str, typer.Option("--projection", help="cylindrical.")] = "cylindrical",
    scale: Annotated[
        float | None,
        typer.Option("--scale", help="Pixels per degree; the frames' own resolution by default."),
    ] = None,
    kernel: Annotated[
        str, typer.Option("--kernel", help="Resampling: nearest, bilinear, bicubic or lanczos3.")
    ] = "lanczos3",
    memory_bytes: Annotated[
        int | None,
        typer.Option(
            "--memory", metavar="BYTES", help="Memory to stay within; three quarters of the machine's."
        ),
    ] = None,
    backend: BackendOption = BackendName.AUTO,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace BUNDLE once the new one is whole.")
    ] = False,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
) -> None:
    """Make the panorama of one stop: seamless, level, at full resolution, with all it was made from."""
    from hinterland.progress import ProgressDisplay
    from hinterland.publish.panorama import make_bundle
    from hinterland.publish.panorama_request import PanoramaRequest
    from hinterland.publish.summary import summary

    request = PanoramaRequest(
        frames=tuple(frames),
        metadata=tuple(metadata or ()),
        out=out,
        nav=nav,
        surface=surface,
        projection=projection,
        pixels_per_degree=scale,
        kernel=kernel,
        memory_bytes=memory_bytes,
        backend=backend.value,
        overwrite=overwrite,
    )
    with ProgressDisplay(progress.value) as display:
        report = make_bundle(request, progress=display)
    _tell(report, summary(out, report), as_json=json)


def mosaic(
    rasters: Annotated[
        list[Path],
        typer.Argument(metavar="RASTER...", help="Map rasters: GeoTIFF, JPEG 2000, PDS3, PDS4, ISIS3."),
    ],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.tif", help="Mosaic to make.")],
    crs: Annotated[
        str | None, typer.Option("--crs", help="IAU_2015:49910, WKT or PROJ; the first raster's by default.")
    ] = None,
    resolution: Annotated[
        float | None, typer.Option("--resolution", help="Size of a sample; the finest raster's by default.")
    ] = None,
    extent: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option("--extent", metavar="W S E N", help="All rasters by default."),
    ] = None,
    method: Annotated[
        str,
        typer.Option("--method", help="blend, first, last, min, max, mean, median, stddev, count or nmad."),
    ] = "blend",
    priority: Annotated[
        str | None, typer.Option("--priority", help="resolution (a blend's default) or order.")
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            "--level", help="auto (tone, of whole numbers only), gain or none; of heights: offset or plane."
        ),
    ] = "auto",
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="DEM.tif",
            help="Level each raster to it; without it all to the first, at once.",
        ),
    ] = None,
    join: Annotated[
        str, typer.Option("--join", help="Of a blend: seams, or feather (weights from the rasters' edges).")
    ] = "seams",
    feather_px: Annotated[
        float | None, typer.Option("--feather", metavar="SAMPLES", help="Width of a feather; 64.")
    ] = None,
    fill_m: Annotated[
        float | None,
        typer.Option("--fill", metavar="METRES", help="Fill holes up to twice as wide; of heights."),
    ] = None,
    relief: Annotated[bool, typer.Option("--relief", help="Make OUT.relief.tif, shaded relief.")] = False,
    light_deg: Annotated[
        tuple[float, float] | None,
        typer.Option("--light", metavar="AZIMUTH ELEVATION", help="On the relief, degrees; 315 45."),
    ] = None,
    slope: Annotated[bool, typer.Option("--slope", help="Make OUT.slope.tif, degrees.")] = False,
    kernel: Annotated[
        str, typer.Option("--kernel", help="nearest, bilinear, bicubic, lanczos3 or bspline3.")
    ] = "bilinear",
    memory_bytes: Annotated[
        int | None, typer.Option("--memory", metavar="BYTES", help="Memory to stay within; about 1 GiB.")
    ] = None,
    compress: Annotated[str, typer.Option("--compress", help="deflate, zstd, lzw or none.")] = "deflate",
    overviews: Annotated[
        bool, typer.Option("--overviews/--no-overviews", help="Store reduced copies.")
    ] = True,
    backend: BackendOption = BackendName.AUTO,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace OUT.tif once the new one is whole.")
    ] = False,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
) -> None:
    """Mosaic georeferenced rasters into one map; beside it each sample's source and what the ground resolves."""
    from hinterland.progress import ProgressDisplay
    from hinterland.publish.mosaic import make_mosaic
    from hinterland.publish.mosaic_request import MosaicRequest
    from hinterland.publish.summary import mosaic_summary

    request = MosaicRequest(
        rasters=tuple(rasters),
        out=out,
        crs=crs,
        resolution=resolution,
        extent=extent,
        method=method,
        priority=priority,
        levelling=level,
        reference=reference,
        join=join,
        feather_px=feather_px,
        fill_m=fill_m,
        relief=relief,
        slope=slope,
        light_deg=light_deg,
        kernel=kernel,
        memory_bytes=memory_bytes,
        compress=compress,
        overviews=overviews,
        backend=backend.value,
        overwrite=overwrite,
    )
    with ProgressDisplay(progress.value) as display:
        report = make_mosaic(request, progress=display)
    _tell(report, mosaic_summary(out, report), as_json=json)


def overview(
    panorama: Annotated[Path, typer.Option("--panorama", metavar="BUNDLE", help="Bundle of the panorama.")],
    basemap: Annotated[
        list[Path],
        typer.Option("--basemap", metavar="RASTER", help="Ground; may be repeated, the finest lies on top."),
    ],
    dem: Annotated[
        Path | None, typer.Option("--dem", help="Terrain: the yellow lines then bound what is visible.")
    ] = None,
    route: Annotated[
        list[Path] | None,
        typer.Option(
            "--route",
            metavar="GEOJSON|CSV",
            help="Waypoints; may be repeated, the first that knows a stop is believed.",
        ),
    ] = None,
    position: Annotated[
        tuple[float, float] | None,
        typer.Option("--position", metavar="LON LAT", help="Where no route knows the stop."),
    ] = None,
    planned: Annotated[
        Path | None, typer.Option("--planned", metavar="GEOJSON", help="Route planned.")
    ] = None,
    places: Annotated[Path | None, typer.Option("--places", metavar="GEOJSON", help="Named places.")] = None,
    range_m: Annotated[
        float | None, typer.Option("--range", help="How far to look, m: 30, with --dem 120.")
    ] = None,
    mast_height_m: Annotated[float, typer.Option("--mast-height", help="Of the cameras, m.")] = 2.0,
    side_m: Annotated[
        float | None, typer.Option("--side", help="Ground that a side of the map covers, m.")
    ] = None,
    width_px: Annotated[int, typer.Option("--width", help="Of the picture.")] = 2000,
    credit: Annotated[str | None, typer.Option("--credit", help="Whose base maps these are.")] = None,
    apply_heading: Annotated[
        bool, typer.Option("--apply-heading", help="Turn the view by what the skyline says; needs --dem.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="overview.png in the bundle by default.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw where the rover stood, what the panorama sees, the route driven and the route planned."""
    from hinterland.maps.overview import OverviewRequest, make_overview
    from hinterland.publish.refresh import refresh
    from hinterland.publish.summary import overview_summary

    report = make_overview(
        OverviewRequest(
            panorama=panorama,
            base_maps=tuple(basemap),
            dem=dem,
            route=tuple(route or ()),
            position=position,
            planned=planned,
            places=places,
            range_m=range_m,
            mast_height_m=mast_height_m,
            side_m=side_m,
            width_px=width_px,
            credit=credit,
            apply_heading=apply_heading,
            out=out,
        )
    )
    if out is None:
        refresh(panorama)
    _tell(report, overview_summary(report), as_json=json)


def _tell(report: Mapping[str, object], summary: Iterable[str], *, as_json: bool) -> None:
    """Tell what was made and where to look."""
    if as_json:
        from json import dumps

        summary = [dumps(report, indent=2)]
    for line in summary:
        typer.echo(line)
