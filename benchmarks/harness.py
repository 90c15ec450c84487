"""How benchmarks measure: paired runs, ceilings of the machine, and figures."""

from __future__ import annotations

import compileall
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np

from hinterland_kernels.backend import CPU_NAME, Backend

CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run was asked for."""

    backend: Backend
    """What the kernels run on."""
    small: bool = False
    """True to run everything once on little data: does it still work?"""

    @property
    def rounds(self) -> int:
        """How often each pair of runs is made."""
        return 1 if self.small else 7

    def finish(self) -> None:
        """Wait until the backend has done all that it was given."""
        if self.backend.name != CPU_NAME and self.backend.xp is not np:
            self.backend.xp.cuda.runtime.deviceSynchronize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    """What was measured."""
    value: float
    """In units of `unit`."""
    unit: str
    """Of the value."""
    peer: str | None = None
    """What it was compared with; None without a peer."""
    ratio: float | None = None
    """How many times faster than the peer: the median of the pairwise ratios."""
    floor: float | None = None
    """Share of the time that moving the least bytes takes at the measured copy bandwidth; 1 is the limit."""
    details: dict[str, float | str | None] = field(default_factory=dict)
    """More of it, for the kept line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Seconds of two functions that ran in turns."""

    ours_s: float
    """Median."""
    peer_s: float
    """Median."""
    ratio: float
    """Median of peer over ours, pair by pair."""


def seconds_of(function: Callable[[], object]) -> float:
    """Wall time of one call, s."""
    os.sync()  # what one side left unwritten must not keep the other's files waiting
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def paired(ours: Callable[[], object], peer: Callable[[], object], rounds: int) -> Pair:
    """Run two functions in turns, once each to warm up and then `rounds` times.

    Pairs see the same state of a shared machine, so their ratios are steadier than the times.
    """
    ours()
    peer()
    times = [(seconds_of(ours), seconds_of(peer)) for _ in range(rounds)]
    return Pair(
        ours_s=statistics.median(mine for mine, _ in times),
        peer_s=statistics.median(theirs for _, theirs in times),
        ratio=statistics.median(theirs / mine for mine, theirs in times),
    )


def in_threads(function: Callable[[int], object], pieces: Iterable[int]) -> None:
    """Call a function that releases the interpreter lock on every piece, on all cores."""
    with ThreadPoolExecutor(CORES) as pool:
        for _ in pool.map(function, pieces):
            pass


@functools.cache
def copy_bandwidth(size_bytes: int = 1 << 28) -> float:
    """Bytes a second, reading and writing counted, of a copy in memory on all cores: the best of five."""
    share = size_bytes // CORES
    source = np.ones((CORES, share), np.uint8)
    target = np.zeros_like(source)

    def copy(piece: int) -> None:
        np.copyto(target[piece], source[piece])

    best = min(seconds_of(lambda: in_threads(copy, range(CORES))) for _ in range(5))
    return 2.0 * source.size / best


@functools.cache
def device_copy_bandwidth(settings: Settings, size_bytes: int = 1 << 30) -> float:
    """The same of a copy in the memory of a GPU."""
    source = settings.backend.xp.zeros(size_bytes, dtype=np.uint8)
    target = settings.backend.xp.empty_like(source)

    def copy() -> None:
        settings.backend.xp.copyto(target, source)
        settings.finish()

    copy()
    best = min(seconds_of(copy) for _ in range(5))
    return 2.0 * size_bytes / best


def floor_share(least_bytes: int, seconds: float, settings: Settings) -> float | None:
    """Share of the seconds that moving the bytes takes at least; None where little data says nothing."""
    if settings.small:
        return None
    on_cpu = settings.backend.name == CPU_NAME
    return least_bytes / (copy_bandwidth() if on_cpu else device_copy_bandwidth(settings)) / seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRun:
    """One run of a command."""

    seconds: float
    """Wall time."""
    cpu_seconds: float
    """User and system time, its children included."""
    peak_rss_bytes: int
    """Largest resident set."""


# a process starts with the peak of the one that started it: a small one comes between
_RUNNER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
told = [os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
with open(sys.argv[1], "w") as file:
    json.dump(told, file)
process.returncode = 0
"""


@functools.cache
def _keep_bytecode() -> None:
    """Compile our sources, as pip does when it installs a wheel: the environment may have Python keep nothing."""
    for package in ("hinterland", "hinterland_kernels", "benchmarks"):
        spec = find_spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            compileall.compile_dir(folder, quiet=2)


def run_process(command: Sequence[str]) -> ProcessRun:
    """Run a command to its end.

    Raises
    ------
    RuntimeError
        If it fails; the message holds the end of what it wrote.
    """
    _keep_bytecode()
    os.sync()  # as `seconds_of`
    with tempfile.NamedTemporaryFile() as told, tempfile.TemporaryFile() as output:
        runner = [sys.executable, "-S", "-c", _RUNNER, told.name, *command]
        subprocess.run(runner, stdout=output, stderr=subprocess.STDOUT, check=True)
        status, seconds, cpu_seconds, peak_kib = json.loads(told.read())
        if status != 0:
            output.seek(0)
            said = output.read()[-2000:].decode(errors="replace")
            message = f"{' '.join(command)}: exit {status}: {said}"
            raise RuntimeError(message)
    return ProcessRun(seconds=seconds, cpu_seconds=cpu_seconds, peak_rss_bytes=peak_kib * 1024)
