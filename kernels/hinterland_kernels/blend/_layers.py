"""What a blend works on."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

from hinterland_kernels.backend import CUDA_NAME, Backend
from hinterland_kernels.blend._blocks import REACH

NOBODY = -1
"""Owner of a pixel that no image covers."""

MOST_LEVELS = 8
"""A block of `2**levels` pixels must fit the stretch of a line that the loops work on."""


class Layer(NamedTuple):
    """One image on a window, or the part of it that `needed_windows` asks for."""

    values: Any
    """(bands, lines, samples) uint8, uint16 or float32."""
    mask: Any
    """(lines, samples) bool, True where valid; beyond it the image is not."""
    line: int = 0
    """Line of the window on which the image begins."""
    sample: int = 0
    """Sample of the window on which the image begins."""


def halo(levels: int) -> int:
    """Pixels beyond a sample that can change it: reduce reaches 2 (2**levels - 1) up, expand as far down."""
    return REACH << levels


def loops_of(backend: Backend) -> ModuleType:
    """The module of the backend's loops."""
    if backend.name == CUDA_NAME:
        from hinterland_kernels.blend import _cuda  # noqa: PLC0415 - needs numba.cuda

        return _cuda
    from hinterland_kernels.blend import _cpu  # noqa: PLC0415 - the twin

    return _cpu
