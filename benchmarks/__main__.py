"""Run the benchmarks: `python -m benchmarks [--small] [--only NAME] [--backend cpu|cuda]`."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks.harness import Figure, Settings
from benchmarks.page import read_results, write_page
from benchmarks.record import keep, results_path, rows
from benchmarks.regression import latest, slower
from hinterland.publish.memory import keep_freed_memory
from hinterland_kernels.backend import CPU_NAME, CUDA_NAME, BackendMissingError, choose

_FOLDER = Path(__file__).parent
BENCHMARKS = {
    path.stem.removeprefix("bench_"): ".".join(path.relative_to(_FOLDER.parent).with_suffix("").parts)
    for path in sorted(_FOLDER.glob("*/bench_*.py"))
}
"""Modules by name; each has `run(settings) -> list[Figure]`."""
ON_ONE_BACKEND = {
    "gpu_warp": CUDA_NAME,
    **dict.fromkeys(
        ("blend_files", "camera", "cog", "cylinder", "feather", "lattice", "service", "warp_map"), CPU_NAME
    ),
}
"""Backends by the names of those that measure what runs on one alone."""


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--small", action="store_true", help="once, on little data; nothing is kept")
    parser.add_argument(
        "--only", action="append", choices=sorted(BENCHMARKS), metavar="NAME", help="|".join(BENCHMARKS)
    )
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args(arguments)
    try:
        settings = Settings(backend=choose(options.backend), small=options.small)
    except BackendMissingError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 3
    keep_freed_memory()  # as the command and every worker do; peers in this process have it too
    figures: list[Figure] = []
    for name in options.only or BENCHMARKS:
        if ON_ONE_BACKEND.get(name, options.backend) != options.backend:
            print(f"{name}: runs with --backend {ON_ONE_BACKEND[name]} alone", end="\n\n", flush=True)
            continue
        found: list[Figure] = importlib.import_module(BENCHMARKS[name]).run(settings)
        print("\n".join(rows(found)), end="\n\n", flush=True)
        figures += found
    if settings.small:
        return 0
    path = results_path(settings)
    before = latest(read_results(path)) if path.exists() else {}
    print(f"kept in {keep(figures, settings, is_whole=not options.only)}, shown in {write_page()}")
    lost = slower(figures, before)
    for line in lost:
        print(f"benchmarks: slower than before: {line}", file=sys.stderr)
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
