"""The ingest child: opens untrusted files, confined, tells what they are in JSON lines, and ends.

`python -P -m hinterland.jobs.ingest PARENT ROOT LIMITS`, in the environment of `child_environment`. It says
{"gaps": [...]} when it is ready, takes one line {"folder": ..., "files": [...]} and answers a verdict a file.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hinterland.errors import HinterlandError
from hinterland.jobs import failpoints
from hinterland.jobs.confinement import Limits, confine, die_with_parent, system_paths
from hinterland.jobs.faults import failure_of
from hinterland.jobs.ingest.environment import ALLOWED_DRIVERS
from hinterland.jobs.ingest.values import Content, Given, IngestLimits, Role, Verdict, verdict_to_json
from hinterland.jobs.last_words import set_up_last_words
from hinterland.reasons import Failure, Reason

_TOLD_BYTES = 1 << 20
_OPEN_FILES = 128
_Judge = Callable[[Path, Given, IngestLimits, Callable[[float], None]], Content]
_MOST_CPU_S = 24 * 3600


def main(arguments: list[str]) -> int:
    """Serve one job."""
    parent, root, given_limits = arguments
    die_with_parent(int(parent))
    limits = IngestLimits(**json.loads(given_limits))
    # what the GDAL of this process does is bounded before it is loaded
    confined = confine(
        readable=[*system_paths(), Path(root)],
        limits=Limits(
            memory_bytes=limits.memory_bytes,
            cpu_s=_MOST_CPU_S,
            file_bytes=_TOLD_BYTES,
            open_files=_OPEN_FILES,
        ),
    )
    from hinterland.jobs.ingest.judge import judge  # noqa: PLC0415 - loads GDAL
    from hinterland.products.raster_examination import registered_drivers  # noqa: PLC0415 - the same

    unwanted = registered_drivers() - ALLOWED_DRIVERS
    if unwanted:
        sys.stderr.write(f"GDAL has drivers that it must not have: {', '.join(sorted(unwanted))}\n")
        return 1
    _say({"gaps": confined.gaps})
    line = sys.stdin.buffer.readline()
    if not line:  # the worker has no more jobs
        return 0
    job = json.loads(line)
    folder = Path(job["folder"])
    confine(readable=[*system_paths(), folder])
    for file in job["files"]:
        given = Given(path=file["path"], sha256=file["sha256"], role=Role(file["role"]))
        _say(verdict_to_json(_verdict(judge, folder, given, limits)))
    return 0


def _verdict(judge: _Judge, folder: Path, given: Given, limits: IngestLimits) -> Verdict:
    path = folder / given.path
    try:
        failpoints.reach("ingest.file")
        if not path.resolve().is_relative_to(folder):
            message = f"{path.name}: lies outside the job"
            return _refused(given, Failure(reason=Reason.INPUT_OUTSIDE_JOB, message=message))
        return Verdict(given=given, content=judge(path, given, limits, _allow))
    except HinterlandError as error:
        # the server's folders are no user's business
        return _refused(
            given,
            failure_of(
                error, lambda message: message.replace(f"{path.parent}/", "").replace(f"{folder}/", "")
            ),
        )
    except MemoryError:
        message = (
            f"{path.name}: takes more than {limits.memory_bytes >> 20} MiB to be read; tile or reduce it"
        )
        return _refused(given, Failure(reason=Reason.INPUT_TOO_LARGE, message=message))


def _refused(given: Given, failure: Failure) -> Verdict:
    product = given.path.rpartition("/")[2]
    return Verdict(given=given, failure=replace(failure, metadata={**failure.metadata, "product": product}))


def _allow(seconds: float) -> None:
    """Have the kernel end this process unless the next step is done by then."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (min(hard, int(time.process_time() + seconds) + 1), hard))
    failpoints.reach("ingest.step")


def _say(message: Any) -> None:  # noqa: ANN401 - what JSON has
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker ends it, not the terminal
    set_up_last_words()
    sys.exit(main(sys.argv[1:]))
