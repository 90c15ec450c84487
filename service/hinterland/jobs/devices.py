"""Which workers a machine is given: one for each GPU, or one for every two cores."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import CapabilityError
from hinterland.jobs.leases import Device
from hinterland.settings import Settings

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_DEVICES = Path("/dev")
_MEMORY_SHARE = 0.75
_CORES_PER_WORKER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where a worker works."""

    device: Device
    cores: tuple[int, ...]
    """Its processors."""
    visible_gpus: str
    """CUDA_VISIBLE_DEVICES; "" shows none."""


def posts(settings: Settings) -> tuple[Post, ...]:
    """Divide this machine among its workers.

    Raises
    ------
    CapabilityError
        If a GPU was asked for and none is there.
    """
    gpus = () if settings.backend == "cpu" else gpu_names()
    if not gpus and (settings.require_gpu or settings.backend == "cuda"):
        message = (
            "no NVIDIA GPU is here: start it on a machine with one, or without require_gpu and backend = cuda"
        )
        raise CapabilityError(message)
    cores = sorted(os.sched_getaffinity(0))
    count = settings.workers or len(gpus) or max(1, len(cores) // _CORES_PER_WORKER)
    total = settings.memory_bytes or int(_MEMORY_SHARE * _memory_bytes())
    return tuple(
        Post(
            device=Device(
                node=platform.node() or "localhost",
                name=f"gpu-{gpus[number % len(gpus)]}" if gpus else "cpu",
                share_bytes=total // count,
                total_bytes=total,
            ),
            cores=tuple(cores[number::count]) or tuple(cores),
            visible_gpus=gpus[number % len(gpus)] if gpus else "",
        )
        for number in range(count)
    )


def gpu_names() -> tuple[str, ...]:
    """GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; the driver is not asked."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        return tuple(name for name in shown.split(",") if name.strip() not in {"", "-1"})
    numbers = [path.name.removeprefix("nvidia") for path in _DEVICES.glob("nvidia[0-9]*")]
    return tuple(sorted((number for number in numbers if number.isdigit()), key=int))


def _memory_bytes() -> int:
    """Of the machine, or what a container allows of it."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.is_file() else "max"
    return min(physical, int(limit)) if limit.isdigit() else physical
