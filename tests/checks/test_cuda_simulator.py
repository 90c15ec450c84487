"""The tests of the CUDA kernels, run in Numba's simulator: each thread of a kernel is a thread of Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNEL_TESTS = sorted((ROOT / "tests" / "kernels").rglob("test_cuda.py"))


@pytest.mark.parametrize("tests", KERNEL_TESTS, ids=lambda path: path.parent.name)
def test_the_kernels_agree_with_their_twins_in_the_simulator(tests: Path) -> None:
    # a process of its own: Numba chooses device or simulator when numba.cuda is imported.
    # The simulator calls formulas as plain Python, so they must not be compiled
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "--run-cuda", "-m", "cuda", str(tests)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    summary = run.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"\d+ passed in .*", summary), summary


def test_there_are_kernel_tests_to_simulate() -> None:
    assert {path.parent.name for path in KERNEL_TESTS} >= {"warp", "blend", "stack"}
