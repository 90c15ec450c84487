"""What services ask of the database, answered on the loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.engine import Connection

from hinterland.jobs.opening import open_database
from hinterland.rpc.backstage import Backstage
from hinterland.rpc.metrics import Metrics
from hinterland.settings import load_settings

Told = TypeVar("Told")


def doubled(number: int, connection: Connection) -> int:
    if number == 7:
        raise KeyError(number)
    return int(connection.exec_driver_sql(f"SELECT 2 * {number}").scalar_one())


def test_each_who_waits_for_a_write_is_told_of_its_own(tmp_path: Path) -> None:
    async def run(backstage: Backstage) -> list[int | BaseException]:
        works = [backstage.write(partial(doubled, number)) for number in range(300)]
        return await asyncio.gather(*works, return_exceptions=True)

    told = in_loop(tmp_path, run)
    assert isinstance(told[7], KeyError)
    assert told[:7] + told[8:] == [2 * number for number in range(300) if number != 7]


def test_one_who_gives_up_takes_nobody_along_and_a_work_not_begun_is_left(tmp_path: Path) -> None:
    begun, goes_on, done = threading.Event(), threading.Event(), []

    def hold(_: Connection) -> bool:
        begun.set()
        return goes_on.wait(60.0)

    async def run(backstage: Backstage) -> int:
        holding = asyncio.ensure_future(backstage.write(hold))
        await asyncio.to_thread(begun.wait, 60.0)  # what comes now is another group
        given_up = asyncio.ensure_future(backstage.write(lambda _: done.append("unwanted")))
        other = asyncio.ensure_future(backstage.write(partial(doubled, 4)))
        await asyncio.sleep(0)  # all are asked for
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        goes_on.set()
        assert await holding
        return await other

    assert in_loop(tmp_path, run) == 8
    assert done == []


def in_loop(folder: Path, run: Callable[[Backstage], Coroutine[Any, Any, Told]]) -> Told:
    settings = load_settings(data=folder)
    with open_database(settings) as database:
        backstage = Backstage(settings, database, Metrics())
        try:
            return asyncio.run(run(backstage))
        finally:
            backstage.close()
