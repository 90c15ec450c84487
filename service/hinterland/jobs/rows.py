"""Between rows of the tables and values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping

from hinterland.jobs.model import Change, Degradation, Job, PlanSummary, StageProgress, State
from hinterland.jobs.specs import Spec, from_json
from hinterland.reasons import Failure, Reason

Row = RowMapping | Mapping[str, Any]
"""Values by the names of columns."""


def job_of(row: Row, spec: Spec | None = None) -> Job:
    """The job of a row of `jobs`, whose spec need not be read where it is at hand."""
    return Job(
        id=row["id"],
        owner=row["owner"],
        spec=from_json(row["kind"], row["spec"]) if spec is None else spec,
        title=row["title"],
        labels=json.loads(row["labels"]),
        max_run_s=row["max_run_s"],
        ttl_s=row["ttl_s"],
        state=State(row["state"]),
        sequence=row["sequence"],
        progress=progress_of(row),
        attempt=row["attempt"],
        fence=row["fence"],
        failure=_failure_of(row["failure"]),
        plan=None if row["plan"] is None else PlanSummary(**json.loads(row["plan"])),
        degraded=_degraded_of(row["degraded"]),
        created_s=row["created_s"],
        started_s=row["started_s"],
        ended_s=row["ended_s"],
        expires_s=row["expires_s"],
    )


def change_of(row: Row, job_id: str, time_s: float) -> Change:
    """The change that a row of `job_events` or `jobs` tells."""
    return Change(
        job_id=job_id,
        sequence=row["sequence"],
        state=State(row["state"]),
        progress=progress_of(row),
        time_s=time_s,
    )


def progress_of(row: Row) -> StageProgress | None:
    """The progress of a row; None before the first stage."""
    if row["stage"] is None:
        return None
    return StageProgress(stage=row["stage"], done=row["done"], total=row["total"], time_s=row["progress_s"])


def failure_text(failure: Failure) -> str:
    """A failure as it is kept."""
    kept = {
        "reason": failure.reason,
        "message": failure.message,
        "metadata": dict(failure.metadata),
    }
    return _text(kept)


def plan_text(plan: PlanSummary) -> str:
    """A plan as it is kept."""
    return _text(asdict(plan))


def degraded_text(degraded: Iterable[Degradation]) -> str:
    """Degradations as they are kept."""
    return _text([asdict(one) for one in degraded])


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as they are kept: equal labels give equal texts."""
    return _text(dict(labels))


def _text(value: Any) -> str:  # noqa: ANN401 - what JSON has
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _failure_of(text: str | None) -> Failure | None:
    if text is None:
        return None
    kept = json.loads(text)
    return Failure(reason=Reason(kept["reason"]), message=kept["message"], metadata=kept["metadata"])


def _degraded_of(text: str) -> tuple[Degradation, ...]:
    return tuple(
        Degradation(stage=one["stage"], reason=Reason(one["reason"]), message=one["message"])
        for one in json.loads(text)
    )
