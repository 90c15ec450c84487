"""The demonstration as its user meets it: two Opportunity frames, from start to bundle, as a process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Figure, Settings, run_process

_PAIR = Path(__file__).parents[2] / "examples" / "mer_navcam_pair"


def run(settings: Settings) -> list[Figure]:
    """Seconds, with compiled kernels in the cache; small makes the panorama at two pixels a degree."""
    frames = sorted(str(path) for path in _PAIR.glob("1N*.IMG"))
    runs, report = [], {}
    for _ in range(1 if settings.small else 4):
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder) / "bundle"
            command = [sys.executable, "-m", "hinterland.cli", "panorama", *frames, "-o", str(bundle)]
            command += ["--progress", "none", "--backend", settings.backend.name]
            runs.append(run_process([*command, *(["--scale", "2"] if settings.small else [])]))
            report = json.loads((bundle / "panorama.json").read_text())
    warm = runs[1:] or runs  # the first run may compile
    pixels = report["projection"]["lines"] * report["projection"]["samples"]
    details: dict[str, float | str | None] = {
        "first_s": runs[0].seconds,
        "cpu_s": statistics.median(one.cpu_seconds for one in warm),
        "peak_rss_mib": max(one.peak_rss_bytes for one in warm) / 2**20,
        "panorama_mpix": pixels / 1e6,
        "tie_points": report["residuals"]["tie_points"],
        "residual_median_px": report["residuals"]["median_px"],
        **{f"{stage}_s": seconds for stage, seconds in report["timing_s"].items()},
    }
    seconds = statistics.median(one.seconds for one in warm)
    first_tile = statistics.median(_seconds_to_tiles(frames, settings) for _ in range(settings.rounds))
    return [
        Figure(name="demo pair, start to bundle", value=seconds, unit="s", details=details),
        Figure(name="demo pair, start to the first tile's begin", value=first_tile, unit="s"),
    ]


def _seconds_to_tiles(frames: list[str], settings: Settings) -> float:
    """Wall time until the command says that it makes tiles; it is ended there."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hinterland.cli", "panorama", *frames, "-o", str(Path(folder) / "b")]
        command += ["--progress", "json", "--backend", settings.backend.name]
        start = time.perf_counter()
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr or ():
                if json.loads(line)["stage"] == "blending":
                    seconds = time.perf_counter() - start
                    process.terminate()
                    return seconds
    message = f"{' '.join(command)}: no tiles were made"
    raise RuntimeError(message)
