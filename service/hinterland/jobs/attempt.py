"""The child that runs the engine for one attempt of a job, confined, and tells of it in JSON lines.

`python -P -m hinterland.jobs.attempt PARENT`, in the environment of `child_environment`. It says {"ready": true}
when all is imported, and loads compiled loops until it is asked for something. It takes one request, tells
{"progress": ...} and {"plan": ...}, and last {"done": true} or {"failure": ...}. With `plan_only` it ends with the
plan.
"""

from __future__ import annotations

import importlib
import json
import logging
import mimetypes
import os
import select
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from typing import IO, Any

from hinterland.jobs import failpoints
from hinterland.jobs.attempt_request import AttemptRequest
from hinterland.jobs.checkpoints import Checkpoints
from hinterland.jobs.compiled_loops import keep_no_compiled, load_compiled
from hinterland.jobs.confinement import Limits, confine, die_with_parent, gpu_paths, system_paths
from hinterland.jobs.faults import failure_of
from hinterland.jobs.last_words import set_up_last_words
from hinterland.jobs.requests import mosaic_request, overview_request, panorama_request, without_paths
from hinterland.jobs.specs import MosaicSpec, OverviewSpec, PanoramaSpec
from hinterland.maps.overview import make_overview
from hinterland.publish.memory import keep_freed_memory
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.observer import Observer, Outline
from hinterland.publish.panorama import make_bundle
from hinterland_kernels.backend import BackendMissingError, compiled_folder, cuda

_LATE = (
    "PIL.BmpImagePlugin",  # these four the first picture asks for
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.PpmImagePlugin",
    "encodings.utf_8_sig",
    "hinterland.mosaics.orthomosaic_previews",
    "hinterland.mosaics.seams",
    "hinterland.mosaics.vertical_levelling",
    "hinterland.publish.panorama_files",
    "hinterland.publish.rasters",
    "xstatic.pkg.leaflet",
)
"""What commands import once they need it: a child has it before it is asked for a job."""
_PROGRESS_INTERVAL_S = 0.2
_OWN_FILES_BYTES = 64 << 20
"""Checkpoints are no output: a plan too large is refused as that, not by the disk."""
_OPEN_FILES = 4096
# beside what the plan counts: libraries, threads' stacks and arenas, what is mapped but never touched
_ADDRESS_SPACE_BYTES = 16 << 30

_log = logging.getLogger(__name__)


class _PlannedError(Exception):
    """Ends an attempt that was to plan only."""


class _Teller(Observer):
    """Tells the worker."""

    def __init__(self, stream: IO[str], checkpoints: Checkpoints, *, plan_only: bool) -> None:
        self._stream = stream
        self._checkpoints = checkpoints
        self._plan_only = plan_only
        self._stage = ""
        self._told_s = 0.0

    def say(self, message: Any) -> None:  # noqa: ANN401 - what JSON has
        """One line."""
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell the progress, not too often."""
        now = time.monotonic()
        if stage != self._stage:
            failpoints.reach(f"attempt.{stage}")
        elif done < total and now - self._told_s < _PROGRESS_INTERVAL_S:
            return
        self._stage, self._told_s = stage, now
        self.say({"progress": {"stage": stage, "done": done, "total": max(total, 1)}})

    def planned(self, outline: Outline) -> None:
        """Tell the plan."""
        self.say({"plan": asdict(outline)})
        if self._plan_only:
            raise _PlannedError

    def degraded(self, stage: str, message: str) -> None:
        """Tell what is done otherwise than asked."""
        self.say({"degraded": {"stage": stage, "message": message}})

    def load(self, name: str) -> bytes | None:
        """What an earlier attempt saved."""
        return self._checkpoints.load(name)

    def save(self, name: str, value: bytes) -> None:
        """Keep for a later attempt."""
        self._checkpoints.save(name, value)


def main(arguments: list[str]) -> int:
    """Serve one job."""
    die_with_parent(int(arguments[0]))
    keep_freed_memory()
    stream = _own_stdout()
    mimetypes.init()  # opens files of the system, which is allowed as yet
    for name in _LATE:
        importlib.import_module(name)
    stream.write('{"ready": true}\n')
    stream.flush()
    for _ in load_compiled():
        if select.select([sys.stdin], [], [], 0.0)[0]:
            break
    keep_no_compiled()
    line = sys.stdin.buffer.readline()
    if not line:  # the worker has no more jobs
        return 0
    asked = AttemptRequest.from_json(json.loads(line))
    teller = _Teller(stream, Checkpoints(asked.checkpoints), plan_only=asked.plan_only)
    folders = [*(path.parent for path in asked.inputs), asked.scratch]
    if asked.panorama is not None:
        folders.append(asked.panorama)
    try:
        _confine(asked)
        failpoints.reach("attempt.start")
        _make(asked, teller)
        failpoints.reach("attempt.end")
    except _PlannedError:
        teller.say({"done": True})
    except Exception as error:  # noqa: BLE001 - whatever broke, the job must be told
        failure = failure_of(error, lambda message: without_paths(message, folders))
        _log.warning("attempt failed: %s", failure.message, exc_info=error)
        teller.say({"failure": {**asdict(failure), "metadata": dict(failure.metadata)}})
    else:
        teller.say({"done": True})
    return 0


def _make(asked: AttemptRequest, teller: _Teller) -> None:
    spec = asked.spec
    if isinstance(spec, PanoramaSpec):
        make_bundle(panorama_request(spec, asked), teller, teller)
    elif isinstance(spec, MosaicSpec):
        asked.out.mkdir()
        make_mosaic(mosaic_request(spec, asked), teller, teller)
    else:
        _draw(spec, asked, teller)


def _draw(spec: OverviewSpec, asked: AttemptRequest, teller: _Teller) -> None:
    if asked.panorama is None:
        message = "a map needs its panorama's bundle"
        raise ValueError(message)
    asked.out.mkdir()
    request = overview_request(spec, asked, asked.panorama)
    sheet = Outline(
        lines=spec.width_px,  # about: the height follows from the furniture
        samples=spec.width_px,
        bands=3,
        tiles=1,
        memory_bytes=asked.memory_bytes,
        output_bytes=4 * spec.width_px * spec.width_px + (64 << 20),
        backend="cpu",
    )
    teller.planned(sheet)
    teller("drawing", 0, 1)
    make_overview(request)
    teller("drawing", 1, 1)


def _confine(asked: AttemptRequest) -> None:
    """Leave it the inputs to read, its folders to write and no network, before it reads a byte of any input."""
    readable = [*system_paths(), *asked.inputs, compiled_folder()]
    if asked.panorama is not None:
        readable.append(asked.panorama)
    writable = [asked.scratch, asked.checkpoints]
    has_gpu = asked.backend != "cpu" and _has_gpu()
    if has_gpu:
        to_read, to_write = gpu_paths()
        readable += to_read
        writable += to_write
    tempfile.tempdir = os.environ["TMPDIR"] = str(asked.scratch)
    memory_bytes = None if has_gpu else 2 * asked.memory_bytes + _ADDRESS_SPACE_BYTES
    file_bytes = asked.most_file_bytes + _OWN_FILES_BYTES
    limits = Limits(memory_bytes=memory_bytes, file_bytes=file_bytes, open_files=_OPEN_FILES)
    confine(readable=[path for path in readable if path.exists()], writable=writable, limits=limits)


def _has_gpu() -> bool:
    try:
        cuda()
    except BackendMissingError:
        return False
    return True


def _own_stdout() -> IO[str]:
    """Keep standard output for what is told: whatever a library prints goes to standard error."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker ends it, not the terminal
    set_up_last_words()
    sys.exit(main(sys.argv[1:]))
