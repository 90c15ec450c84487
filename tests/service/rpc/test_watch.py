"""Watches: each change of state once and in order, of progress the latest, whatever the watcher does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_server import Caller, Running, reason_of, serving
from hypothesis import given
from hypothesis import strategies as st
from job_store import DONE, FAILURE, PROGRESS, beat, take_one
from sqlalchemy.engine import Connection

from hinterland.api.v1 import job_pb2, jobs_pb2
from hinterland.jobs.leases import finish
from hinterland.jobs.model import Change, Job, State
from hinterland.reasons import RefusedError
from hinterland.rpc import watch
from hinterland.rpc.watch import Watch


def change(sequence: int, state: State) -> Change:
    return Change(job_id="j", sequence=sequence, state=state, progress=PROGRESS, time_s=float(sequence))


async def read_all(watching: Watch) -> list[Change]:
    """What can be read without waiting."""
    found = []
    watching.end(RefusedError(watch.Reason.DRAINING, "the end"))
    with contextlib.suppress(RefusedError):
        while True:
            found.append(await watching.next())
    return found


def test_progress_that_was_not_read_gives_way_to_newer_and_states_stay() -> None:
    async def run() -> list[int]:
        watching = Watch(0)
        watching.begin([change(1, State.PENDING), change(2, State.RUNNING)])
        for sequence in range(3, 1003):
            watching.put(change(sequence, State.RUNNING))
        watching.put(change(1003, State.CANCELLING))
        watching.put(change(1004, State.CANCELLING))
        watching.put(change(1005, State.CANCELLED))
        return [one.sequence for one in await read_all(watching)]

    assert asyncio.run(run()) == [1, 2, 1002, 1003, 1004, 1005]


@given(st.data())
def test_what_comes_before_the_past_is_told_and_after_it_gives_each_state_once(data: st.DataObject) -> None:
    states = data.draw(st.lists(st.sampled_from([State.PENDING, State.RUNNING]), min_size=1, max_size=20))
    history = [change(sequence, state) for sequence, state in enumerate(states, 1)]
    past_end = data.draw(st.integers(0, len(history)))
    live_from = data.draw(st.integers(0, past_end))
    began_at = data.draw(st.integers(live_from, len(history)))
    after = data.draw(st.integers(0, len(history)))

    async def run() -> list[Change]:
        watching = Watch(after)
        for one in history[live_from:began_at]:
            watching.put(one)
        watching.begin(history[after:past_end])
        for one in history[began_at:]:
            watching.put(one)
        return await read_all(watching)

    found = asyncio.run(run())
    sequences = [one.sequence for one in found]
    assert sequences == sorted(set(sequences))
    turns = [
        one.sequence
        for before, one in zip([None, *history], history, strict=False)
        if one.sequence > after and (before is None or before.state is not one.state)
    ]
    assert set(turns) <= set(sequences)
    if after < len(history):
        assert sequences[-1] == len(history)


def test_a_watcher_that_reads_nothing_is_ended_and_not_served_without_bound() -> None:
    async def run() -> int:
        watching = Watch(0)
        watching.begin([])
        for sequence in range(1, 10 * watch.MOST_PENDING):
            watching.put(change(sequence, State.RUNNING if sequence % 2 else State.PENDING))
        return len(await read_all(watching))

    assert asyncio.run(run()) == watch.MOST_PENDING


def end(running: Running, job: Job, outcome: Any = FAILURE) -> None:
    """End a job as a worker."""

    def work(connection: Connection) -> Job:
        return finish(connection, job.id, job.fence, outcome)

    running.server.database.write(work).result()


async def followed(caller: Caller, name: str, since: int = 0) -> list[jobs_pb2.WatchJobResponse]:
    request = jobs_pb2.WatchJobRequest(name=name, start_sequence=since)
    return [response async for response in caller.jobs.WatchJob(request, metadata=caller.metadata)]


def test_a_watcher_sees_a_job_through_and_one_that_comes_late_sees_the_same_states(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path) as running:
            caller, database = running.caller(), running.server.database
            name = (await caller.submit()).name
            early = asyncio.create_task(followed(caller, name))
            job = await asyncio.to_thread(take_one, database)
            for done in range(4):
                progress = type(PROGRESS)(stage="seams", done=done, total=4, time_s=0.0)
                await asyncio.to_thread(beat, database, job, progress=progress)
            await asyncio.to_thread(end, running, job)
            seen, late = await early, await followed(caller, name)
            for told in (seen, late):
                turns = [one.state for one in told if one.state != job_pb2.Job.RUNNING]
                assert turns == [job_pb2.Job.PENDING, job_pb2.Job.FAILED]
                assert job_pb2.Job.RUNNING in {one.state for one in told}
                sequences = [one.sequence for one in told]
                assert sequences == sorted(set(sequences))
                assert [one.HasField("job") for one in told] == [False] * (len(told) - 1) + [True]
                assert told[-1].job.state == job_pb2.Job.FAILED
            assert late[-1].progress.stage == "seams"
            rest = await followed(caller, name, since=seen[0].sequence)
            assert [one.sequence for one in rest] == [one.sequence for one in late[1:]]
            assert await followed(caller, name, since=seen[-1].sequence) == []

    asyncio.run(run())


def test_a_job_that_was_retried_is_followed_past_its_first_end(tmp_path: Path) -> None:
    async def run() -> list[int]:
        async with serving(tmp_path) as running:
            caller = running.caller()
            name = (await caller.submit()).name
            await caller.jobs.CancelJob(jobs_pb2.CancelJobRequest(name=name))
            await caller.jobs.RetryJob(jobs_pb2.RetryJobRequest(name=name))
            watching = asyncio.create_task(followed(caller, name))
            job = await asyncio.to_thread(take_one, running.server.database)
            await asyncio.to_thread(end, running, job, DONE)
            return [response.state for response in await watching]

    states = job_pb2.Job
    told = [states.PENDING, states.CANCELLED, states.PENDING, states.RUNNING, states.SUCCEEDED]
    assert asyncio.run(run()) == told


def test_a_drain_sends_watchers_away_to_come_again(tmp_path: Path) -> None:
    async def run() -> str:
        async with serving(tmp_path) as running:
            caller = running.caller()
            name = (await caller.submit()).name
            responses: AsyncIterator[Any] = caller.jobs.WatchJob(jobs_pb2.WatchJobRequest(name=name))
            assert (await anext(aiter(responses))).sequence == 1
            await running.server.drain()
            with pytest.raises(grpc.aio.AioRpcError) as error:
                async for _ in responses:
                    pass
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
            return reason_of(error.value)

    assert asyncio.run(run()) == "DRAINING"


def test_a_watch_whose_client_is_gone_is_forgotten(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(tmp_path) as running:
            caller, hub = running.caller(), running.server.hub
            name = (await caller.submit()).name
            call = caller.jobs.WatchJob(jobs_pb2.WatchJobRequest(name=name))
            await anext(aiter(call))
            assert hub.open_watches == 1
            call.cancel()
            async with asyncio.timeout(10.0):
                while hub.open_watches:
                    await asyncio.sleep(0)

    asyncio.run(run())


def test_one_watch_too_many_is_refused(tmp_path: Path) -> None:
    async def run() -> str:
        async with serving(tmp_path, owner_watches=1) as running:
            caller = running.caller()
            request = jobs_pb2.WatchJobRequest(name=(await caller.submit()).name)
            first = caller.jobs.WatchJob(request)
            await anext(aiter(first))
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await anext(aiter(caller.jobs.WatchJob(request)))
            first.cancel()
            return reason_of(error.value)

    assert asyncio.run(run()) == "QUOTA_EXCEEDED"


def test_2000_watchers_at_once_are_all_told_the_end(tmp_path: Path) -> None:
    # by default a server sheds such a burst, with a status that says that the client cancelled
    async def run() -> set[int]:
        async with serving(tmp_path) as running:
            callers = [running.caller() for _ in range(4)]
            name = (await callers[0].submit()).name
            watchers = [asyncio.create_task(followed(callers[n % 4], name)) for n in range(2000)]
            async with asyncio.timeout(60.0):
                while running.server.hub.open_watches < len(watchers):
                    await asyncio.sleep(0)
            await callers[0].jobs.CancelJob(jobs_pb2.CancelJobRequest(name=name))
            return {told[-1].state for told in await asyncio.gather(*watchers)}

    assert asyncio.run(run()) == {job_pb2.Job.CANCELLED}
