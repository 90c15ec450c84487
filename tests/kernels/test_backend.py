import builtins
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numba.cuda
import numpy as np
import pytest
from numpy.typing import NDArray

from hinterland_kernels import backend as backends
from hinterland_kernels.backend import (
    BLOCK,
    CPU,
    Backend,
    BackendMissingError,
    DeviceLoop,
    blocks,
    choose,
    cuda,
    device_loop,
)


@pytest.fixture
def importing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception], None]:
    """Let the import of a module fail, whatever this machine has."""
    plain_import = builtins.__import__

    def fail(module: str, error: Exception) -> None:
        def refuse(name: str, *rest: Any, **options: Any) -> Any:
            if name == module:
                raise error
            return plain_import(name, *rest, **options)

        monkeypatch.setattr(builtins, "__import__", refuse)

    monkeypatch.setattr(backends, "cuda", cuda.__wrapped__)
    monkeypatch.setattr(backends, "simulating", lambda: False)
    return fail


NO_CUPY = ModuleNotFoundError("No module named 'cupy'", name="cupy")


def test_cuda_without_cupy_says_which_package_is_missing_and_how_to_get_it(
    importing: Callable[[str, Exception], None],
) -> None:
    importing("cupy", NO_CUPY)
    with pytest.raises(
        BackendMissingError, match=r"needs the package cupy: pip install 'hinterland\[gpu13\]'"
    ):
        choose("cuda")


def test_a_numba_cuda_that_breaks_on_this_numpy_says_so(
    importing: Callable[[str, Exception], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", ModuleType("cupy"))
    importing("numba.cuda", AttributeError("module 'numpy' has no attribute 'row_stack'"))
    with pytest.raises(BackendMissingError, match=rf"NumPy {np.__version__} \(.*row_stack.*'numpy<2.5'"):
        choose("cuda")


def test_auto_is_the_cpu_where_cuda_cannot_run(importing: Callable[[str, Exception], None]) -> None:
    importing("cupy", NO_CUPY)
    assert choose("auto") is CPU


def test_cpu_is_chosen_by_name() -> None:
    assert choose("cpu") is CPU
    assert CPU.xp is np


def test_a_name_that_is_no_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, cpu or cuda, got 'gpu'"):
        choose("gpu")


@pytest.mark.cuda
def test_auto_is_the_gpu_where_there_is_one(cuda_backend: Backend) -> None:
    assert choose("auto") is cuda_backend
    assert cuda_backend.name == "cuda"
    assert cuda_backend.device


def test_nothing_of_cuda_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys, hinterland_kernels.warp, hinterland_kernels.blend, hinterland_kernels.backend as b;"
        "b.choose('cpu');"
        "print([m for m in sys.modules if m.split('.')[0] == 'cupy' or m == 'numba.cuda'])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_numba_is_imported_when_the_first_loop_is_called() -> None:
    program = (
        "import sys, numpy as np, hinterland_kernels.feather, hinterland_kernels.terrain, hinterland_kernels.warp;"
        "from hinterland_kernels.pyramid import halve;"
        "print('numba' in sys.modules);"
        "halve(np.ones((1, 8, 8), np.uint8), np.ones((8, 8), np.bool_));"
        "print('numba' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


class Pair(NamedTuple):
    count: Any
    values: Any


def test_an_array_goes_to_the_device_and_comes_back(backend: Backend) -> None:
    array = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    moved = backend.to_device(array)
    assert isinstance(moved, backend.xp.ndarray)
    np.testing.assert_array_equal(backend.to_host(moved), array)


@pytest.mark.parametrize("count", [3, np.int64(3)])
def test_the_arrays_of_a_named_tuple_go_to_the_device_and_its_numbers_stay(
    backend: Backend, count: int
) -> None:
    moved = backend.to_device(Pair(count, np.arange(3)))
    assert isinstance(moved, Pair)
    assert moved.count is count
    assert isinstance(moved.values, backend.xp.ndarray)


def test_what_is_there_is_not_copied(backend: Backend) -> None:
    moved = backend.to_device(np.arange(3))
    assert backend.to_device(moved) is moved
    assert backend.to_device(Pair(3, moved)).values is moved


def test_threads_on_streams_of_their_own_share_what_one_of_them_brought(backend: Backend) -> None:
    # larger than the pinned memory of a stream, so that copies of several threads are under way at once
    values = np.arange(3 << 20, dtype=np.float32).reshape(3, -1)
    with backend.own_stream():
        shared = backend.to_device(values)

    def scaled(factor: int) -> NDArray[np.float32]:
        with backend.own_stream():
            own = backend.to_device(np.full(values.shape, factor, np.float32))
            return backend.to_host(shared * own)

    with ThreadPoolExecutor(4) as pool:
        for factor, found in enumerate(pool.map(scaled, range(12))):
            np.testing.assert_array_equal(found, values * np.float32(factor))


@pytest.mark.parametrize(
    ("lines", "samples"), [(1, 1), (BLOCK[1], BLOCK[0]), (BLOCK[1] + 1, BLOCK[0] + 1), (701, 937)]
)
def test_a_launch_has_a_thread_for_every_pixel_and_no_idle_block(lines: int, samples: int) -> None:
    across, down = blocks(lines, samples)
    assert across * BLOCK[0] >= samples > (across - 1) * BLOCK[0]
    assert down * BLOCK[1] >= lines > (down - 1) * BLOCK[1]


def test_a_device_loop_keeps_the_name_and_words_of_its_body() -> None:
    def halve(values: Any, out: Any) -> None:
        """Halve."""

    loop = device_loop(over="out")(halve)
    assert isinstance(loop, DeviceLoop)
    assert loop.body is halve
    assert (loop.__name__, loop.__doc__) == ("halve", "Halve.")


def test_a_loop_over_nothing_is_not_launched() -> None:
    def fill(out: Any) -> None:
        out[:] = 1.0

    for shape in ((0, 5), (5, 0)):
        device_loop(over="out")(fill)(np.empty(shape))


class Recorder:
    """Stands for CuPy, Numba's CUDA and a compiled kernel, where there is no GPU: who was asked for what."""

    def __init__(self) -> None:
        self.current = 7
        self.launches: list[tuple[Any, ...]] = []
        self.cuda = SimpleNamespace(get_current_stream=lambda: SimpleNamespace(ptr=self.current))

    def external_stream(self, pointer: int) -> str:
        return f"stream {pointer}"

    def as_cuda_array(self, array: Any, *, sync: bool) -> tuple[Any, bool]:
        return array, sync

    def __getitem__(self, shape: tuple[Any, ...]) -> Callable[..., None]:
        return lambda *arguments: self.launches.append((shape, arguments))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(backends, "simulating", lambda: False)
    monkeypatch.setitem(sys.modules, "cupy", recorder)
    for name in ("external_stream", "as_cuda_array"):
        monkeypatch.setattr(numba.cuda, name, getattr(recorder, name), raising=False)
    return recorder


class OnDevice:
    """An array of CuPy's, as far as a launch looks at it."""

    shape = (5, 40)
    __cuda_array_interface__: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        self.reads: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def get(self, *arguments: Any, **options: Any) -> NDArray[np.float64]:
        self.reads.append((arguments, options))
        return np.zeros(self.shape)


def test_each_launch_is_queued_on_the_stream_that_is_cupys_then(recorder: Recorder) -> None:
    def fill(out: Any) -> None:
        out[:] = 1.0

    loop, out = device_loop(over="out")(fill), OnDevice()
    loop._kernel = recorder
    for recorder.current in (7, 11):
        loop(out)
    assert [shape for shape, _ in recorder.launches] == [
        (blocks(5, 40), BLOCK, "stream 7"),
        (blocks(5, 40), BLOCK, "stream 11"),
    ]


def test_arrays_of_a_launch_wait_for_the_queue_alone(recorder: Recorder) -> None:
    def fill(count: Any, pair: Any, out: Any) -> None:
        out[:] = pair.values * count

    loop, out, values = device_loop(over="out")(fill), OnDevice(), OnDevice()
    loop._kernel = recorder
    loop(4, Pair(3, values), out)
    # Numba would have the host wait for each array of CuPy's that it is given
    assert recorder.launches[0][1] == (4, Pair(3, (values, False)), (out, False))


def test_what_comes_to_the_host_has_waited_for_the_queue() -> None:
    array = OnDevice()
    CPU.to_host(array)
    assert array.reads == [((), {})]  # CuPy's `get` waits for the current stream unless it is told otherwise


def test_nothing_else_makes_a_stream_or_launches_by_itself() -> None:
    package = Path(backends.__file__).parent
    sources = [*package.rglob("*.py"), *(package.parents[1] / "service" / "hinterland").rglob("*.py")]
    kernels = [path for path in sources if path.name == "_cuda.py"]
    assert kernels
    used = {name for path in kernels for name in re.findall(r"\bcuda\.(\w+)", path.read_text())}
    assert used == {"grid"}
    imports = re.compile(r"\bimport (cupy|numba\.cuda)|from (cupy|numba) import cuda")
    importing = {path for path in sources if imports.search(path.read_text())}
    assert importing == {*kernels, Path(backends.__file__)}


@pytest.mark.cuda
def test_loops_queue_on_the_current_stream(cuda_backend: Backend) -> None:
    if cuda_backend.xp is np:
        pytest.skip("the simulator has no streams")
    from hinterland_kernels.blend import _cuda  # noqa: PLC0415 - needs numba.cuda

    cupy = cuda_backend.xp
    values, mask = cupy.ones((1, 2048, 2048), dtype=cupy.float32), cupy.ones((2048, 2048), dtype=cupy.bool_)
    weights = cupy.full((2048, 2048), 2.0, dtype=cupy.float32)
    stream = cupy.cuda.Stream(non_blocking=True)
    cupy.cuda.Device().synchronize()
    with stream:
        for _ in range(40):
            _cuda.normalise(values, weights, mask)
        total = float(values.sum())
    assert total == 2048 * 2048 * 2.0**-40
