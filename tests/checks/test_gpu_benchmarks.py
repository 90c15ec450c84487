"""The benchmarks of a GPU on a stand-in for one: they run, compare what they time, and queue it in order."""

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from benchmarks import energy, harness
from benchmarks.harness import Settings
from benchmarks.kernels import bench_gpu_warp
from benchmarks.service import bench_pipeline
from numpy.typing import NDArray
from stand_in_gpu import stand_in

from hinterland.publish import mosaic
from hinterland_kernels.backend import DeviceLoop


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    backend = stand_in()

    def launch(loop: DeviceLoop, *arguments: Any) -> None:
        backend.xp.launch(loop, *arguments)

    monkeypatch.setattr(DeviceLoop, "__call__", launch)
    return Settings(backend=backend, small=True)


@pytest.mark.usefixtures("no_peers")
def test_without_peers_the_warp_is_timed_alone(settings: Settings) -> None:
    figures = bench_gpu_warp.run(settings)
    assert [figure.name.split()[-1] for figure in figures] == ["uint8", "uint16", "float32"]
    assert all(figure.value > 0.0 and figure.peer is None and figure.ratio is None for figure in figures)


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "cupyx.scipy.ndimage"):
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]


def peer_of_opencv(shift_px: float) -> ModuleType:
    """`map_coordinates` by OpenCV, so far off."""

    def map_coordinates(source: Any, coordinates: Any, output: Any, **options: Any) -> None:
        assert options == {"order": 1, "mode": "constant"}
        lines, samples = coordinates.get().astype(np.float32)
        found = cv2.remap(source.get(), samples + np.float32(shift_px), lines, cv2.INTER_LINEAR)
        output.set(found)

    module = ModuleType("cupyx.scipy.ndimage")
    module.map_coordinates = map_coordinates  # type: ignore[attr-defined]
    return module


@pytest.mark.usefixtures("no_peers")
def test_a_peer_that_makes_the_same_is_timed_and_another_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cupyx.scipy.ndimage", peer_of_opencv(0.0))
    figures = bench_gpu_warp.run(settings)
    assert len(figures) == 3
    assert all(figure.peer == "cupyx map_coordinates, coordinates given" for figure in figures)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.ndimage", peer_of_opencv(1.0))
    with pytest.raises(RuntimeError, match="ours and cupyx map_coordinates, coordinates given differ"):
        bench_gpu_warp.run(settings)


class Tensor(np.ndarray[Any, Any]):
    """A tensor of torch's, as far as the benchmark looks at it."""

    def to(self, device: str) -> "Tensor":
        assert device == "cpu"
        return self

    def cpu(self) -> "Tensor":
        return self

    def numpy(self) -> NDArray[Any]:
        return np.asarray(self)


def grid_sample(source: Tensor, grid: Tensor, *, mode: str, align_corners: bool) -> Tensor:
    """As torch defines it, by OpenCV."""
    assert (mode, align_corners) == ("bilinear", True)
    _, _, lines, samples = source.shape
    sample_map, line_map = (
        (grid[0, ..., axis] + 1.0) / 2.0 * (size - 1) for axis, size in ((0, samples), (1, lines))
    )
    maps = (np.asarray(one, np.float32) for one in (sample_map, line_map))
    return cv2.remap(np.asarray(source[0, 0]), *maps, cv2.INTER_LINEAR)[None, None].view(Tensor)


@pytest.mark.usefixtures("no_peers")
def test_torch_is_given_the_same_places(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: False),
        from_numpy=lambda array: array.view(Tensor),
        nn=SimpleNamespace(functional=SimpleNamespace(grid_sample=grid_sample)),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    figures = bench_gpu_warp.run(settings)
    assert [figure.peer for figure in figures] == ["torch grid_sample, float32, coordinates given"] * 3


def test_a_job_is_timed_beside_its_parts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosaic, "choose", lambda _: settings.backend)
    (figure,) = bench_pipeline.run(settings)
    for name in ("decode_s", "copy_s", "compute_s", "encode_s", "whole_s"):
        seconds = figure.details[name]
        assert isinstance(seconds, float)
        assert seconds > 0.0
    assert figure.unit == "of the slowest part"
    device = settings.backend.xp.device
    assert device.faults == []
    assert device.default.queued == 0


def test_the_floor_is_that_of_a_copy_on_the_gpu(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert harness.device_copy_bandwidth(settings, 1 << 16) > 0.0
    assert harness.floor_share(50, 2.0, settings) is None
    monkeypatch.setattr(harness, "device_copy_bandwidth", lambda _: 100.0)
    monkeypatch.setattr(harness, "copy_bandwidth", lambda: 1.0)
    assert harness.floor_share(50, 2.0, replace(settings, small=False)) == pytest.approx(0.25)


def test_joules_are_those_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [100.0]
    monkeypatch.setattr(energy, "_LEAST_S", 0.01)
    monkeypatch.setattr(energy, "_counter", lambda: lambda: taken[0])

    def work() -> None:
        taken[0] += 2.5

    assert energy.joules_of(work) == pytest.approx(2.5)


def test_without_a_driver_there_are_no_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_counter", lambda: None)
    assert energy.joules_of(lambda: None) is None
