from __future__ import annotations

import os
from pathlib import Path

import pytest

from hinterland.errors import CapabilityError
from hinterland.jobs import devices
from hinterland.jobs.devices import gpu_names, posts
from hinterland.settings import Settings


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores, whose devices are files of the folder."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_DEVICES", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    return tmp_path


def add_gpus(machine: Path, count: int) -> None:
    for name in (*(f"nvidia{number}" for number in range(count)), "nvidia-uvm", "nvidiactl"):
        (machine / name).touch()


def test_without_a_gpu_every_two_cores_have_a_worker(machine: Path) -> None:
    found = posts(Settings(data=machine, memory_bytes=800))
    assert [post.cores for post in found] == [(0, 4), (1, 5), (2, 6), (3, 7)]
    assert {(post.device.name, post.visible_gpus) for post in found} == {("cpu", "")}
    assert {(post.device.share_bytes, post.device.total_bytes) for post in found} == {(200, 800)}


def test_each_gpu_has_a_worker_that_sees_no_other(machine: Path) -> None:
    add_gpus(machine, 11)
    found = posts(Settings(data=machine))
    assert [post.visible_gpus for post in found] == [str(number) for number in range(11)]
    assert all(post.cores for post in found)


def test_gpus_that_were_hidden_are_not_used(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_gpus(machine, 4)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,GPU-aaaa")
    assert gpu_names() == ("1", "GPU-aaaa")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert gpu_names() == ()


def test_a_count_of_workers_is_obeyed(machine: Path) -> None:
    add_gpus(machine, 2)
    assert [post.visible_gpus for post in posts(Settings(data=machine, workers=3))] == ["0", "1", "0"]
    assert len(posts(Settings(data=machine, workers=12, backend="cpu"))) == 12


@pytest.mark.parametrize("options", [{"require_gpu": True}, {"backend": "cuda"}])
def test_a_missing_gpu_that_was_asked_for_is_an_error(machine: Path, options: dict[str, object]) -> None:
    with pytest.raises(CapabilityError, match="GPU"):
        posts(Settings(data=machine, **options))
