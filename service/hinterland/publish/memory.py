"""Memory of this process and of the machine that it runs on."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
# of malloc.h, and the most that it takes for the second
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_TRIMMED_BYTES = 256 << 20
_MAPPED_BYTES = 32 << 20


def resident_bytes() -> int:
    """Memory that this process holds now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak_bytes() -> int:
    """Most memory that this program has held; `getrusage` counts what started it too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def machine_bytes() -> int:
    """Memory of the machine, or what a container allows of it."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.is_file() else "max"
    return min(physical, int(limit)) if limit.isdigit() else physical


def keep_freed_memory() -> None:
    """Have the process use again what it has freed, whichever thread it was of; without effect but on glibc.

    By default each thread has a pool of its own, and of what is freed much goes back to the system: tiles then lie
    in fresh pages each time. For a map of 8192 x 8192 that was a third of all processor time.
    """
    if "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, _MAPPED_BYTES)
    mallopt(_TRIM_THRESHOLD, _TRIMMED_BYTES)
