"""The child of a job loads what others compiled, and keeps nothing that a job made it compile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_CALL = """
import numpy as np
from hinterland_kernels.pyramid import halve
halve(np.ones((1, 8, 8), np.uint8), np.ones((8, 8), np.bool_))
"""
_LOAD = """
from hinterland.jobs.compiled_loops import load_compiled
from hinterland_kernels.pyramid import _cpu
loaded = list(load_compiled())
for name in loaded:
    loop = getattr(_cpu, name)
    assert loop.signatures, name
    assert (sum(loop.stats.cache_hits.values()), sum(loop.stats.cache_misses.values())) == (1, 0), name
print(*loaded)
"""
_COMPILE = """
from numba.core import caching
from hinterland.jobs.compiled_loops import keep_no_compiled
def refused(*_):
    raise PermissionError("confined")
caching.Cache.save_overload = refused
keep_no_compiled()
"""


def test_what_the_cache_holds_is_loaded_without_a_call_and_without_compiling(tmp_path: Path) -> None:
    assert _said(_LOAD, tmp_path) == ""
    _said(_CALL, tmp_path)
    kept = {path.name.split("-")[0].rpartition(".")[2] for path in tmp_path.rglob("*.nbi")}
    assert kept
    assert set(_said(_LOAD, tmp_path).split()) == kept


def test_a_damaged_cache_is_left_to_the_jobs_that_need_it(tmp_path: Path) -> None:
    _said(_CALL, tmp_path)
    (index,) = tmp_path.rglob("*.nbi")
    index.write_bytes(index.read_bytes()[:-20])
    assert _said(_LOAD, tmp_path) == ""


def test_a_loop_that_may_not_be_kept_is_used_all_the_same(tmp_path: Path) -> None:
    _said(_COMPILE + _CALL, tmp_path)
    assert list(tmp_path.rglob("*.nbi")) == []


def _said(script: str, cache: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
