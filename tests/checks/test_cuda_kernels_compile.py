"""Every CUDA kernel has its CPU twin and compiles to PTX, whether there is a GPU or not.

The signatures are those that the public functions launch: they are run here with launches recorded instead of
made, so a kernel that no public function launches is found as well.
"""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import Any

import numba
import numpy as np
import pytest
from numba import cuda

import hinterland_kernels
from hinterland_kernels.backend import CUDA_NAME, Backend, DeviceLoop
from hinterland_kernels.blend import Layer, assign_owners, multiband
from hinterland_kernels.lattice import build_lattice
from hinterland_kernels.stack import stack_statistic
from hinterland_kernels.warp import SOURCE_DTYPES, warp

Signature = tuple[Any, ...]
Capability = tuple[int, int]

OLDEST, NEWEST = (7, 5), (12, 0)
BETWEEN = ((8, 0), (8, 6), (8, 9), (9, 0), (10, 0))
"""Turing is the oldest that CUDA 13 knows; then Ampere, Ada, Hopper, Blackwell."""


def _cuda_modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(hinterland_kernels.__path__, "hinterland_kernels.")
    return [importlib.import_module(module.name) for module in found if module.name.endswith("._cuda")]


def _device_loops() -> dict[str, DeviceLoop]:
    return {
        f"{module.__name__.split('.')[1]}.{name}": value
        for module in _cuda_modules()
        for name, value in vars(module).items()
        if isinstance(value, DeviceLoop)
    }


LOOPS = _device_loops()


@pytest.fixture(scope="module")
def launched() -> dict[DeviceLoop, list[Signature]]:
    """What the public functions launch: the signatures of each kernel."""
    signatures: dict[DeviceLoop, list[Signature]] = {}

    def record(loop: DeviceLoop, *arguments: Any) -> None:
        signature = tuple(map(numba.typeof, arguments))
        known = signatures.setdefault(loop, [])
        if signature not in known:
            known.append(signature)

    backend = Backend(name=CUDA_NAME, xp=np, device="none: launches are recorded")
    mask, window = np.ones((16, 16), dtype=np.bool_), (0, 0, 16, 16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DeviceLoop, "__call__", record)
        lattice = build_lattice(lambda points: points, window, (16, 16))
        for dtype in SOURCE_DTYPES:
            source = np.ones((1, 16, 16), dtype=dtype)
            for kernel in ("bilinear", "bspline3"):
                warp(source, mask, lattice, window, kernel=kernel, backend=backend)
        layers = [Layer(np.ones((1, 16, 16), dtype=np.float32), mask)]
        labels = np.zeros((2, 2), dtype=np.int16)
        owners = assign_owners(labels, layers, [0], (0, 0), 8, wraps=False, backend=backend)
        multiband(layers, owners, 2, backend=backend)
        stack_statistic(
            np.ones((2, 16, 16), dtype=np.float32), np.stack([mask, mask]), "nmad", backend=backend
        )
    return signatures


def _ptx(loop: DeviceLoop, signature: Signature, capability: Capability) -> str:
    ptx, _ = cuda.compile_ptx(loop.body, signature, cc=capability)
    return str(ptx)


@pytest.mark.parametrize("name", LOOPS)
def test_every_kernel_compiles_to_ptx_for_the_oldest_generation(
    name: str, launched: dict[DeviceLoop, list[Signature]]
) -> None:
    assert LOOPS[name] in launched, f"no public function launches {name}"
    for signature in launched[LOOPS[name]]:
        ptx = _ptx(LOOPS[name], signature, OLDEST)
        assert f".target sm_{OLDEST[0]}{OLDEST[1]}" in ptx
        assert ".visible .entry" in ptx


@pytest.mark.parametrize("name", LOOPS)
def test_every_kernel_compiles_to_ptx_for_the_newest_generation(
    name: str, launched: dict[DeviceLoop, list[Signature]]
) -> None:
    # one signature of each: another dtype adds seconds and no instruction that the oldest did not see
    ptx = _ptx(LOOPS[name], launched[LOOPS[name]][0], NEWEST)
    assert f".target sm_{NEWEST[0]}{NEWEST[1]}" in ptx


@pytest.mark.parametrize("capability", BETWEEN, ids=str)
def test_a_kernel_compiles_for_each_generation_between(
    capability: Capability, launched: dict[DeviceLoop, list[Signature]]
) -> None:
    loop = LOOPS["blend.finish"]
    for signature in launched[loop]:
        assert f".target sm_{capability[0]}{capability[1]}" in _ptx(loop, signature, capability)


def test_there_are_kernels_to_compile() -> None:
    assert {
        "warp.warp",
        "warp.filter_spline",
        "blend.reduce_values",
        "blend.finish",
        "stack.stack_statistic",
    } <= set(LOOPS)


@pytest.mark.parametrize("module", _cuda_modules(), ids=lambda module: module.__name__)
def test_the_twins_have_the_same_functions_in_the_same_order(module: ModuleType) -> None:
    twin = importlib.import_module(module.__name__.removesuffix("_cuda") + "_cpu")
    loops = [(name, one.py_func) for name, one in vars(twin).items() if _is_loop_of(twin, one)]
    kernels = [(name, one.body) for name, one in vars(module).items() if isinstance(one, DeviceLoop)]
    assert [name for name, _ in kernels] == [name for name, _ in loops]
    for (_, kernel), (_, loop) in zip(kernels, loops, strict=True):
        assert list(inspect.signature(kernel).parameters) == list(inspect.signature(loop).parameters)
        assert inspect.getdoc(kernel) == inspect.getdoc(loop)


def _is_loop_of(module: ModuleType, value: Any) -> bool:
    function = getattr(value, "py_func", None)
    return function is not None and function.__module__ == module.__name__
