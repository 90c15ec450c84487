"""The runs of a kernel, called from compiled loops that know their kernel.

A loop that held the compiled function itself would never be found on disk: the cache tells loops apart by what
they hold, and a compiled function is another one in every process.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload

from hinterland_kernels._lanes import has_permutation
from hinterland_kernels.pixel.weights import BILINEAR
from hinterland_kernels.warp._byte_runs import FILL_BYTES
from hinterland_kernels.warp._edges import FILL_EDGE
from hinterland_kernels.warp._quads import fill_quads
from hinterland_kernels.warp._read_quads import fill_read_quads
from hinterland_kernels.warp._read_runs import READ_BYTES, READ_RUN
from hinterland_kernels.warp._runs import FILL_RUN
from hinterland_kernels.warp._widened import FILL_WIDENED

_BYTE_RUN = FILL_BYTES | READ_BYTES
"""From 8 bits to 8 bits."""
_INLINED = {"error_model": "numpy", "forceinline": True}


def _is_constant(kernel: Any, is_levelled: Any) -> bool:  # noqa: ANN401 - types of a call
    return isinstance(kernel, types.IntegerLiteral) and isinstance(is_levelled, types.BooleanLiteral)


def fill_run(kernel, is_levelled, picture, shape, gain, offset, flat, run, place, room, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Stand for the loop of `_BYTE_RUN`, `FILL_RUN` or `READ_RUN` at `kernel, is_levelled`, two constants."""


def _loop_of_run(kernel: Any, is_levelled: Any, picture: Any, out: Any) -> Any:  # noqa: ANN401 - types of a call
    choice = kernel.literal_value, is_levelled.literal_value
    if choice in _BYTE_RUN and picture.dtype == out.dtype == types.uint8:
        return _BYTE_RUN[choice]
    return (FILL_RUN if has_permutation() else READ_RUN)[choice]


@overload(fill_run, jit_options=_INLINED)
def _run(kernel, is_levelled, picture, shape, gain, offset, flat, run, place, room, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    if not _is_constant(kernel, is_levelled):
        return None
    fill = _loop_of_run(kernel, is_levelled, picture, out)

    def call(kernel, is_levelled, picture, shape, gain, offset, flat, run, place, room, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        fill(picture, shape, gain, offset, flat, run, place, room, out, y, start, stop)

    return call


def _has_quads(kernel: Any, is_levelled: Any, picture: Any, out: Any) -> bool:  # noqa: ANN401 - types of a call
    is_plain = kernel.literal_value == BILINEAR and not is_levelled.literal_value
    return bool(is_plain and picture.dtype == out.dtype == types.uint8)


def has_quads(kernel, is_levelled, picture, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Whether `fill_lines` fills anything."""


@overload(has_quads, jit_options=_INLINED)
def _whether(kernel, is_levelled, picture, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    if not _is_constant(kernel, is_levelled):
        return None
    answer = _has_quads(kernel, is_levelled, picture, out)
    return lambda kernel, is_levelled, picture, out: answer  # noqa: ARG005 - as the call


def fill_lines(kernel, is_levelled, picture, shape, found, stretch, room, out, out_mask):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Stand for `fill_quads` or `fill_read_quads` from 8 bits to 8 bits."""


@overload(fill_lines, jit_options=_INLINED)
def _lines(kernel, is_levelled, picture, shape, found, stretch, room, out, out_mask):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    if not _is_constant(kernel, is_levelled):
        return None
    if not _has_quads(kernel, is_levelled, picture, out):
        return lambda kernel, is_levelled, picture, shape, found, stretch, room, out, out_mask: None  # noqa: ARG005

    fill = fill_quads if has_permutation("avx512vbmi") else fill_read_quads

    def call(kernel, is_levelled, picture, shape, found, stretch, room, out, out_mask):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        fill(picture, shape, found, stretch, room, out, out_mask)

    return call


def fill_widened(kernel, is_levelled, picture, gain, offset, flat, run, wide, weights, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Stand for `FILL_WIDENED[kernel, is_levelled]`, both of them constants."""


@overload(fill_widened, jit_options=_INLINED)
def _wide(kernel, is_levelled, picture, gain, offset, flat, run, wide, weights, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    if not _is_constant(kernel, is_levelled):
        return None
    fill = FILL_WIDENED[kernel.literal_value, is_levelled.literal_value]

    def call(kernel, is_levelled, picture, gain, offset, flat, run, wide, weights, out, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        fill(picture, gain, offset, flat, run, wide, weights, out, y, start, stop)

    return call


def fill_edge(kernel, is_levelled, job, run, place, room, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Stand for `FILL_EDGE[kernel, is_levelled]`, both of them constants."""


@overload(fill_edge, jit_options=_INLINED)
def _edge(kernel, is_levelled, job, run, place, room, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
    if not _is_constant(kernel, is_levelled):
        return None
    fill = FILL_EDGE[kernel.literal_value, is_levelled.literal_value]

    def call(kernel, is_levelled, job, run, place, room, y, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, ARG001
        fill(job, run, place, room, y, start, stop)

    return call
