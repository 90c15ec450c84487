import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hinterland.publish import memory


def test_the_peak_holds_what_was_let_go_again() -> None:
    before = memory.resident_bytes()
    # the allocator could give what the process holds already
    with mmap.mmap(-1, 64 << 20) as block:
        for page in range(0, len(block), mmap.PAGESIZE):
            block[page] = 1
        assert memory.resident_bytes() > before + (60 << 20)
    assert memory.resident_bytes() < before + (10 << 20)
    assert memory.peak_bytes() > before + (60 << 20)


def test_the_peak_is_not_that_of_the_process_that_started_this_one() -> None:
    block = np.ones(256 << 20, np.uint8)
    code = "from hinterland.publish.memory import peak_bytes; print(peak_bytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < block.nbytes


def test_what_one_thread_frees_is_kept_for_another() -> None:
    code = """
import threading
import numpy as np
from hinterland.publish.memory import keep_freed_memory, peak_bytes, resident_bytes
keep_freed_memory()
before = resident_bytes()
for _ in range(4):
    thread = threading.Thread(target=np.ones, args=(20 << 20, np.uint8))
    thread.start()
    thread.join()
print(resident_bytes() - before, peak_bytes() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, most = map(int, done.stdout.split())
    assert kept > 19 << 20
    assert most < 40 << 20


@pytest.mark.parametrize(("limit", "allowed"), [("1048576\n", 1 << 20), ("max\n", None), (None, None)])
def test_a_container_has_no_more_than_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, allowed: int | None
) -> None:
    file = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_CGROUP_LIMIT", file)
    physical = memory.machine_bytes()
    if limit is not None:
        file.write_text(limit)
    assert memory.machine_bytes() == (allowed or physical)
    assert physical > memory.resident_bytes()
