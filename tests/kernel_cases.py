"""Small cases for the kernels, and the one place that says how closely two backends must agree.

No file, camera or product: these tests also run where only the kernels are installed.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.backend import Backend
from hinterland_kernels.blend import Layer, multiband
from hinterland_kernels.lattice import Lattice, build_lattice
from hinterland_kernels.warp import warp

Window = tuple[int, int, int, int]
Float = NDArray[np.float32]
Bool = NDArray[np.bool_]

WITHIN = 2.0**-16
"""Share of full scale by which a sample may leave its float64 formula: places along a line of a block of 32 pixels
are rounded to 2**-23 px once and their step once, which is 2**-18 px at its end; noise changes by full scale a
pixel, along both axes; weights and sums are float32."""

FULL_SCALE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}


@dataclasses.dataclass(frozen=True)
class Affine:
    """The map of a grid onto a source by a scaled rotation about nothing in particular."""

    scale: float = 0.97
    """Source pixels a grid pixel."""
    rotation: float = 0.11
    line: float = 3.3
    """Source line of grid point (0, 0)."""
    sample: float = 4.7

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        c, s = self.scale * math.cos(self.rotation), self.scale * math.sin(self.rotation)
        line = c * points[:, 0] - s * points[:, 1] + self.line
        sample = s * points[:, 0] + c * points[:, 1] + self.sample
        return np.stack([line, sample], axis=1)

    def over(self, window: Window) -> NDArray[np.float64]:
        """Source points of a window: (lines, samples, 2)."""
        line, sample, lines, samples = window
        grid = np.indices((lines, samples), dtype=np.float64).reshape(2, -1).T
        return self(grid + np.array([line, sample])).reshape(lines, samples, 2)

    def lattice(self, window: Window, source_shape: tuple[int, ...], step: int = 8) -> Lattice:
        return build_lattice(self, window, (source_shape[-2], source_shape[-1]), step=step)


IDENTITY = Affine(scale=1.0, rotation=0.0, line=0.0, sample=0.0)


def texture(shape: tuple[int, ...], dtype: str = "float32", seed: int = 3) -> NDArray[Any]:
    """Noise over the whole range of a dtype: the hardest picture to resample twice the same."""
    noise = np.random.default_rng(seed).random(shape) * FULL_SCALE[dtype]
    return (noise if dtype == "float32" else np.rint(noise)).astype(dtype)


def holey(shape: tuple[int, int], share: float = 0.02, seed: int = 5) -> Bool:
    """A mask with single pixels and one block missing."""
    mask = np.random.default_rng(seed).random(shape) >= share
    mask[shape[0] // 3 : shape[0] // 2, shape[1] // 4 : shape[1] // 3] = False
    return mask


class _Poisoned:
    """An array namespace whose fresh memory holds nan, True or the lowest number, never a lucky zero."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        kind = np.dtype(dtype).kind
        poison = {"f": math.nan, "b": True}.get(kind, np.iinfo(dtype).min if kind == "i" else 0)
        return self._xp.full(shape, poison, dtype=dtype)

    def empty_like(self, array: Any) -> Any:
        return self.empty(array.shape, array.dtype)


def poisoned(backend: Backend) -> Backend:
    """The backend with fresh memory that shows: a sample left unwritten is a nan or a wrong mask."""
    return dataclasses.replace(backend, xp=_Poisoned(backend.xp))


def warp_on(
    backend: Backend, source: NDArray[Any], mask: Bool, lattice: Lattice, window: Window, **options: Any
) -> tuple[Float, Bool]:
    """`warp` of host arrays on a backend whose outputs were poisoned; host arrays come back."""
    values, valid = warp(
        backend.to_device(source),
        backend.to_device(mask),
        lattice,
        window,
        backend=poisoned(backend),
        **options,
    )
    return backend.to_host(values), backend.to_host(valid)


def multiband_on(
    backend: Backend, layers: list[tuple[Float, Bool]], owners: NDArray[np.int16], levels: int
) -> Float:
    """`multiband` of host arrays on a backend whose memory was poisoned; a host array comes back."""
    moved = [Layer(backend.to_device(values), backend.to_device(mask)) for values, mask in layers]
    blend = multiband(moved, backend.to_device(owners), levels, backend=poisoned(backend))
    result: Float = backend.to_host(blend)
    return result


def check_warped(values: NDArray[Any], expected: NDArray[Any], full_scale: float) -> None:
    """Say that two warps agree: `WITHIN` for floats, to one unit for whole numbers, which may round apart."""
    assert values.dtype == expected.dtype
    atol = 1.0 if values.dtype.kind == "u" else WITHIN * full_scale
    np.testing.assert_allclose(values.astype(np.float64), expected.astype(np.float64), rtol=0, atol=atol)


def check_same(values: Float, expected: Float, full_scale: float, roundings: int) -> None:
    """Say that two backends agree: within so many roundings of float32 at full scale.

    A GPU contracts a product and a sum into one rounding where the CPU rounds twice. In float64 that is
    beneath notice; a result or an intermediate stored as float32 may then round the other way.
    """
    assert values.dtype == expected.dtype == np.float32
    assert not np.isnan(values).any()
    np.testing.assert_allclose(values, expected, rtol=0, atol=roundings * 2.0**-24 * full_scale)
