"""What a process that touches untrusted bytes may still do: read some folders, write others, within limits.

A child confines itself, in this order: `die_with_parent` first; `confine` while it has one thread, with the folder
that all jobs share; and, once it knows its job, `confine` again with the job's own folders. Each call takes more
away and none gives back. Threads that started before a call keep their files, so a child must not have made any
by the first call; `Confinement.threads` tells.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hinterland.jobs.landlock import restrict
from hinterland.jobs.seccomp import refuse_calls

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/fs/cgroup",
    "/dev/urandom",
)
_GPU_READABLE = ("/sys/bus/pci", "/sys/devices", "/sys/module", "/proc/driver/nvidia", "/proc/devices")
_GPU_WRITABLE = ("nvidia*", "nvidia-caps/*", "nvgpu*", "shm")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of a process; None leaves what is."""

    memory_bytes: int | None = None
    """Address space; CUDA maps more of it than any machine has memory."""
    cpu_s: int | None = None
    """Processor time of all threads, from the process' start."""
    file_bytes: int | None = None
    """Of a file that it writes."""
    open_files: int | None = None
    """Descriptors open at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What holds of a process from now on."""

    landlock_abi: int
    """Version of the kernel's rules on files; 0 where it has none."""
    has_seccomp: bool
    """True if sockets and programs are refused."""
    threads: int
    """Of the process when it was confined; the rules on files bind only the calling one and what it starts."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """What does not hold, for the operator."""
        found = []
        if self.landlock_abi == 0:
            found.append("files outside the job's folder are not refused: the kernel has no Landlock")
        elif self.threads > 1:
            found.append(f"{self.threads - 1} threads keep their files: they ran before")
        if not self.has_seccomp:
            found.append("sockets are not refused: the kernel filters no system calls")
        return tuple(found)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    Parameters
    ----------
    parent : int
        Process that is expected to be the parent: where it has died already, this process ends at once.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def confine(
    *, readable: Iterable[Path] = (), writable: Iterable[Path] = (), limits: Limits | None = None
) -> Confinement:
    """Take away all but some folders, the limits' resources, and the calls that need neither.

    Parameters
    ----------
    readable : iterable of Path
        Folders and files, `system_paths()` among them where Python still has to import.
    writable : iterable of Path
        The same, to be written too.
    limits : Limits, optional
        Resources; core files are never written.

    Returns
    -------
    Confinement
        What the kernel could do; what it could not is also logged as a warning.

    Raises
    ------
    OSError
        If the kernel knows the means and refuses them.
    """
    _limit(limits or Limits())
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    applied = Confinement(
        threads=len(list(Path("/proc/self/task").iterdir())),
        landlock_abi=restrict(readable, writable),
        has_seccomp=refuse_calls(),
    )
    for gap in applied.gaps:
        _log.warning("confinement: %s", gap)
    return applied


def system_paths() -> tuple[Path, ...]:
    """What Python, its packages and the system's libraries are read from.

    Start children with `python -P`: the folder that they start in is then not among Python's.
    """
    installed = {
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        *site.getsitepackages(),
        *sysconfig.get_paths().values(),
        *sys.path,
    }
    return tuple(Path(path).resolve() for path in (*_SYSTEM, *sorted(installed - {""})) if path != "/")


def gpu_paths() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """What CUDA reads, and the devices that it writes."""
    devices = [device for pattern in _GPU_WRITABLE for device in Path("/dev").glob(pattern)]
    return tuple(Path(path) for path in _GPU_READABLE), tuple(devices)


def _limit(limits: Limits) -> None:
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        if value is None:
            continue
        _, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
