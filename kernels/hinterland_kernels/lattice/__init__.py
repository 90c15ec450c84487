"""Lattices: a map from grid to source, held at sparse nodes and checked against the exact map.

A lattice covers a window of the output grid with square blocks. In a smooth block the map is bilinear between
the four corner nodes, or bends evenly between them. A block where that errs by more than the tolerance, or where
the map ends, carries the exact map at each of its pixels. The blocks lie on multiples of the step in the grid's
own lines and samples, and each is decided by itself, so the map at a pixel never depends on the window that was
asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.lattice._points import (
    CELL,
    CUBIC_PX,
    HALVES,
    QUARTERS,
    TOLERANCE_PX,
    GridToSource,
    evaluate,
    gentle_points,
    points_by_halves,
)

__all__ = [
    "EMPTY",
    "SMOOTH",
    "STEPS",
    "TOLERANCE_PX",
    "GridToSource",
    "Lattice",
    "build_lattice",
    "choose_step",
]

STEPS = (64, 32, 16, 8)

EMPTY = -2
"""Block whose every pixel lies off the source."""
SMOOTH = -1
"""Block that is bilinear between its corners, or bends evenly."""

_ROUGH = 0
_MOST_LOOKED_AT = 8
"""Blocks along a window's side by which `choose_step` judges it."""
_BLOCK_POINTS = 12
"""A block takes as long to look at as so many points to map."""
_CHECK_MARGIN, _CHECK_MARGIN_BENT = 0.5, 0.375
# the check points of a block see at least this share of the largest error: all of it where the map curves evenly,
# half where it has a kink (the horizon) close to the block's edge, less where a bend takes a part for its own


class Lattice(NamedTuple):
    """The map of one source over a window of the grid; arrays and numbers only, so that kernels take it."""

    line: int
    """First grid line covered, a multiple of `step`."""
    sample: int
    """First grid sample covered, a multiple of `step`."""
    step: int
    """Edge of a block, pixels."""
    nodes: NDArray[np.float64]
    """(block_lines + 1, block_samples + 1, 2): source line and sample at block corners."""
    blocks: NDArray[np.int32]
    """(block_lines, block_samples): `EMPTY`, `SMOOTH`, or the index into `exact`."""
    exact: NDArray[np.float64]
    """(n, step, step, 2): source line and sample at each pixel of the blocks that are not smooth."""
    bends: NDArray[np.float64]
    """(block_lines, block_samples, 2, 2): what line and sample of a smooth block have beyond the bilinear ones.

    At shares t down and u along the block, t (1 - t) times the first pair and u (1 - u) times the second.
    """


def build_lattice(
    exact_map: GridToSource,
    window: tuple[int, int, int, int],
    source_shape: tuple[int, int],
    *,
    step: int = 32,
    tolerance_px: float = TOLERANCE_PX,
    is_gentle: bool = False,
    workers: int = 1,
) -> Lattice:
    """Evaluate a map at sparse nodes over a window, exactly where it is not smooth.

    Parameters
    ----------
    exact_map : GridToSource
        The exact map; it must answer at any grid point, also outside the window.
    window : (line, sample, lines, samples)
        The part of the grid to cover, pixels; it is widened to whole blocks.
    source_shape : (lines, samples)
        Size of the source; blocks off it are marked `EMPTY`.
    step : int
        Edge of a block, pixels, even.
    tolerance_px : float
        Largest error allowed between nodes, source pixels.
    is_gentle : bool
        True promises that the map bends gently but for kinks, cuts and ends along lines longer than four blocks,
        as from one map projection to another and from a panorama to a camera: a fifteenth of the points then tells
        all others, and blocks of a multiple of four pixels may bend.
    workers : int
        Threads; they change nothing of the lattice.

    Returns
    -------
    Lattice
        Its error against the exact map stays within the tolerance for any map whose second derivatives do
        not change sign inside a block, with at most one straight kink through it, as a horizon draws.

    Raises
    ------
    ValueError
        If the step is odd or not positive, or the window is empty.
    """
    line, sample, lines, samples = window
    if step < 2 or step % 2 or lines < 1 or samples < 1:
        message = f"a lattice needs an even step and a window with pixels, got step {step}, window {window}"
        raise ValueError(message)
    first_line, first_sample = line // step * step, sample // step * step
    m, n = -(-(line + lines - first_line) // step), -(-(sample + samples - first_sample) // step)
    build = functools.partial(_built, exact_map, source_shape, step, tolerance_px, is_gentle)
    band = max(-(-m // workers), CELL)
    parts = [((first_line + i * step, first_sample), (min(band, m - i), n)) for i in range(0, m, band)]
    if len(parts) == 1:
        return build(*parts[0])
    with ThreadPoolExecutor(workers) as pool:
        return _joined(list(pool.map(build, *zip(*parts, strict=True))))


def _joined(bands: Sequence[Lattice]) -> Lattice:
    """One lattice of several, one below the other."""
    first, counts = bands[0], np.cumsum([0, *(len(band.exact) for band in bands)])
    blocks = [
        np.where(band.blocks >= 0, band.blocks + count, band.blocks)
        for band, count in zip(bands, counts[:-1], strict=True)
    ]
    return first._replace(
        nodes=np.concatenate([first.nodes, *(band.nodes[1:] for band in bands[1:])]),
        blocks=np.concatenate(blocks).astype(np.int32),
        exact=np.concatenate([band.exact for band in bands]),
        bends=np.concatenate([band.bends for band in bands]),
    )


def _built(
    exact_map: GridToSource,
    source_shape: tuple[int, int],
    step: int,
    tolerance_px: float,
    is_gentle: bool,
    first: tuple[int, int],
    shape: tuple[int, int],
) -> Lattice:
    """Make a lattice of so many blocks from a line and sample on."""
    (first_line, first_sample), (m, n) = first, shape
    parts = QUARTERS if is_gentle and not step % QUARTERS else HALVES
    is_off = np.zeros(shape, dtype=np.bool_)
    if parts == QUARTERS:
        fine, is_off = gentle_points(exact_map, first, shape, step, source_shape)
    else:
        fine = points_by_halves(exact_map, first, shape, step)
    up, along, axis = fine.strides
    side = parts + 1
    each = np.lib.stride_tricks.as_strided(
        fine, (m, n, side, side, 2), (parts * up, parts * along, up, along, axis)
    )
    blocks, bends = np.empty(shape, dtype=np.int32), np.empty((m, n, 2, 2))
    _judge(each, source_shape, step, tolerance_px, blocks, bends)
    blocks[is_off], bends[is_off] = EMPTY, 0.0
    rough = np.argwhere(blocks == _ROUGH)
    is_off = _lie_off(exact_map, first + step * rough, step, source_shape)
    blocks[tuple(rough[is_off].T)] = EMPTY
    exact = _on_squares(exact_map, first + step * rough[~is_off], np.arange(step, dtype=np.float64))
    with np.errstate(invalid="ignore"):
        is_inside = (exact > -1.0) & (exact < source_shape)
    is_on = (is_inside[..., 0] & is_inside[..., 1]).any(axis=(1, 2))
    blocks[blocks == _ROUGH] = np.where(is_on, np.cumsum(is_on) - 1, EMPTY)
    return Lattice(
        line=first_line,
        sample=first_sample,
        step=step,
        nodes=np.ascontiguousarray(fine[::parts, ::parts]),
        blocks=blocks,
        exact=exact[is_on],
        bends=bends,
    )


def _lie_off(
    exact_map: GridToSource, firsts: NDArray[np.int64], step: int, source_shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Find blocks whose sixteenths all lie off the source: there points are closer; `firsts` are pixels (n, 2)."""
    inside = np.linspace(0.0, step, QUARTERS**2 + 1)
    points = _on_squares(exact_map, firsts, inside)
    windows = np.lib.stride_tricks.sliding_window_view(points, (QUARTERS + 1, QUARTERS + 1), axis=(1, 2))
    each = np.moveaxis(windows[:, ::QUARTERS, ::QUARTERS], 3, -1)
    kinds = np.empty((len(firsts) * QUARTERS, QUARTERS), np.int32)
    bends = np.empty((*kinds.shape, 2, 2))
    _judge(
        each.reshape(*kinds.shape, *each.shape[3:]),
        source_shape,
        max(step // QUARTERS, 1),
        TOLERANCE_PX,
        kinds,
        bends,
    )
    is_off: NDArray[np.bool_] = kinds.reshape(len(firsts), QUARTERS**2).max(axis=1, initial=EMPTY) == EMPTY
    return is_off


def _on_squares(
    exact_map: GridToSource, firsts: NDArray[np.int64], inside: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact map at places inside of squares, along lines and samples from their first pixels (n, 2) on."""
    points = np.empty((len(firsts), len(inside), len(inside), 2))
    points[..., 0] = firsts[:, 0, None, None] + inside[:, None]
    points[..., 1] = firsts[:, 1, None, None] + inside
    return exact_map(points.reshape(-1, 2)).reshape(points.shape)


def choose_step(
    exact_map: GridToSource,
    window: tuple[int, int, int, int],
    source_shape: tuple[int, int],
    *,
    is_gentle: bool = False,
) -> int:
    """Pick the step whose lattice is made soonest over a whole footprint.

    Parameters
    ----------
    exact_map, window, source_shape, is_gentle
        As in `build_lattice`; the window should be the source's whole footprint, so that every tile of a job
        uses the same step. Of a large one, blocks spread over it are looked at.

    Returns
    -------
    int
        One of `STEPS`.
    """
    costs: dict[int, float] = {}
    line, sample, lines, samples = window
    for step in STEPS:
        m, n = -(-lines // step) + 1, -(-samples // step) + 1
        if costs and _BLOCK_POINTS * m * n >= min(costs.values()):
            break  # without a rough block it would cost no less, and smaller steps have more blocks yet
        rows, columns = _spread(line // step, m), _spread(sample // step, n)
        parts = QUARTERS if is_gentle else HALVES
        inside = step / parts * np.arange(parts + 1)
        points = evaluate(
            exact_map,
            (rows[:, None] * step + inside).reshape(-1),
            (columns[:, None] * step + inside).reshape(-1),
        )
        each = points.reshape(len(rows), parts + 1, len(columns), parts + 1, 2).swapaxes(1, 2)
        kinds = np.empty((len(rows), len(columns)), np.int32)
        bends = np.empty((*kinds.shape, 2, 2))
        _judge(each, source_shape, step, TOLERANCE_PX, kinds, bends)
        # where the map ends blocks of any step are rough: a line, which so few blocks meet or miss by chance
        rough = (kinds == _ROUGH) & ~np.isnan(each[..., 0]).any(axis=(2, 3))
        costs[step] = (_BLOCK_POINTS + float(rough.mean()) * step * step) * m * n
    return min(costs, key=lambda step: costs[step])


def _spread(first: int, count: int) -> NDArray[np.int64]:
    """Blocks to look at, of `count` in a row."""
    return first + np.unique(np.linspace(0, count - 1, min(count, _MOST_LOOKED_AT)).astype(np.int64))


def _judge(
    points: NDArray[np.float64],
    source_shape: tuple[int, int],
    step: int,
    tolerance_px: float,
    kinds: NDArray[np.int32],
    bends: NDArray[np.float64],
) -> None:
    from hinterland_kernels.lattice._blocks import judge  # noqa: PLC0415 - loads Numba

    straight, bent = _CHECK_MARGIN * tolerance_px, -1.0  # halves fit any bend, and tell nothing of it
    if points.shape[2] == QUARTERS + 1:  # cubics may have told the points
        straight, bent = straight - CUBIC_PX, _CHECK_MARGIN_BENT * tolerance_px - CUBIC_PX
    judge(points, source_shape, float(step), straight, bent, kinds, bends)
