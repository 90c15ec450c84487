"""What clients ask: read into specs as the commands have them, refused with the field that is wrong."""

import math

import pytest
from google.protobuf import duration_pb2
from grpc_server import new_panorama

from hinterland.adjust.pointing import SURFACES
from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.jobs.model import Job, State
from hinterland.jobs.specs import KINDS, MosaicSpec, OverviewSpec, PanoramaSpec
from hinterland.mosaics.levellings import LEVELLINGS
from hinterland.mosaics.orthomosaic_plan import JOINS, METHODS, PRIORITIES
from hinterland.products.cog import COMPRESSIONS
from hinterland.publish.panorama_request import PANORAMA_KERNELS, PROJECTIONS
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc.capabilities import CHOICES, capabilities
from hinterland.rpc.convert import job_message
from hinterland.rpc.requests import NewJob, new_job
from hinterland_kernels.warp import KERNELS

FILE = job_pb2.InputFile(file="files/" + "ab" * 32, filename="frame.IMG")
JOB = "jobs/01m83133fgtptqm0p6vpxvw7qj"


def read(request: jobs_pb2.CreateJobRequest) -> NewJob:
    return new_job(request, most_run_s=3600.0, retention_s=86400.0)


def request_of(**spec: object) -> jobs_pb2.CreateJobRequest:
    return jobs_pb2.CreateJobRequest(job=job_pb2.Job(**spec))


def mosaic(**options: object) -> jobs_pb2.CreateJobRequest:
    return request_of(mosaic=job_pb2.MosaicSpec(rasters=[FILE], **options))


def panorama(**options: object) -> jobs_pb2.CreateJobRequest:
    return request_of(panorama=job_pb2.PanoramaSpec(**{"frames": [FILE], **options}))


def overview(**options: object) -> jobs_pb2.CreateJobRequest:
    given = {"panorama": JOB, "base_maps": [FILE], **options}
    return request_of(overview=job_pb2.OverviewSpec(**given))


def named(filename: str, file: str = FILE.file) -> job_pb2.InputFile:
    return job_pb2.InputFile(file=file, filename=filename)


def test_options_left_out_have_the_commands_defaults() -> None:
    assert read(panorama()).spec == PanoramaSpec(frames=read(panorama()).spec.frames)
    assert read(mosaic()).spec == MosaicSpec(rasters=read(mosaic()).spec.rasters)
    spec = read(overview()).spec
    assert spec == OverviewSpec(panorama=JOB.removeprefix("jobs/"), base_maps=spec.base_maps)
    asked = read(panorama())
    assert (asked.max_run_s, asked.ttl_s, asked.request_id) == (3600.0, 86400.0, None)


FULL = [
    panorama(
        metadata=[named("feed.json")],
        surface="plane",
        projection="cylindrical",
        pixels_per_degree=12.5,
        kernel="bicubic",
        nav=named("nav.json"),
    ),
    mosaic(
        crs="IAU_2015:49910",
        resolution=0.25,
        extent=job_pb2.MosaicSpec.Extent(west=-1.0, south=-2.0, east=3.0, north=4.0),
        method="median",
        priority="order",
        level="gain",
        kernel="nearest",
        compress="zstd",
        reference=named("reference.tif"),
        join="feather",
        feather_px=32.0,
        fill_m=5.0,
        relief=True,
        slope=True,
        light=job_pb2.MosaicSpec.Light(azimuth_deg=-45.0, elevation_deg=30.0),
    ),
    overview(
        dem=named("dem.tif"),
        routes=[named("a.json"), named("b.csv")],
        position=job_pb2.OverviewSpec.Position(longitude_deg=354.5, latitude_deg=-2.25),
        planned=named("planned.json"),
        places=named("places.json"),
        range_m=100.0,
        mast_height_m=1.5,
        side_m=300.0,
        width_px=1200,
        credit="NASA/JPL-Caltech",
        apply_heading=True,
    ),
]


@pytest.mark.parametrize("request_", FULL, ids=["panorama", "mosaic", "overview"])
def test_a_spec_is_told_back_as_it_was_asked(request_: jobs_pb2.CreateJobRequest) -> None:
    asked = read(request_)
    job = Job(
        id="01m83133fgtptqm0p6vpxvw7qj",
        owner="ada",
        spec=asked.spec,
        max_run_s=asked.max_run_s,
        ttl_s=asked.ttl_s,
        state=State.PENDING,
        sequence=1,
        created_s=0.0,
    )
    told = job_message(job)
    kind = told.WhichOneof("spec")
    assert getattr(told, kind) == getattr(request_.job, kind)


REFUSED = {
    "no spec": (request_of(), "job"),
    "no frames": (panorama(frames=[]), "job.panorama.frames"),
    "too many frames": (panorama(frames=[FILE] * 2001), "job.panorama.frames"),
    "names twice": (panorama(frames=[FILE, FILE]), "job"),
    "no file name": (panorama(frames=[named("")]), "job.panorama.frames[0].filename"),
    "hidden name": (panorama(frames=[FILE, named(".aux")]), "job.panorama.frames[1].filename"),
    "path for a name": (panorama(frames=[named("../x.IMG")]), "job.panorama.frames[0].filename"),
    "line in a name": (panorama(frames=[named("x.IMG\n")]), "job.panorama.frames[0].filename"),
    "long name": (panorama(frames=[named("x" * 129)]), "job.panorama.frames[0].filename"),
    "gdal path for a file": (
        panorama(frames=[named("a", "/vsicurl/http://x")]),
        "job.panorama.frames[0].file",
    ),
    "digest in capitals": (
        panorama(frames=[named("a", "files/" + "AB" * 32)]),
        "job.panorama.frames[0].file",
    ),
    "unknown surface": (panorama(surface="sphere"), "job.panorama.surface"),
    "no scale": (panorama(pixels_per_degree=0.0), "job.panorama.pixels_per_degree"),
    "scale not a number": (panorama(pixels_per_degree=math.nan), "job.panorama.pixels_per_degree"),
    "endless scale": (panorama(pixels_per_degree=math.inf), "job.panorama.pixels_per_degree"),
    "unknown method": (mosaic(method="best"), "job.mosaic.method"),
    "extent turned": (
        mosaic(extent=job_pb2.MosaicSpec.Extent(west=1.0, south=0.0, east=0.0, north=1.0)),
        "job.mosaic.extent",
    ),
    "extent not a number": (
        mosaic(extent=job_pb2.MosaicSpec.Extent(west=math.nan, south=0.0, east=1.0, north=1.0)),
        "job.mosaic.extent",
    ),
    "file for a crs": (mosaic(crs="/etc/passwd"), "job.mosaic.crs"),
    "address for a crs": (mosaic(crs="https://example.org/crs"), "job.mosaic.crs"),
    "projection that names a grid": (mosaic(crs="+proj=longlat +nadgrids=/etc/passwd"), "job.mosaic.crs"),
    "projection that names a file": (mosaic(crs="+proj=pipeline +step +init=./x:1"), "job.mosaic.crs"),
    "long crs": (mosaic(crs="PROJCS[" + "x" * 9000), "job.mosaic.crs"),
    "panorama of no job": (overview(panorama="jobs/../x"), "job.overview.panorama"),
    "light from below": (
        mosaic(light=job_pb2.MosaicSpec.Light(azimuth_deg=0.0, elevation_deg=-1.0)),
        "job.mosaic.light",
    ),
    "no feather": (mosaic(feather_px=0.0), "job.mosaic.feather_px"),
    "no base map": (overview(base_maps=[]), "job.overview.base_maps"),
    "heading without a dem": (overview(apply_heading=True), "job.overview.apply_heading"),
    "position off the body": (
        overview(position=job_pb2.OverviewSpec.Position(longitude_deg=0.0, latitude_deg=91.0)),
        "job.overview.position",
    ),
    "range past the horizon": (overview(range_m=2e5), "job.overview.range_m"),
    "picture too wide": (overview(width_px=10001), "job.overview.width_px"),
    "credit of two lines": (overview(credit="a\nb"), "job.overview.credit"),
    "title of control characters": (new_panorama(title="\x1b[2J"), "job.title"),
    "title that turns the line": (new_panorama(title="\u202eevil"), "job.title"),
    "long title": (new_panorama(title="x" * 201), "job.title"),
    "many labels": (new_panorama(labels={f"k{n}": "v" for n in range(17)}), "job.labels"),
    "label of a bad key": (new_panorama(labels={"K": "v"}), "job.labels"),
    "long label": (new_panorama(labels={"k": "v" * 64}), "job.labels.k"),
    "no time": (new_panorama(max_run_duration=duration_pb2.Duration()), "job.max_run_duration"),
    "too much time": (
        new_panorama(max_run_duration=duration_pb2.Duration(seconds=3601)),
        "job.max_run_duration",
    ),
    "kept too shortly": (new_panorama(ttl=duration_pb2.Duration(seconds=59)), "job.ttl"),
    "kept for ever": (new_panorama(ttl=duration_pb2.Duration(seconds=367 * 86400)), "job.ttl"),
    "request that is no uuid": (new_panorama(request_id="1"), "request_id"),
    "request of another version": (
        new_panorama(request_id="6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        "request_id",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_by_its_field(case: str) -> None:
    request, field = REFUSED[case]
    with pytest.raises(RefusedError) as error:
        read(request)
    assert error.value.reason is Reason.FIELD_INVALID
    assert error.value.metadata["field"] == field
    assert str(error.value).startswith(f"{field}: ")


def test_a_request_id_is_one_whatever_its_case() -> None:
    text = "F47AC10B-58CC-4372-A567-0E02B2C3D479"
    assert read(new_panorama(request_id=text)).request_id == text.lower()


def test_the_choices_are_the_engines() -> None:
    assert dict(CHOICES) == {
        ("panorama", "surface"): SURFACES,
        ("panorama", "projection"): PROJECTIONS,
        ("panorama", "kernel"): PANORAMA_KERNELS,
        ("mosaic", "method"): METHODS,
        ("mosaic", "priority"): PRIORITIES,
        ("mosaic", "level"): LEVELLINGS,
        ("mosaic", "join"): JOINS,
        ("mosaic", "kernel"): tuple(KERNELS),
        ("mosaic", "compress"): COMPRESSIONS,
    }


def test_capabilities_name_the_fields_of_the_contract() -> None:
    messages = {
        "panorama": job_pb2.PanoramaSpec,
        "mosaic": job_pb2.MosaicSpec,
        "overview": job_pb2.OverviewSpec,
    }
    told = {kind: [one.option for one in capabilities() if one.kind == kind] for kind in KINDS}
    for kind, options in told.items():
        assert options == [field.name for field in messages[kind].DESCRIPTOR.fields], kind
