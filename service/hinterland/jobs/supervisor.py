"""Starts the workers of a server, starts them again when they die, and sweeps."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from hinterland.errors import HinterlandError
from hinterland.jobs.database import Database
from hinterland.jobs.devices import Post, posts
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.opening import database_url
from hinterland.jobs.sweeper import Sweeper
from hinterland.jobs.worker_settings import WorkerSettings
from hinterland.settings import Settings

_TICK_S = 0.1
_SWEEP_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LONG_LIFE_S = 60.0
_SILENCE_S = 20.0
_DRAIN_SHARE = 0.6
"""Of the drain's time, what a running job is given to end by itself; the rest is for giving it back."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seat:
    """A post and the worker on it."""

    post: Post
    process: subprocess.Popen[bytes] | None = None
    began_s: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    free_from_s: float = 0.0
    heard_s: float = 0.0
    """When it last gave a sign of life."""


class Supervisor:
    """Keeps the workers of one server running, from `start` to `stop`.

    Parameters
    ----------
    settings : Settings
        Of the server.
    database : Database
        Its database, opened.

    Raises
    ------
    CapabilityError
        If a GPU was asked for and none is there.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._seats = [_Seat(post) for post in posts(settings)]
        self._sweeper = Sweeper(
            database, DataFolders(settings.data), upload_retention_s=settings.upload_retention_s
        )
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._supervise, name="supervisor"),
            threading.Thread(target=self._sweep, name="sweeper"),
        ]

    @property
    def posts(self) -> tuple[Post, ...]:
        """Where workers work."""
        return tuple(seat.post for seat in self._seats)

    def start(self) -> None:
        """Start the workers; they take jobs once they have started."""
        for thread in self._threads:
            thread.start()

    def drain(self) -> None:
        """Have the workers take no more jobs; returns at once."""
        self._ending.set()
        for seat in self._seats:
            if seat.process is not None:
                with suppress(ProcessLookupError):
                    seat.process.terminate()

    def stop(self) -> None:
        """Drain, and wait until the workers have ended; those that do not in time are killed."""
        self.drain()
        for thread in self._threads:
            thread.join()
        until = time.monotonic() + self._settings.drain_s
        for seat in self._seats:
            if seat.process is None:
                continue
            seat.process.terminate()  # again: one may have been started while others were drained
            try:
                seat.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("worker %d does not end: killed", seat.process.pid)
                seat.process.kill()
                seat.process.wait()
            _close(seat.process)

    def _supervise(self) -> None:
        while not self._ending.wait(_TICK_S):
            for seat in self._seats:
                self._look_at(seat)

    def _look_at(self, seat: _Seat) -> None:
        now = time.monotonic()
        if seat.process is not None:
            status = seat.process.poll()
            if status is None:
                self._listen(seat, seat.process, now)
                return
            lived_s = now - seat.began_s
            seat.pause_s = (
                _FIRST_PAUSE_S if lived_s > _LONG_LIFE_S else min(2.0 * seat.pause_s, _LONGEST_PAUSE_S)
            )
            seat.free_from_s = now + seat.pause_s
            _log.warning(
                "worker %d ended with status %d; the next starts in %.1f s",
                seat.process.pid,
                status,
                seat.pause_s,
            )
            _close(seat.process)
            seat.process = None
        if now >= seat.free_from_s:
            seat.process = self._start_worker(seat.post)
            seat.began_s = seat.heard_s = now

    def _listen(self, seat: _Seat, process: subprocess.Popen[bytes], now: float) -> None:
        """Kill a worker that is stuck: halted while it wrote, it would keep all others from the database."""
        if process.stdout is not None and process.stdout.read(4096):
            seat.heard_s = now
        elif now - seat.heard_s > max(_SILENCE_S, 2.0 * self._settings.lease_s):
            _log.error("worker %d is stuck: killed", process.pid)
            process.kill()

    def _start_worker(self, post: Post) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hinterland.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": post.visible_gpus},
            start_new_session=True,  # a Ctrl-C on the server's terminal is the server's to handle
        )
        if process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
        line = worker_settings(self._settings, post).to_json() + "\n"
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(line.encode())
        return process

    def _sweep(self) -> None:
        every_s = min(self._settings.lease_s / 4.0, 5.0)
        swept_s = -float("inf")
        while not self._ending.is_set():
            try:
                self._sweeper.take_back()
                if time.monotonic() - swept_s > _SWEEP_S:
                    self._sweeper.sweep()
                    swept_s = time.monotonic()
            except (HinterlandError, OSError) as error:
                _log.warning("sweep: %s", error)
            # servers that share a database do not all ask at the same time
            self._ending.wait(every_s * random.uniform(0.75, 1.25))  # noqa: S311 - no secret


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()


def worker_settings(settings: Settings, post: Post) -> WorkerSettings:
    """What a worker is told."""
    return WorkerSettings(
        data=str(settings.data.resolve()),
        database_url=database_url(settings),
        device=post.device,
        cores=post.cores,
        backend=settings.backend if post.visible_gpus else "cpu",
        lease_s=settings.lease_s,
        heartbeat_s=settings.heartbeat_s,
        drain_s=settings.drain_s * _DRAIN_SHARE,
        owner_running_jobs=settings.owner_running_jobs,
        plan_output_bytes=settings.plan_output_bytes,
        disk_high_water=settings.disk_high_water,
        log_level=settings.log_level,
    )
