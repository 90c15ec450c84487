"""What the child that runs the engine is asked for: one line of JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hinterland.jobs.specs import Spec, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRequest:
    """One attempt, or one plan."""

    spec: Spec
    """What to make."""
    inputs: tuple[Path, ...]
    """The files of the spec, in the order of `input_files`; only read."""
    panorama: Path | None = None
    """Bundle that a map is drawn of; only read."""
    scratch: Path
    """Folder that may be written; it exists."""
    checkpoints: Path
    """Folder of what an earlier attempt of the job left, and this one may leave; it exists."""
    memory_bytes: int
    """Resident memory to stay within."""
    backend: str
    """"auto", "cpu" or "cuda"."""
    most_file_bytes: int
    """The largest file that may be written."""
    plan_only: bool = False
    """End once the plan is told."""

    @property
    def out(self) -> Path:
        """Folder of the result, which the attempt makes."""
        return self.scratch / "out"

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.spec.kind,
            "spec": to_json(self.spec),
            "inputs": [str(path) for path in self.inputs],
            "panorama": None if self.panorama is None else str(self.panorama),
            "scratch": str(self.scratch),
            "checkpoints": str(self.checkpoints),
            "memory_bytes": self.memory_bytes,
            "backend": self.backend,
            "most_file_bytes": self.most_file_bytes,
            "plan_only": self.plan_only,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Read what `to_json` made."""
        return cls(
            spec=from_json(kept["kind"], kept["spec"]),
            inputs=tuple(Path(path) for path in kept["inputs"]),
            panorama=None if kept["panorama"] is None else Path(kept["panorama"]),
            scratch=Path(kept["scratch"]),
            checkpoints=Path(kept["checkpoints"]),
            memory_bytes=kept["memory_bytes"],
            backend=kept["backend"],
            most_file_bytes=kept["most_file_bytes"],
            plan_only=kept["plan_only"],
        )
