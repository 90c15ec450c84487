"""A job as it is kept, and the graph of its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from hinterland.jobs.specs import Spec
from hinterland.reasons import Failure, Reason

MOST_ATTEMPTS = 3
"""Of one life of a job; a retry by the user begins a new one."""


class State(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """True if no worker will touch the job again."""
        return self in FINAL


FINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PENDING: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
        State.RUNNING: frozenset({State.PENDING, State.CANCELLING, State.SUCCEEDED, State.FAILED}),
        # a result that was published before the worker heard of the cancel stands
        State.CANCELLING: frozenset({State.CANCELLED, State.SUCCEEDED, State.FAILED}),
        State.SUCCEEDED: frozenset(),
        State.FAILED: frozenset({State.PENDING}),  # by a retry of the user
        State.CANCELLED: frozenset({State.PENDING}),  # the same
    }
)
"""Which states may follow which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """How much of a stage is done."""

    stage: str
    """Its name."""
    done: int
    """Units finished."""
    total: int
    """Units of the stage."""
    time_s: float
    """When, seconds since 1970 by the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary:
    """What a plan says of a job."""

    lines: int = 0
    samples: int = 0
    bands: int = 0
    tiles: int = 0
    memory_bytes: int = 0
    output_bytes: int = 0
    backend: str = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """Something done otherwise than asked, at no cost in correctness."""

    stage: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file of a result."""

    path: str
    """Below the result's folder, parts joined by "/"."""
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it is kept. Times are seconds since 1970 by the database's clock."""

    id: str
    owner: str
    spec: Spec
    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    max_run_s: float
    """The longest attempt."""
    ttl_s: float
    """How long it is kept after its end."""
    state: State
    sequence: int
    """Counts its changes, from 1."""
    progress: StageProgress | None = None
    attempt: int = 0
    """Attempts of this life."""
    fence: int = 0
    """Counts the claims; who writes as a worker must hold the latest."""
    failure: Failure | None = None
    plan: PlanSummary | None = None
    degraded: tuple[Degradation, ...] = ()
    created_s: float
    started_s: float | None = None
    ended_s: float | None = None
    expires_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a job, as watchers are told."""

    job_id: str
    sequence: int
    state: State
    progress: StageProgress | None
    time_s: float
