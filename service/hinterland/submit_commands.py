"""`hinterland job submit`: the options of `panorama`, `mosaic` and `overview`, sent to a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hinterland.commands import JsonOption, ProgressMode, ProgressOption
from hinterland.job_output import After, resource, server_of, submit_and_show

submit = typer.Typer(help="Upload what a job needs and submit it.", no_args_is_help=True)

DownloadOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FOLDER", help="Wait, and download the result into FOLDER."),
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Wait until the job has ended.")]
TitleOption = Annotated[str, typer.Option("--title", help="For people.")]
LabelOption = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="For list; may be repeated.")
]
RequestOption = Annotated[
    str | None,
    typer.Option("--request-id", metavar="UUID", help="The same one again gives the same job."),
]
ValidateOption = Annotated[bool, typer.Option("--validate-only", help="Check and plan; submit nothing.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace FOLDER once all is there.")]


@submit.command("panorama")
def submit_panorama(
    context: typer.Context,
    frames: Annotated[list[Path], typer.Argument(metavar="FRAME...", help="Images of one stop.")],
    metadata: Annotated[
        list[Path] | None, typer.Option("--metadata", metavar="FEED.json", help="Raw-image feed.")
    ] = None,
    surface: Annotated[str, typer.Option("--surface", help="auto, plane or infinity.")] = "",
    projection: Annotated[str, typer.Option("--projection", help="cylindrical.")] = "",
    scale: Annotated[float | None, typer.Option("--scale", help="Pixels per degree.")] = None,
    kernel: Annotated[str, typer.Option("--kernel", help="nearest, bilinear, bicubic or lanczos3.")] = "",
    nav: Annotated[
        Path | None, typer.Option("--nav", metavar="NAV.json", help="Pointing of an earlier panorama.")
    ] = None,
    title: TitleOption = "",
    label: LabelOption = None,
    request_id: RequestOption = None,
    validate_only: ValidateOption = False,
    watch: WatchOption = False,
    out: DownloadOption = None,
    overwrite: OverwriteOption = False,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
) -> None:
    """Submit the panorama of one stop; options as those of `hinterland panorama`."""
    from hinterland.client import Panorama

    spec = Panorama(
        frames=frames,
        metadata=metadata or (),
        surface=surface,
        projection=projection,
        pixels_per_degree=scale,
        kernel=kernel,
        nav=nav,
    )
    after = After(
        title=title,
        labels=tuple(label or ()),
        request_id=request_id,
        validate_only=validate_only,
        watch=watch,
        folder=out,
        overwrite=overwrite,
    )
    submit_and_show(server_of(context), spec, after, progress.value, as_json=json)


@submit.command("mosaic")
def submit_mosaic(
    context: typer.Context,
    rasters: Annotated[list[Path], typer.Argument(metavar="RASTER...", help="Georeferenced rasters.")],
    crs: Annotated[str, typer.Option("--crs", help="IAU_2015:49910, WKT or PROJ.")] = "",
    resolution: Annotated[float | None, typer.Option("--resolution", help="Size of a sample.")] = None,
    extent: Annotated[
        tuple[float, float, float, float] | None, typer.Option("--extent", metavar="W S E N")
    ] = None,
    method: Annotated[str, typer.Option("--method", help="blend, first, last, min, max, mean ...")] = "",
    priority: Annotated[str, typer.Option("--priority", help="resolution or order.")] = "",
    level: Annotated[
        str, typer.Option("--level", help="auto, gain or none; of heights offset or plane.")
    ] = "",
    reference: Annotated[
        Path | None, typer.Option("--reference", metavar="DEM", help="What heights are levelled to.")
    ] = None,
    join: Annotated[str, typer.Option("--join", help="seams or feather.")] = "",
    feather: Annotated[float | None, typer.Option("--feather", metavar="SAMPLES")] = None,
    fill_m: Annotated[float | None, typer.Option("--fill", metavar="METRES", help="Fill holes.")] = None,
    relief: Annotated[bool, typer.Option("--relief", help="Draw shaded relief of heights too.")] = False,
    light: Annotated[tuple[float, float] | None, typer.Option("--light", metavar="AZIMUTH ELEVATION")] = None,
    slope: Annotated[bool, typer.Option("--slope", help="Write the slope of heights too.")] = False,
    kernel: Annotated[
        str, typer.Option("--kernel", help="nearest, bilinear, bicubic, lanczos3 or bspline3.")
    ] = "",
    compress: Annotated[str, typer.Option("--compress", help="deflate, zstd, lzw or none.")] = "",
    title: TitleOption = "",
    label: LabelOption = None,
    request_id: RequestOption = None,
    validate_only: ValidateOption = False,
    watch: WatchOption = False,
    out: DownloadOption = None,
    overwrite: OverwriteOption = False,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
) -> None:
    """Submit a mosaic of georeferenced rasters; options as those of `hinterland mosaic`."""
    from hinterland.client import Mosaic

    spec = Mosaic(
        rasters=rasters,
        crs=crs,
        resolution=resolution,
        extent=extent,
        method=method,
        priority=priority,
        level=level,
        kernel=kernel,
        compress=compress,
        reference=reference,
        join=join,
        feather_px=feather,
        fill_m=fill_m,
        relief=relief,
        slope=slope,
        light_deg=light,
    )
    after = After(
        title=title,
        labels=tuple(label or ()),
        request_id=request_id,
        validate_only=validate_only,
        watch=watch,
        folder=out,
        overwrite=overwrite,
    )
    submit_and_show(server_of(context), spec, after, progress.value, as_json=json)


@submit.command("overview")
def submit_overview(
    context: typer.Context,
    panorama: Annotated[str, typer.Option("--panorama", metavar="JOB", help="Name of its job.")],
    basemap: Annotated[list[Path], typer.Option("--basemap", metavar="RASTER", help="May be repeated.")],
    dem: Annotated[Path | None, typer.Option("--dem", help="Terrain, for what is visible.")] = None,
    route: Annotated[list[Path] | None, typer.Option("--route", metavar="GEOJSON|CSV")] = None,
    position: Annotated[tuple[float, float] | None, typer.Option("--position", metavar="LON LAT")] = None,
    planned: Annotated[Path | None, typer.Option("--planned", metavar="GEOJSON")] = None,
    places: Annotated[Path | None, typer.Option("--places", metavar="GEOJSON")] = None,
    range_m: Annotated[float | None, typer.Option("--range", help="How far to look, m.")] = None,
    mast_height_m: Annotated[float | None, typer.Option("--mast-height", help="Of the cameras, m.")] = None,
    side_m: Annotated[float | None, typer.Option("--side", help="Ground of a side of the map, m.")] = None,
    width_px: Annotated[int | None, typer.Option("--width", help="Of the picture.")] = None,
    credit: Annotated[str, typer.Option("--credit", help="Whose base maps these are.")] = "",
    apply_heading: Annotated[bool, typer.Option("--apply-heading", help="Needs --dem.")] = False,
    title: TitleOption = "",
    label: LabelOption = None,
    request_id: RequestOption = None,
    validate_only: ValidateOption = False,
    watch: WatchOption = False,
    out: DownloadOption = None,
    overwrite: OverwriteOption = False,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
) -> None:
    """Submit the overview map of a panorama; options as those of `hinterland overview`."""
    from hinterland.client import Overview

    spec = Overview(
        panorama=resource(panorama),
        base_maps=basemap,
        dem=dem,
        routes=route or (),
        position=position,
        planned=planned,
        places=places,
        range_m=range_m,
        mast_height_m=mast_height_m,
        side_m=side_m,
        width_px=width_px,
        credit=credit,
        apply_heading=apply_heading,
    )
    after = After(
        title=title,
        labels=tuple(label or ()),
        request_id=request_id,
        validate_only=validate_only,
        watch=watch,
        folder=out,
        overwrite=overwrite,
    )
    submit_and_show(server_of(context), spec, after, progress.value, as_json=json)
