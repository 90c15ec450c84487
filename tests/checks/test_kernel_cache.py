"""Compiled kernels are found on disk by the next process: none is compiled twice."""

import os
import subprocess
import sys

_WARM = "from hinterland.doctor import compile_kernels; compile_kernels()"


def _warm() -> str:
    environment = {**os.environ, "NUMBA_DEBUG_CACHE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _WARM], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_second_process_compiles_nothing() -> None:
    _warm()
    said = _warm()
    assert "data loaded" in said
    assert [line for line in said.splitlines() if "data saved" in line] == []
