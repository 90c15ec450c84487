"""What a client asks for: the commands' options, with files on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hinterland.api.v1 import job_pb2
from hinterland.errors import InputError

Uploaded = Mapping[Path, str]
"""Resource names of uploaded files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panorama:
    """The panorama of one stop; options left out are the server's defaults."""

    frames: Sequence[Path]
    metadata: Sequence[Path] = ()
    surface: str = ""
    projection: str = ""
    pixels_per_degree: float | None = None
    kernel: str = ""
    nav: Path | None = None
    """Pointing of an earlier panorama of these frames."""

    def files(self) -> tuple[Path, ...]:
        """What has to be uploaded."""
        return (*self.frames, *self.metadata, *_given(self.nav))

    def job(self, uploaded: Uploaded) -> job_pb2.Job:
        """The job, once its files are uploaded."""
        spec = job_pb2.PanoramaSpec(
            frames=_inputs(self.frames, uploaded),
            metadata=_inputs(self.metadata, uploaded),
            surface=self.surface,
            projection=self.projection,
            pixels_per_degree=self.pixels_per_degree,
            kernel=self.kernel,
            nav=_input(self.nav, uploaded),
        )
        return job_pb2.Job(panorama=spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosaic:
    """A mosaic of georeferenced rasters; options left out are the server's defaults."""

    rasters: Sequence[Path]
    crs: str = ""
    resolution: float | None = None
    extent: tuple[float, float, float, float] | None = None
    """West, south, east, north."""
    method: str = ""
    priority: str = ""
    level: str = ""
    kernel: str = ""
    compress: str = ""
    reference: Path | None = None
    """What heights are levelled to."""
    join: str = ""
    feather_px: float | None = None
    fill_m: float | None = None
    relief: bool = False
    slope: bool = False
    light_deg: tuple[float, float] | None = None
    """Azimuth and elevation of the light on the relief."""

    def files(self) -> tuple[Path, ...]:
        """What has to be uploaded."""
        return (*self.rasters, *_given(self.reference))

    def job(self, uploaded: Uploaded) -> job_pb2.Job:
        """The job, once its files are uploaded."""
        extent = None
        if self.extent is not None:
            west, south, east, north = self.extent
            extent = job_pb2.MosaicSpec.Extent(west=west, south=south, east=east, north=north)
        spec = job_pb2.MosaicSpec(
            rasters=_inputs(self.rasters, uploaded),
            crs=self.crs,
            resolution=self.resolution,
            extent=extent,
            method=self.method,
            priority=self.priority,
            level=self.level,
            kernel=self.kernel,
            compress=self.compress,
            reference=_input(self.reference, uploaded),
            join=self.join,
            feather_px=self.feather_px,
            fill_m=self.fill_m,
            relief=self.relief,
            slope=self.slope,
        )
        if self.light_deg is not None:
            spec.light.azimuth_deg, spec.light.elevation_deg = self.light_deg
        return job_pb2.Job(mosaic=spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The overview map of a panorama that the server made; options left out are its defaults."""

    panorama: str
    """Name of the panorama's job."""
    base_maps: Sequence[Path]
    dem: Path | None = None
    routes: Sequence[Path] = ()
    position: tuple[float, float] | None = None
    """Longitude and latitude, degrees."""
    planned: Path | None = None
    places: Path | None = None
    range_m: float | None = None
    mast_height_m: float | None = None
    side_m: float | None = None
    width_px: int | None = None
    credit: str = ""
    apply_heading: bool = False

    def files(self) -> tuple[Path, ...]:
        """What has to be uploaded."""
        return (*self.base_maps, *self.routes, *_given(self.dem, self.planned, self.places))

    def job(self, uploaded: Uploaded) -> job_pb2.Job:
        """The job, once its files are uploaded."""
        position = None
        if self.position is not None:
            longitude_deg, latitude_deg = self.position
            position = job_pb2.OverviewSpec.Position(longitude_deg=longitude_deg, latitude_deg=latitude_deg)
        spec = job_pb2.OverviewSpec(
            panorama=self.panorama,
            base_maps=_inputs(self.base_maps, uploaded),
            dem=_input(self.dem, uploaded),
            routes=_inputs(self.routes, uploaded),
            position=position,
            planned=_input(self.planned, uploaded),
            places=_input(self.places, uploaded),
            range_m=self.range_m,
            mast_height_m=self.mast_height_m,
            side_m=self.side_m,
            width_px=self.width_px,
            credit=self.credit,
            apply_heading=self.apply_heading,
        )
        return job_pb2.Job(overview=spec)


Spec = Panorama | Mosaic | Overview


def check_files(spec: Spec) -> None:
    """Refuse what the server would, before anything is sent.

    Raises
    ------
    InputError
        If a file is missing, or two carry one name.
    """
    by_name: dict[str, Path] = {}
    for path in spec.files():
        if not path.is_file():
            message = f"{path}: no such file"
            raise InputError(message)
        same = by_name.setdefault(path.name, path)
        if same != path:
            message = f"{same} and {path} have one name: rename one, a job's files are told apart by it"
            raise InputError(message)


def _given(*paths: Path | None) -> tuple[Path, ...]:
    return tuple(path for path in paths if path is not None)


def _input(path: Path | None, uploaded: Uploaded) -> job_pb2.InputFile | None:
    return None if path is None else job_pb2.InputFile(file=uploaded[path], filename=path.name)


def _inputs(paths: Sequence[Path], uploaded: Uploaded) -> list[job_pb2.InputFile]:
    return [job_pb2.InputFile(file=uploaded[path], filename=path.name) for path in paths]
