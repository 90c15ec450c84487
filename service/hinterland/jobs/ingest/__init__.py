"""Ingest: untrusted files are opened first by a short-lived child that can do no harm.

A worker makes one `Ingest(root)` where root holds the folders of all jobs, calls `warm` when it is idle, and
`inspect(folder, files, limits, watch)` for each attempt; files come of `given_files(spec)`. Every verdict with a
failure fails the job, which is not tried again. `verdict_to_json` keeps verdicts for the next attempt.

What runs the engine afterwards takes the same `child_environment`, and confines itself by
`hinterland.jobs.confinement`.
"""

from hinterland.jobs.ingest.environment import ALLOWED_DRIVERS, child_environment
from hinterland.jobs.ingest.inspection import Ingest, IngestError
from hinterland.jobs.ingest.values import (
    Content,
    Given,
    IngestLimits,
    Role,
    Verdict,
    given_files,
    verdict_from_json,
    verdict_to_json,
)

__all__ = [
    "ALLOWED_DRIVERS",
    "Content",
    "Given",
    "Ingest",
    "IngestError",
    "IngestLimits",
    "Role",
    "Verdict",
    "child_environment",
    "given_files",
    "verdict_from_json",
    "verdict_to_json",
]
