"""Files inspected as a worker has it done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from hinterland.jobs.ingest import Given, Ingest, IngestLimits, Role, Verdict


def laid_out(inputs: Path, files: Sequence[tuple[Path, Role]]) -> list[Given]:
    """Files as the inputs of a job: inputs/N/NAME."""
    given = []
    for number, (path, role) in enumerate(files):
        place = inputs / str(number) / path.name
        place.parent.mkdir(parents=True)
        place.write_bytes(path.read_bytes())
        digest = hashlib.sha256(place.read_bytes()).hexdigest()
        given.append(Given(path=f"{number}/{path.name}", sha256=digest, role=role))
    return given


def inspect(
    root: Path, files: Sequence[tuple[Path, Role]], limits: IngestLimits | None = None
) -> list[Verdict]:
    """Lay files out under a root and have a child judge them."""
    given = laid_out(root / "inputs", files)
    with Ingest(root) as ingest:
        return ingest.inspect(root / "inputs", given, limits or IngestLimits())
