"""Streams of threads, and copies through pinned memory, on a stand-in for a GPU that knows what is queued."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_in_gpu import StandInCupy, stand_in
from stand_in_streams import OrderError

from hinterland_kernels import _streams
from hinterland_kernels.backend import CPU, Backend, BackendMissingError, cuda


@pytest.fixture
def gpu() -> Backend:
    return stand_in()


@pytest.fixture
def little_staging(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(_streams, "STAGING_BYTES", 4096)
    return 4096


def test_threads_at_one_time_have_a_stream_each(gpu: Backend) -> None:
    both_inside = threading.Barrier(2)

    def enter(_: int) -> object:
        with gpu.own_stream():
            both_inside.wait()
            return gpu.xp.device.current

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(enter, range(2))
    assert one is not other
    assert gpu.xp.device.streams in ([one, other], [other, one])


def test_a_stream_is_taken_again_after_a_failure_too() -> None:
    gpu = stand_in(fails=range(2, 100, 2))
    for _ in range(3):
        with pytest.raises(MemoryError), gpu.own_stream():
            [gpu.to_device(np.ones(3)) for _ in range(2)]
    (stream,) = gpu.xp.device.streams
    assert stream.done == stream.queued > 0
    assert gpu.xp.device.current is gpu.xp.device.default


def test_a_stream_inside_of_a_stream_is_the_same_and_is_waited_for_twice(gpu: Backend) -> None:
    with gpu.own_stream():
        with gpu.own_stream():
            array = gpu.to_device(np.ones(3))
        (stream,) = gpu.xp.device.streams
        assert stream.done == stream.queued > 0
        assert float((array + array).max()) == 2.0


def test_on_the_cpu_there_is_nothing_to_wait_for() -> None:
    with CPU.own_stream():
        array = np.ones(3)
        assert CPU.to_device(array) is array


@pytest.mark.parametrize("can_pin", [True, False])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint16).reshape(2, 3, 4),
        np.arange(3000, dtype=np.float64).reshape(50, 60),  # several pieces
        np.arange(3000, dtype=np.int32).reshape(50, 60)[::2, ::-3],
        np.arange(6, dtype=">f4"),
        np.array([[True, False, True]]),
        np.broadcast_to(np.float32(7.0), (9, 9)),
        np.zeros((3, 0, 5), np.float32),
        np.array(5.0),
    ],
    ids=lambda array: f"{array.dtype.str}-{array.shape}",
)
@pytest.mark.usefixtures("little_staging")
def test_arrays_come_back_as_they_went(array: NDArray[np.generic], can_pin: bool) -> None:
    gpu = stand_in(can_pin=can_pin)
    with gpu.own_stream():
        moved = gpu.to_device(array)
        assert isinstance(moved, gpu.xp.ndarray)
        assert gpu.to_device(moved) is moved
        found = gpu.to_host(moved)
    assert (found.shape, found.dtype) == (array.shape, array.dtype.newbyteorder("="))
    np.testing.assert_array_equal(found, array)


def test_pinned_memory_is_used_again_only_when_its_copy_is_done(gpu: Backend, little_staging: int) -> None:
    with gpu.own_stream():
        arrays = [np.full(little_staging // 3, index, np.uint8) for index in range(10)]
        moved = [gpu.to_device(array) for array in arrays]
        for array in arrays:
            array[:] = 99  # the caller's own again
        # the stand-in looks at each wait whether what waits to be copied is as it was
        found = [int(gpu.to_host(one).max()) for one in moved]
    assert found == list(range(10))


def test_a_stream_pins_no_more_than_its_share(monkeypatch: pytest.MonkeyPatch, little_staging: int) -> None:
    gpu, pinned = stand_in(), []
    plain = gpu.xp.cuda.alloc_pinned_memory
    monkeypatch.setattr(gpu.xp.cuda, "alloc_pinned_memory", lambda size: pinned.append(size) or plain(size))
    for size in range(1, 20_000, 997):
        with gpu.own_stream():
            gpu.to_host(gpu.to_device(np.zeros(size, np.uint8)))
    assert pinned == [little_staging]


def test_the_stand_in_finds_what_nobody_waited_for() -> None:
    cupy = StandInCupy()
    one, other = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    with one:
        array = cupy.zeros(3, dtype=np.float32)
    with other, pytest.raises(OrderError, match="used on another before it was done"):
        array + array
    with pytest.raises(OrderError, match="used on another"):
        array.get()  # on the default stream
    one.synchronize()
    with other:
        total = array + array
    with one, pytest.raises(OrderError, match="changed while another stream may still read it"):
        array[0] = 1.0
    other.synchronize()
    with one:
        array[0] = 1.0
    np.testing.assert_array_equal(total.get(stream=other), [0.0, 0.0, 0.0])


def test_the_stand_in_finds_memory_that_is_freed_too_early() -> None:
    cupy = StandInCupy()
    one, other = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
    for waits in (True, False):
        with one:
            array = cupy.zeros(3, dtype=np.float32)
        one.synchronize()
        with other:
            view = array[1:]
            assert view.copy() is not None
        if waits:
            other.synchronize()
        del array, view
        gc.collect()
        assert bool(cupy.device.faults) != waits


def test_the_stand_in_finds_a_host_that_changes_what_is_being_copied() -> None:
    cupy = StandInCupy()
    stream = cupy.cuda.Stream(non_blocking=True)
    host = np.zeros(3, np.float32)
    with stream:
        cupy.empty(3, dtype=np.float32).set(host)
    host[1] = 1.0
    with pytest.raises(OrderError, match="before it was copied"):
        stream.synchronize()


@pytest.mark.parametrize(
    ("workers", "each", "held", "fits"), [(8, 100, 0, 8), (8, 100, 500, 5), (8, 2000, 0, 1), (8, 1, 2000, 1)]
)
def test_as_many_work_at_once_as_the_gpu_has_room_for(workers: int, each: int, held: int, fits: int) -> None:
    assert stand_in(memory_bytes=1000).at_once(workers, each, held) == fits
    assert CPU.at_once(workers, each, held) == workers


@pytest.mark.parametrize(("given", "kept"), [(0, 900), (123, 123)])
def test_a_gpu_is_held_to_a_share_of_what_is_free_or_to_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: int, kept: int
) -> None:
    limits = [given]
    cupy = StandInCupy()
    cupy.cuda.runtime.getDeviceProperties = lambda number: {"name": b"a GPU, no. %d" % number}
    cupy.cuda.runtime.memGetInfo = lambda: (1000, 5000)
    pool = SimpleNamespace(get_limit=lambda: limits[-1], set_limit=lambda *, size: limits.append(size))
    cupy.get_default_memory_pool = lambda: pool
    monkeypatch.setitem(sys.modules, "cupy", cupy)  # type: ignore[arg-type]
    backend = cuda.__wrapped__()
    assert (backend.device, backend.memory_bytes) == ("a GPU, no. 0", kept)
    assert limits[-1] == kept
    with backend.own_stream():
        assert int(backend.to_host(backend.to_device(np.arange(3))).sum()) == 3
    assert cupy.device.default.queued == 0


def test_a_gpu_that_has_no_memory_for_a_start_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = StandInCupy()

    def fail() -> None:
        message = "cudaErrorMemoryAllocation: out of memory"
        raise cupy.cuda.runtime.CUDARuntimeError(message)

    cupy.cuda.runtime.getDeviceProperties = lambda _: {"name": b"a GPU"}
    cupy.cuda.runtime.memGetInfo = fail
    cupy.get_default_memory_pool = lambda: SimpleNamespace(get_limit=lambda: 0)
    monkeypatch.setitem(sys.modules, "cupy", cupy)  # type: ignore[arg-type]
    with pytest.raises(BackendMissingError, match="no NVIDIA GPU answers: cudaErrorMemoryAllocation"):
        cuda.__wrapped__()
