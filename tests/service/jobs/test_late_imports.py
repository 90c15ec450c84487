"""A child that makes a job has all modules before it is confined: none is read later, when less can be read."""

import json
import subprocess
import sys

_JOBS = """
import importlib, json, mimetypes, sys, tempfile
from pathlib import Path

from hinterland.jobs import attempt
from hinterland.jobs.compiled_loops import load_compiled

mimetypes.init()
for name in attempt._LATE:
    importlib.import_module(name)
for _ in load_compiled():
    pass
from hinterland.demo import examples  # ours, not the child's
from hinterland.maps.overview import OverviewRequest
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama_request import PanoramaRequest

found = set(sys.modules)
late = {}


def note(job):
    late[job] = sorted(set(sys.modules) - found)
    found.update(late[job])


def mosaic(job, *rasters, **options):
    out, grid = folder / "mosaic.tif", {"crs": "IAU_2015:49910", "resolution": 4.0}
    attempt.make_mosaic(MosaicRequest(rasters=rasters, out=out, overwrite=True, backend="cpu", **grid, **options))
    note(job)


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    for example in examples():
        request = PanoramaRequest(
            frames=example.frames,
            metadata=example.metadata,
            out=folder / example.name,
            pixels_per_degree=4.0,
            backend="cpu",
        )
        attempt.make_bundle(request)
        note(example.name)
    picture, dem = example.base_map, example.dem
    attempt.make_overview(
        OverviewRequest(
            panorama=folder / example.name,
            base_maps=(picture,),
            dem=dem,
            route=example.route,
            planned=example.planned,
            width_px=600,
        )
    )
    note("overview")
    mosaic("heights", dem, dem, levelling="plane", fill_m=8.0, relief=True, slope=True)
    mosaic("tones", picture, picture)
    mosaic("feather", picture, picture, join="feather", compress="zstd")
    mosaic("median", picture, picture, method="median", compress="lzw")
print(json.dumps(late))
"""


def _late() -> dict[str, list[str]]:
    done = subprocess.run([sys.executable, "-c", _JOBS], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_no_job_imports_what_its_child_does_not_have() -> None:
    _late()  # to compile takes modules too: in the second run all loops are kept
    late = _late()
    assert not any(late.values()), late
