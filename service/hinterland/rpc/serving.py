"""The process of `hinterland serve`: from the first line to the last."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hinterland.errors import InputError
from hinterland.jobs import logs
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.supervisor import Supervisor
from hinterland.rpc.server import Server
from hinterland.settings import Settings

LOCK = "server.lock"
"""File of run/ that a server holds while it has the data."""
_SWITCH_S = 0.0005
"""The loop gives its turn away at each system call; by default a busy writer would then keep it for 5 ms."""
_YOUNG_OBJECTS = 20_000
"""Made before the collector looks for cycles among them; by default it does so several times a call."""
_ENDING = (signal.SIGTERM, signal.SIGINT)


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal asks to end; a second one ends at once.

    Parameters
    ----------
    settings : Settings
        Of the server.
    announce : callable
        Told the address when calls are taken.

    Raises
    ------
    HinterlandError
        If the server cannot start; the message says what to change.
    """
    logs.set_up(settings.log_level)
    with _alone(settings):
        asyncio.run(_serve(settings, announce))


def steady() -> None:
    """Keep the interpreter's own pauses short; call it when the server has started."""
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()  # modules stay, and need not be looked through while calls wait
    gc.set_threshold(_YOUNG_OBJECTS)


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    ending = asyncio.Event()

    def end(number: int) -> None:
        if ending.is_set():
            os._exit(128 + number)
        ending.set()

    for number in _ENDING:
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    server = Server(settings)
    address = await server.start()
    try:
        supervisor = Supervisor(settings, server.database)
        supervisor.start()
        logs.logger().info("serving", address=address)
        announce(address)
        steady()
        await ending.wait()
        logs.logger().info("draining", seconds=settings.drain_s)
        await server.drain()
        supervisor.drain()
        await asyncio.gather(server.finish_calls(settings.drain_s), asyncio.to_thread(supervisor.stop))
    finally:
        await server.close()
    logs.logger().info("ended")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the data against a second server of this machine."""
    folders = DataFolders(settings.data)
    folders.make()
    with (folders.run / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"{settings.data} is another server's: end that one, or choose another --data"
            raise InputError(message) from None
        yield
