from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from job_store import (
    DONE,
    FAILURE,
    LIMITS,
    PROGRESS,
    new_job,
    read,
    sqlite_url,
    take,
)

from hinterland.jobs.database import Database
from hinterland.jobs.leases import (
    Cancelled,
    FenceLostError,
    expire_leases,
    finish,
    heartbeat,
    is_cancelled,
    lose,
    release,
)
from hinterland.jobs.migrations import migrate
from hinterland.jobs.model import (
    MOST_ATTEMPTS,
    TRANSITIONS,
    Job,
    State,
)
from hinterland.jobs.schema import counter, job_events, jobs, owners
from hinterland.jobs.store import cancel_job, retry_job
from hinterland.reasons import RefusedError


class Lives(RuleBasedStateMachine):
    """Any order of calls by owners and workers, good and bad, against what the graph of states allows."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(sqlite_url(Path(self.folder.name)))
        migrate(self.database)
        self.known: list[str] = []
        self.held: list[Job] = []

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(owner=st.sampled_from(["ada", "bea"]))
    def create(self, owner: str) -> None:
        self.known.append(self.database.write(new_job(owner)).result().id)

    @rule(lease_s=st.sampled_from([-1.0, 30.0]))
    def claim(self, lease_s: float) -> None:
        job = take(self.database, lease_s=lease_s)
        if job is not None:
            self.held.append(job)

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        write=st.sampled_from(
            [
                lambda c, j: heartbeat(c, j.id, j.fence, progress=PROGRESS, lease_s=30.0),
                lambda c, j: finish(c, j.id, j.fence, DONE),
                lambda c, j: finish(c, j.id, j.fence, FAILURE),
                lambda c, j: (
                    finish(c, j.id, j.fence, Cancelled()) if is_cancelled(c, j.id, j.fence) else None
                ),
                lambda c, j: release(c, j.id, j.fence),
                lambda c, j: lose(c, j.id, j.fence),
            ]
        ),
    )
    def work(self, data: st.DataObject, write: Callable[[sa.Connection, Job], Any]) -> None:
        job = data.draw(st.sampled_from(self.held))
        latest = read(self.database, job)
        is_holder = latest.fence == job.fence and latest.state in {State.RUNNING, State.CANCELLING}
        try:
            self.database.write(lambda c: write(c, job)).result()
        except FenceLostError:
            assert not is_holder
        else:
            assert is_holder

    @precondition(lambda self: self.known)
    @rule(data=st.data(), owner=st.sampled_from(["ada", "bea"]), is_retry=st.booleans())
    def ask(self, data: st.DataObject, owner: str, is_retry: bool) -> None:
        name = data.draw(st.sampled_from(self.known))

        def work(connection: sa.Connection) -> Job:
            if is_retry:
                return retry_job(connection, owner, name, limits=LIMITS)
            return cancel_job(connection, owner, name)

        query = sa.select(jobs.c.owner, jobs.c.state).where(jobs.c.id == name)
        latest = self.database.read(lambda connection: connection.execute(query).one())
        is_allowed = owner == latest.owner and not (is_retry and latest.state not in {"FAILED", "CANCELLED"})
        with contextlib.nullcontext() if is_allowed else pytest.raises(RefusedError):
            self.database.write(work).result()

    @rule()
    def expire(self) -> None:
        self.database.write(expire_leases).result()

    @invariant()
    def counts_agree_and_histories_follow_the_graph(self) -> None:
        def everything(connection: sa.Connection) -> list[Any]:
            tables = (jobs, job_events, owners, counter)
            return [connection.execute(sa.select(table)).all() for table in tables]

        found, events, of_owners, (totals,) = self.database.read(everything)
        states = Counter((job.owner, job.state) for job in found)
        for owner in of_owners:
            assert owner.queued == states[owner.owner, "PENDING"]
            assert owner.running == states[owner.owner, "RUNNING"] + states[owner.owner, "CANCELLING"]
        assert totals.queued == sum(owner.queued for owner in of_owners)
        assert totals.running == sum(owner.running for owner in of_owners)
        for job in found:
            own = sorted((event for event in events if event.job_id == job.id), key=lambda e: e.sequence)
            assert own[0].state == "PENDING"
            assert own[-1].state == job.state
            for before, after in itertools.pairwise(own):
                assert State(after.state) in TRANSITIONS[State(before.state)]
                assert after.revision > before.revision
                assert after.time_s >= before.time_s
            assert (job.lease_until_s is not None) == (job.state in {"RUNNING", "CANCELLING"})
            assert (job.ended_s is not None) == State(job.state).is_final
            assert 0 <= job.attempt <= MOST_ATTEMPTS


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
