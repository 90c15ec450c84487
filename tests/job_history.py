"""Checks the history of a service against what it promises, whatever crashed meanwhile."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from job_service import Service

from hinterland.jobs.model import MOST_ATTEMPTS, TRANSITIONS, Change, State
from hinterland.jobs.schema import counter, job_events, job_results, jobs, owners


def violations(
    service: Service, acknowledged: Mapping[str, set[str]], watched: Iterable[Change]
) -> list[str]:
    """What the history breaks of I1 to I8; empty if nothing.

    Parameters
    ----------
    service : Service
        At rest: nothing works on its jobs, and it was swept.
    acknowledged : mapping
        Identifiers of jobs by request, as their submits were answered.
    watched : iterable of Change
        What a watcher was told, in order.
    """
    rows = {row.id: row for row in _all(service, jobs)}
    events = defaultdict(list)
    for event in sorted(_all(service, job_events), key=lambda event: event.sequence):
        events[event.job_id].append(event)
    found = [
        f"I1 {job_id} of {request_id} is lost"
        for request_id, ids in acknowledged.items()
        for job_id in ids
        if job_id not in rows
    ]
    found += [f"I2 {request_id} made {ids}" for request_id, ids in acknowledged.items() if len(ids) != 1]
    requests = Counter(row.request_id for row in rows.values() if row.request_id)
    found += [f"I2 {request_id} has {count} jobs" for request_id, count in requests.items() if count > 1]
    for job_id, row in rows.items():
        found += _life(row, events[job_id])
    found += _results(service, rows)
    found += _watching(events, watched)
    found += _counts(service, rows)
    return found


def _life(row: Any, events: list[Any]) -> list[str]:
    found = []
    if not events or events[0].state != State.PENDING or events[-1].state != row.state:
        found.append(f"I3 {row.id}: {[event.state for event in events]} ends as {row.state}")
    for before, after in itertools.pairwise(events):
        if State(after.state) not in TRANSITIONS[State(before.state)]:
            found.append(f"I3 {row.id}: {before.state} to {after.state}")
        if after.revision <= before.revision or after.time_s < before.time_s:
            found.append(f"I3 {row.id}: goes back in time at {after.sequence}")
    if not State(row.state).is_final:
        found.append(f"I8 {row.id} is {row.state}")
    if not 0 <= row.attempt <= MOST_ATTEMPTS:
        found.append(f"I8 {row.id} was tried {row.attempt} times")
    return found


def _results(service: Service, rows: Mapping[str, Any]) -> list[str]:
    """The manifest of each result matches the disk, and the disk has no other."""
    found = []
    manifest = defaultdict(list)
    for file in _all(service, job_results):
        manifest[file.job_id].append(file)
    named = {row.result_folder for row in rows.values() if row.state == State.SUCCEEDED}
    present = {place.name for place in service.folders.results.iterdir()}
    found += [f"I6 results/{name} is of no job" for name in present - named]
    found += [f"I4 results/{name} is gone" for name in named - present]
    for job_id, row in rows.items():
        if (row.state == State.SUCCEEDED) != bool(manifest[job_id]):
            found.append(f"I4 {job_id} is {row.state} with {len(manifest[job_id])} files")
        for file in manifest[job_id]:
            content = (service.folders.results / row.result_folder / file.path).read_bytes()
            if len(content) != file.size_bytes or hashlib.sha256(content).hexdigest() != file.sha256:
                found.append(f"I4 {job_id}: {file.path} is not what the manifest says")
    return found


def _watching(events: Mapping[str, list[Any]], watched: Iterable[Change]) -> list[str]:
    """The watcher was told each change of a state once, in order, and nothing that was not."""
    told: dict[str, list[Change]] = defaultdict(list)
    for change in watched:
        told[change.job_id].append(change)
    found = []
    for job_id, own in events.items():
        sequences = [change.sequence for change in told[job_id]]
        if sequences != sorted(set(sequences)):
            found.append(f"I7 {job_id}: told {sequences}")
        missed = {event.sequence for event in own} - set(sequences)
        if missed:
            found.append(f"I7 {job_id}: never told {sorted(missed)}")
        known = {event.sequence: event.state for event in own}
        found += [
            f"I7 {job_id}: told {change.state} for {known[change.sequence]}"
            for change in told[job_id]
            if known.get(change.sequence, change.state) != change.state
        ]
    return found


def _counts(service: Service, rows: Mapping[str, Any]) -> list[str]:
    (total,) = _all(service, counter)
    found = []
    if total.queued or total.running:
        found.append(f"I8 {total.queued} queued and {total.running} running are counted, none is")
    for owner in _all(service, owners):
        results = sum(row.result_bytes for row in rows.values() if row.owner == owner.owner)
        if owner.queued or owner.running or owner.bytes < results:
            found.append(f"I8 {owner.owner}: {owner.queued} {owner.running} {owner.bytes} counted")
    return found


def _all(service: Service, table: sa.Table) -> list[Any]:
    return list(service.database.read(lambda connection: connection.execute(sa.select(table)).all()))
