"""Compiled loops come from the cache as they were kept, and no table of Numba's compiler is filled for that."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hinterland_kernels._jit import loop

_LOOP = """
import numpy as np
from hinterland_kernels._jit import loop

@loop
def running_means(values, width):
    if width < 1:
        raise ValueError("a mean of nothing", width)
    sums = np.zeros(len(values))
    for i in range(len(values)):
        sums[i] = values[max(0, i + 1 - width) : i + 1].sum()
    return sums / width

@loop
def doubled_means(values, width):
    return 2.0 * running_means(values, width)
"""
_CALL = """
import json, sys
import numpy as np
from averages import doubled_means, running_means

means = running_means(np.arange(5.0), 2).tolist()
try:
    running_means(np.arange(5.0), 0)
except ValueError as error:
    said = list(error.args)
hits = sum(running_means.stats.cache_hits.values())
filled = "numba.np.arraymath" in sys.modules
if "more" in sys.argv:
    means = running_means(np.arange(5), 2).tolist()
if "call" in sys.argv:
    means = doubled_means(np.arange(5.0), 2).tolist()
print(json.dumps({"means": means, "said": said, "hits": hits, "filled": filled}))
"""
_KERNELS = """
import sys
import tempfile
from pathlib import Path
from hinterland.demo import examples
from hinterland.doctor import _make_maps, _make_panorama
with tempfile.TemporaryDirectory() as folder:
    for example in examples():
        _make_panorama(example, Path(folder))
    _make_maps(examples(), Path(folder))
print("numba.np.arraymath" in sys.modules)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A module with a loop, and beside it the cache."""
    (tmp_path / "averages.py").write_text(_LOOP)
    return tmp_path


def _called(folder: Path, *arguments: str) -> dict[str, object]:
    paths = [str(folder), *filter(None, sys.path)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder), "PYTHONPATH": os.pathsep.join(paths)}
    environment.pop("NUMBA_CACHE_DIR", None)
    command = [sys.executable, "-c", _CALL, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_loaded_loop_does_what_the_compiled_one_did_without_the_compilers_tables(folder: Path) -> None:
    compiled, loaded = _called(folder), _called(folder)
    assert compiled["hits"] == 0
    assert compiled["filled"]
    assert loaded["hits"] == 1
    assert not loaded["filled"]
    assert loaded["means"] == compiled["means"] == [0.0, 0.5, 1.5, 2.5, 3.5]
    assert loaded["said"] == compiled["said"] == ["a mean of nothing", 0]


def test_what_is_not_kept_is_compiled_beside_what_is_loaded_and_kept_too(folder: Path) -> None:
    _called(folder)
    assert _called(folder, "more")["means"] == [0.0, 0.5, 1.5, 2.5, 3.5]
    kept = sorted(path.name for path in folder.glob("hinterland/*/*/*.nbc"))
    assert len(kept) == 2, kept


def test_a_loop_compiled_later_has_a_loaded_one_in_it(folder: Path) -> None:
    _called(folder)
    compiled, loaded = _called(folder, "call"), _called(folder, "call")
    assert compiled["means"] == loaded["means"] == [0.0, 1.0, 3.0, 5.0, 7.0]
    assert loaded["hits"] == 1


def test_calls_with_constants_share_one_form() -> None:
    @loop
    def times(values: Any, factor: int, turns: tuple[int, int]) -> Any:
        return values * factor * turns[0] * turns[1]

    @loop
    def on_and_on(values: Any) -> Any:
        factor = 1  # a constant at first, any number then
        while factor < 3:
            values, factor = times(values, factor, (1, factor)), factor + 1
        return times(times(values, 2, (1, 1)), 3, (1, 2))

    assert on_and_on(np.ones(2)).tolist() == [48.0, 48.0]
    assert len(times.compiled.signatures) == 1  # type: ignore[attr-defined]


def test_no_loop_of_ours_needs_the_tables_once_all_are_kept() -> None:
    for _ in range(2):  # the first may compile
        done = subprocess.run([sys.executable, "-c", _KERNELS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
