"""Whole runs on a stand-in for a GPU: host, device and streams are never mixed up, and all is waited for."""

import gc
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from map_rasters import STEREO, WEST, from_origin, read_raster, smooth, write_raster
from numpy.typing import NDArray
from short_memory import Listener
from stand_in_gpu import DeviceArray, stand_in

from hinterland.demo import examples
from hinterland.publish import mosaic, panorama
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest
from hinterland_kernels.backend import CPU, Backend, DeviceLoop
from hinterland_kernels.blend import _cuda


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    backend = stand_in()
    run_loops(backend, monkeypatch)
    yield backend
    assert_all_was_waited_for(backend)


def assert_all_was_waited_for(backend: Backend) -> None:
    """Nothing is left in a queue, and nothing ever was in the default one, for which streams do not wait."""
    gc.collect()
    device = backend.xp.device
    assert device.faults == []
    assert all(stream.done == stream.queued for stream in device.streams)
    assert device.default.queued == 0


def run_loops(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(loop: DeviceLoop, *arguments: Any) -> None:
        backend.xp.launch(loop, *arguments)

    monkeypatch.setattr(DeviceLoop, "__call__", launch)


def samples_of(path: Path) -> NDArray[np.int64]:
    with rasterio.open(path) as dataset:
        return np.where(dataset.dataset_mask() > 0, dataset.read(), -1).astype(np.int64)


def differ(one: Path, other: Path) -> float:
    """Share of the samples that differ; by more than 1, and one that only one of them has, is a failure."""
    apart = np.abs(samples_of(one) - samples_of(other))
    # the CPU blends 8 bits by sums of 16, the GPU by floats
    assert apart.max() <= 1
    return float((apart > 0).mean())


def test_a_panorama_never_mixes_host_and_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: Backend
) -> None:
    for backend in (CPU, gpu):
        monkeypatch.setattr(panorama, "choose", lambda _, backend=backend: backend)
        make_bundle(
            PanoramaRequest(
                frames=examples()[0].frames,
                out=tmp_path / backend.name,
                pixels_per_degree=3.0,
                tile_px=256,
            )
        )
    assert {"warp", "find_owners", "reduce_values", "finish"} <= set(gpu.xp.launches)
    assert differ(tmp_path / "cpu" / "panorama.tif", tmp_path / "cuda" / "panorama.tif") < 0.05


@dataclass
class Panoramas:
    """Small panoramas of one stop, in several tiles."""

    folder: Path
    patch: pytest.MonkeyPatch
    ties: dict[str, bytes] = field(default_factory=dict)

    def run(self, backend: Backend) -> tuple[Path, list[tuple[str, str]]]:
        """The panorama and the degradations."""
        listener = Listener(kept=self.ties)
        with self.patch.context() as patch:
            patch.setattr(panorama, "choose", lambda _: backend)
            run_loops(backend, patch)
            request = PanoramaRequest(
                frames=examples()[0].frames,
                out=self.folder / "out",
                pixels_per_degree=2.0,
                kernel="nearest",
                tile_px=256,
                overwrite=True,
            )
            make_bundle(request, observer=listener)
        return (self.folder / "out" / "panorama.tif").rename(self.folder / "made.tif"), listener.told


def test_a_panorama_in_several_streams_is_whole_whichever_allocation_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panoramas = Panoramas(tmp_path, monkeypatch)
    enough = stand_in()
    whole, told = panoramas.run(enough)
    whole = whole.rename(tmp_path / "whole.tif")
    assert told == []
    last = enough.xp.device.allocations
    assert last > 100
    for failing in (1, last // 4, last // 2, last - 1):
        short = stand_in(range(failing, failing + 1))
        made, told = panoramas.run(short)
        assert len(told) == 1, failing
        assert differ(whole, made) < 0.05, failing
        assert_all_was_waited_for(short)


@pytest.mark.parametrize("kernel", ["bilinear", "bspline3"])
def test_a_mosaic_never_mixes_host_and_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: Backend, kernel: str
) -> None:
    picture = np.stack([smooth(300, 280) / 8.0, smooth(300, 280, 1.0) / 8.0]).astype(np.uint8)
    rasters = (
        write_raster(tmp_path / "a.tif", picture[0]),
        write_raster(tmp_path / "b.tif", picture[1], affine=from_origin(WEST + 900.0, 1_099_400.0, 6.0)),
    )
    for backend in (CPU, gpu):
        monkeypatch.setattr(mosaic, "choose", lambda _, backend=backend: backend)
        out = tmp_path / f"{backend.name}.tif"
        make_mosaic(MosaicRequest(rasters=rasters, out=out, crs=STEREO, kernel=kernel))
    assert {"warp", "find_owners", "reduce_values", "finish"} <= set(gpu.xp.launches)
    assert ("filter_spline" in gpu.xp.launches) == (kernel == "bspline3")
    assert differ(tmp_path / "cpu.tif", tmp_path / "cuda.tif") < 0.05


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...]]]:
    """Dtype and shape of each array that comes from the device to the host."""
    found: list[tuple[str, tuple[int, ...]]] = []
    plain = Backend.to_host

    def to_host(backend: Backend, array: Any) -> NDArray[Any]:
        if isinstance(array, DeviceArray):
            found.append((array.dtype.name, array.shape))
        return plain(backend, array)

    monkeypatch.setattr(Backend, "to_host", to_host)
    return found


def stack_of(folder: Path, bands: int, dtype: str) -> tuple[Path, ...]:
    """Three rasters over each other; one has a hole, one is shorter, and one is grey."""
    paths = []
    for index, count in enumerate((bands, bands, 1)):
        picture = np.stack([smooth(90, 80, index + band / 3.0) / 8.0 for band in range(count)])
        if index == 1:
            picture[:, 20:40, 30:50] = 0.0
        picture = picture[:, : 90 - 25 * (index == 2)].astype(dtype)
        paths.append(write_raster(folder / f"{index}.tif", picture, nodata=0))
    return tuple(paths)


@pytest.mark.parametrize("crs", [None, STEREO])
@pytest.mark.parametrize("method", ["mean", "median", "stddev", "count", "nmad"])
def test_only_the_statistics_of_a_stack_come_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpu: Backend,
    brought: list[tuple[str, tuple[int, ...]]],
    method: str,
    crs: str | None,
) -> None:
    rasters = stack_of(tmp_path, 3, "uint8")
    for backend in (CPU, gpu):
        monkeypatch.setattr(mosaic, "choose", lambda _, backend=backend: backend)
        out = tmp_path / f"{backend.name}.tif"
        make_mosaic(MosaicRequest(rasters=rasters, out=out, crs=crs, method=method))
    (cpu, mask), (cuda, cuda_mask) = (read_raster(tmp_path / f"{name}.tif") for name in ("cpu", "cuda"))
    assert gpu.xp.launches.count("stack_statistic") == 3  # bands
    assert gpu.xp.launches.count("warp") == (0 if crs is None else 3)
    shape = mask.shape
    assert sorted(brought) == sorted([("bool", shape), *[(cpu.dtype.name, shape)] * 3])
    np.testing.assert_array_equal(cuda_mask, mask)
    warped = 0.0 if crs is None else 255.0 / 2**15  # the warp's twins lie so far apart
    within = {
        "mean": math.ceil(warped),  # rounded to whole numbers, as the median is
        "median": math.ceil(warped),
        "stddev": warped,
        "count": 0.0,
        "nmad": 1.4826 * 2.0 * warped,  # a sample and the median may each be off
    }
    np.testing.assert_allclose(cuda.astype(float), cpu, rtol=0, atol=within[method])


@pytest.mark.parametrize("levelling", ["gain", "plane"])
def test_a_stack_is_levelled_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: Backend, levelling: str
) -> None:
    rasters = stack_of(tmp_path, 1, "float32")
    for backend in (CPU, gpu):
        monkeypatch.setattr(mosaic, "choose", lambda _, backend=backend: backend)
        out = tmp_path / f"{backend.name}.tif"
        make_mosaic(MosaicRequest(rasters=rasters, out=out, method="median", levelling=levelling))
    (cpu, mask), (cuda, cuda_mask) = (read_raster(tmp_path / f"{name}.tif") for name in ("cpu", "cuda"))
    assert "stack_statistic" in gpu.xp.launches
    np.testing.assert_array_equal(cuda_mask, mask)
    np.testing.assert_array_equal(cuda, cpu)


def test_the_stand_in_finds_what_is_mixed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = stand_in()
    run_loops(gpu, monkeypatch)
    on_device, on_host = gpu.to_device(np.ones(3)), np.ones(3)
    for mix in (
        lambda: on_device + on_host,
        lambda: np.asarray(on_device),
        lambda: np.stack([on_device]),
        lambda: gpu.xp.zeros_like(on_host),
        lambda: gpu.xp.copyto(on_device, on_host),
        lambda: _cuda.subtract(on_device, on_host),
    ):
        with pytest.raises(TypeError):
            mix()
    assert isinstance(on_device + on_device, DeviceArray)
    np.testing.assert_array_equal(gpu.to_host(on_device + 1.0), [2.0, 2.0, 2.0])
