"""The table that a run prints, and the line that it keeps: machine, versions, commit, figures."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import CORES, Figure, Settings, copy_bandwidth, device_copy_bandwidth
from hinterland_kernels.backend import CPU_NAME

_ROOT = Path(__file__).parents[1]
_RESULTS = Path(__file__).parent / "results"
_PACKAGES = (
    "hinterland",
    "numpy",
    "numba",
    "scipy",
    "opencv-python-headless",
    "rasterio",
    "cupy-cuda13x",
    "cupy-cuda12x",
    "numba-cuda",
    "torch",
)


def processor() -> str:
    """The processor's name, and whether it goes without the widest registers: a virtual machine may hide them."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text()
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        if found:
            return found[1].strip() + ("" if re.search(r"\bavx512bw\b", text) else " without AVX-512")
    return platform.processor() or platform.machine()


def machine_name(settings: Settings) -> str:
    """A name for machines that compare: processor, its registers, cores and GPU."""
    parts = [processor(), f"{CORES} cores"]
    if settings.backend.device != "cpu":
        parts.append(settings.backend.device)
    return re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _git(*arguments: str) -> str | None:
    done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def results_path(settings: Settings) -> Path:
    """The file of this machine's results."""
    return _RESULTS / f"{machine_name(settings)}.jsonl"


def keep(figures: Sequence[Figure], settings: Settings, *, is_whole: bool) -> Path:
    """Append one line to the results of this machine, whole if every benchmark ran; returns the file."""
    on_gpu = settings.backend.name != CPU_NAME
    line = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine_name(settings),
        "processor": processor(),
        "cores": CORES,
        "device": settings.backend.device,
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "versions": _versions(),
        "is_whole": is_whole,
        "copy_bytes_per_s": round(copy_bandwidth()),
        "device_copy_bytes_per_s": round(device_copy_bandwidth(settings)) if on_gpu else None,
        "figures": [dataclasses.asdict(figure) for figure in figures],
    }
    _RESULTS.mkdir(exist_ok=True)
    path = results_path(settings)
    with path.open("a") as results:
        results.write(json.dumps(line) + "\n")
    return path


def rows(figures: Iterable[Figure]) -> list[str]:
    """The table, a figure a row."""
    shown = [("figure", "", "peer", "times faster", "of the floor")]
    shown += [
        (
            figure.name,
            f"{figure.value:.4g} {figure.unit}",
            figure.peer or "",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.floor is None else f"{figure.floor:.2f}",
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in shown) for column in range(5)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
