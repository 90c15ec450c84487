"""Every benchmark still runs: once, small, with nothing kept. What it measures is not judged here."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import ON_ONE_BACKEND

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem.removeprefix("bench_") for path in (ROOT / "benchmarks").glob("*/bench_*.py"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def kept() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (ROOT / "benchmarks" / "results").glob("*.jsonl")}


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_small_and_keeps_nothing(name: str) -> None:
    before = kept()
    done = run("--small", "--only", name)
    assert done.returncode == 0, done.stderr
    head, *figures = done.stdout.strip().splitlines()
    if ON_ONE_BACKEND.get(name) == "cuda":
        assert (head, figures) == (f"{name}: runs with --backend cuda alone", [])
    else:
        assert head.split()[0] == "figure"
        assert figures
    assert kept() == before


def test_there_are_benchmarks_of_kernels_and_of_the_command() -> None:
    assert {"camera", "lattice", "warp", "blend", "demo", "rephotographed"} <= set(NAMES)
    assert set(ON_ONE_BACKEND) <= set(NAMES)


def test_a_benchmark_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = run("--only", "nonsense")
    assert done.returncode == 2
    assert "invalid choice: 'nonsense'" in done.stderr
    assert "warp" in done.stderr
