"""Values as the contract's messages have them."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath

from google.protobuf import timestamp_pb2

from hinterland.api.v1 import job_pb2, jobs_pb2, results_pb2
from hinterland.jobs.model import Change, Degradation, Job, PlanSummary, ResultFile, StageProgress
from hinterland.jobs.specs import InputFile, MosaicSpec, OverviewSpec, PanoramaSpec
from hinterland.publish.files import FILES
from hinterland.rpc.errors import failure_status, plain

_MEDIA_TYPES = {file.name: file.media_type for file in FILES}
_SUFFIXES = {
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".geojson": "application/geo+json",
    ".js": "text/javascript",
}
_UNKNOWN = "application/octet-stream"


def timestamp(seconds: float) -> timestamp_pb2.Timestamp:
    """A point in time, to the microsecond."""
    whole = timestamp_pb2.Timestamp()
    whole.FromMicroseconds(round(seconds * 1e6))
    return whole


def job_message(job: Job) -> job_pb2.Job:
    """A job as its owner sees it."""
    message = job_pb2.Job(
        name=f"jobs/{job.id}",
        title=job.title,
        labels=dict(job.labels),
        state=job.state.value,
        sequence=job.sequence,
        attempt=job.attempt,
        create_time=timestamp(job.created_s),
    )
    message.max_run_duration.FromMilliseconds(round(job.max_run_s * 1000))
    if isinstance(job.spec, PanoramaSpec):
        message.panorama.CopyFrom(_panorama(job.spec))
    elif isinstance(job.spec, MosaicSpec):
        message.mosaic.CopyFrom(_mosaic(job.spec))
    else:
        message.overview.CopyFrom(_overview(job.spec))
    if job.progress is not None:
        message.progress.CopyFrom(_progress(job.progress))
    if job.failure is not None:
        message.error.CopyFrom(failure_status(job.failure.reason, job.failure.message, job.failure.metadata))
    if job.plan is not None:
        message.plan.CopyFrom(plan_message(job.plan))
    message.degraded.extend(_degradation(one) for one in job.degraded)
    if job.started_s is not None:
        message.start_time.CopyFrom(timestamp(job.started_s))
    if job.ended_s is not None:
        message.end_time.CopyFrom(timestamp(job.ended_s))
    if job.expires_s is not None:
        message.expire_time.CopyFrom(timestamp(job.expires_s))
    return message


def change_message(change: Change) -> jobs_pb2.WatchJobResponse:
    """A change, as a watcher is told."""
    return jobs_pb2.WatchJobResponse(
        sequence=change.sequence,
        state=change.state.value,
        progress=None if change.progress is None else _progress(change.progress),
        time=timestamp(change.time_s),
    )


def plan_message(plan: PlanSummary) -> job_pb2.Plan:
    """What a plan says."""
    return job_pb2.Plan(
        lines=plan.lines,
        samples=plan.samples,
        bands=plan.bands,
        tiles=plan.tiles,
        memory_bytes=plan.memory_bytes,
        output_bytes=plan.output_bytes,
        backend=plan.backend,
    )


def result_file_message(file: ResultFile) -> results_pb2.ResultFile:
    """A line of a manifest."""
    return results_pb2.ResultFile(
        path=file.path, size_bytes=file.size_bytes, sha256=file.sha256, media_type=media_type(file.path)
    )


def media_type(path: str) -> str:
    """Media type of a result's file: by its name in a bundle, or by its suffix."""
    suffix = PurePosixPath(path).suffix.lower()
    known = _MEDIA_TYPES.get(path) or _SUFFIXES.get(suffix)
    return known or mimetypes.types_map.get(suffix, _UNKNOWN)


def _progress(progress: StageProgress) -> job_pb2.Progress:
    return job_pb2.Progress(
        stage=progress.stage,
        done=progress.done,
        total=progress.total,
        update_time=timestamp(progress.time_s),
    )


def _degradation(degradation: Degradation) -> job_pb2.Degradation:
    return job_pb2.Degradation(
        stage=degradation.stage, reason=degradation.reason.value, message=plain(degradation.message)
    )


def _input(file: InputFile) -> job_pb2.InputFile:
    return job_pb2.InputFile(file=f"files/{file.sha256}", filename=file.filename)


def _panorama(spec: PanoramaSpec) -> job_pb2.PanoramaSpec:
    return job_pb2.PanoramaSpec(
        frames=map(_input, spec.frames),
        metadata=map(_input, spec.metadata),
        surface=spec.surface,
        projection=spec.projection,
        pixels_per_degree=spec.pixels_per_degree,
        kernel=spec.kernel,
        nav=None if spec.nav is None else _input(spec.nav),
    )


def _mosaic(spec: MosaicSpec) -> job_pb2.MosaicSpec:
    message = job_pb2.MosaicSpec(
        rasters=map(_input, spec.rasters),
        crs=spec.crs or "",
        resolution=spec.resolution,
        method=spec.method,
        priority=spec.priority or "",
        level=spec.level,
        kernel=spec.kernel,
        compress=spec.compress,
        reference=None if spec.reference is None else _input(spec.reference),
        join=spec.join,
        feather_px=spec.feather_px,
        fill_m=spec.fill_m,
        relief=spec.relief,
        slope=spec.slope,
    )
    if spec.light is not None:
        azimuth_deg, elevation_deg = spec.light
        message.light.CopyFrom(job_pb2.MosaicSpec.Light(azimuth_deg=azimuth_deg, elevation_deg=elevation_deg))
    if spec.extent is not None:
        west, south, east, north = spec.extent
        message.extent.CopyFrom(job_pb2.MosaicSpec.Extent(west=west, south=south, east=east, north=north))
    return message


def _overview(spec: OverviewSpec) -> job_pb2.OverviewSpec:
    message = job_pb2.OverviewSpec(
        panorama=f"jobs/{spec.panorama}",
        base_maps=map(_input, spec.base_maps),
        dem=None if spec.dem is None else _input(spec.dem),
        routes=map(_input, spec.routes),
        planned=None if spec.planned is None else _input(spec.planned),
        places=None if spec.places is None else _input(spec.places),
        range_m=spec.range_m,
        mast_height_m=spec.mast_height_m,
        side_m=spec.side_m,
        width_px=spec.width_px,
        credit=spec.credit or "",
        apply_heading=spec.apply_heading,
    )
    if spec.position is not None:
        longitude, latitude = spec.position
        message.position.CopyFrom(
            job_pb2.OverviewSpec.Position(longitude_deg=longitude, latitude_deg=latitude)
        )
    return message
