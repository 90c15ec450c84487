"""Lattices: a map from grid to source, held at sparse nodes and checked against the exact map.

A lattice covers a window of the output grid with square blocks. In a smooth block the map is bilinear between
the four corner nodes, or bends evenly between them. A block where that errs by more than the tolerance, or where
the map ends, carries the exact map at each of its pixels. The blocks lie on multiples of the step in the grid's
own lines and samples, and each is decided by itself, so the map at a pixel never depends on the window that was
asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GridToSource = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""The exact map: grid points (n, 2) to source points (n, 2), line and sample; nan where there is none."""

TOLERANCE_PX = 1.0 / 64.0
STEPS = (64, 32, 16, 8)

EMPTY = -2
"""Block whose every pixel lies off the source."""
SMOOTH = -1
"""Block that is bilinear between its corners, or bends evenly."""

_ROUGH = 0
_SMOOTH_PX = TOLERANCE_PX / 4.0
_MOST_LOOKED_AT = 12
"""Blocks along a window's side by which `choose_step` judges it."""
_CHECK_MARGIN, _CHECK_MARGIN_BENT = 0.5, 0.375
# the check points of a block see at least this share of the largest error: all of it where the map curves evenly,
# half where it has a kink (the horizon) close to the block's edge, less where a bend takes a part for its own
_HALVES, _QUARTERS = 2, 4
"""Parts of a block's edge between check points: quarters see whether a bend is even."""


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


def _evaluate(
    exact_map: GridToSource, lines: NDArray[np.float64], samples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact map on the product of lines and samples: (lines, samples, 2)."""
    grid = np.stack(np.meshgrid(lines, samples, indexing="ij"), axis=-1).reshape(-1, 2)
    return exact_map(grid).reshape(len(lines), len(samples), 2)


def _points(
    exact_map: GridToSource, first: tuple[int, int], blocks: tuple[int, int], step: int
) -> NDArray[np.float64]:
    """The map at corners, edge midpoints and centres of blocks: (2 m + 1, 2 n + 1, 2)."""
    half = step // 2
    lines = first[0] + half * np.arange(2 * blocks[0] + 1, dtype=np.float64)
    samples = first[1] + half * np.arange(2 * blocks[1] + 1, dtype=np.float64)
    return _evaluate(exact_map, lines, samples)


def _gentle_points(
    exact_map: GridToSource, first: tuple[int, int], blocks: tuple[int, int], step: int
) -> NDArray[np.float64]:
    """The map at every quarter of blocks, if it bends gently: (4 m + 1, 4 n + 1, 2).

    Nodes two steps apart tell where cubics through them are as good as the map itself: there they stand for it.
    A cell of four by four blocks decides that by itself and its neighbours, whatever the window.
    """
    from hinterland_kernels.lattice._blocks import refine  # noqa: PLC0415 - loads Numba

    parts, node = 2 * _QUARTERS, 2 * step
    places, nodes = [], []
    for start, count in zip(first, blocks, strict=True):
        points = start + step // _QUARTERS * np.arange(_QUARTERS * count + 1)
        begin, end = points[0] // (2 * node), points[-1] // (2 * node) + 1
        places.append((points - begin * 2 * node) * parts // node)
        # a cell more about those of the window, and a cubic's reach about that
        nodes.append(node * np.arange(2 * begin - 4, 2 * end + 5, dtype=np.float64))
    coarse = _evaluate(exact_map, *nodes)
    fine = np.empty((_QUARTERS * blocks[0] + 1, _QUARTERS * blocks[1] + 1, 2))
    down, right = places
    is_rough = _rough_cells(coarse)
    refine(np.ascontiguousarray(coarse[2:-2, 2:-2]), is_rough, down, right, parts, fine)
    if not is_rough.any():
        return fine
    missing = np.argwhere(np.isnan(fine[..., 0]))
    if len(missing):
        fine[missing[:, 0], missing[:, 1]] = exact_map(np.array(first) + step / _QUARTERS * missing)
    return fine


def _rough_cells(coarse: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cells of two nodes' distances, but the outermost, that or whose neighbours no cubic is good enough for.

    Cubics through every second node are held to the nodes between. Those through all, at half the distance, err by
    a sixteenth of what is seen. A kink that slips through between a cell's nodes shows in its neighbours.
    """
    with np.errstate(invalid="ignore"):
        down = np.abs(_between(coarse) - coarse[3:-3:2]).max(axis=-1)[:, 2:-2]
        right = np.abs(_between(coarse.swapaxes(0, 1)) - coarse.swapaxes(0, 1)[3:-3:2]).max(axis=-1).T[2:-2]
        errors = [down[:, k : down.shape[1] - 2 + k : 2] for k in range(3)]
        errors += [right[k : right.shape[0] - 2 + k : 2] for k in range(3)]
        rough = ~(np.maximum.reduce(errors) <= _SMOOTH_PX)  # ~ so that nan, where the map ends, is rough
    m, n = rough.shape
    around = [rough[i : m - 2 + i, j : n - 2 + j] for i in range(3) for j in range(3)]
    found: NDArray[np.bool_] = np.logical_or.reduce(around)
    return found


def _between(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cubics through every second of a column's nodes, halfway between them."""
    a, b, c, d = nodes[:-6:2], nodes[2:-4:2], nodes[4:-2:2], nodes[6::2]
    between: NDArray[np.float64] = (9.0 * (b + c) - (a + d)) / 16.0
    return between


def build_lattice(
    exact_map: GridToSource,
    window: tuple[int, int, int, int],
    source_shape: tuple[int, int],
    *,
    step: int = 32,
    tolerance_px: float = TOLERANCE_PX,
    is_gentle: bool = False,
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
    parts, points_of = (
        (_QUARTERS, _gentle_points) if is_gentle and not step % _QUARTERS else (_HALVES, _points)
    )
    fine = points_of(exact_map, (first_line, first_sample), (m, n), step)
    up, along, axis = fine.strides
    side = parts + 1
    each = np.lib.stride_tricks.as_strided(
        fine, (m, n, side, side, 2), (parts * up, parts * along, up, along, axis)
    )
    blocks, bends = np.empty((m, n), dtype=np.int32), np.empty((m, n, 2, 2))
    _judge(each, source_shape, step, tolerance_px, blocks, bends)
    rough = np.argwhere(blocks == 0)
    blocks[blocks == 0] = np.arange(len(rough), dtype=np.int32)
    return Lattice(
        line=first_line,
        sample=first_sample,
        step=step,
        nodes=np.ascontiguousarray(fine[::parts, ::parts]),
        blocks=blocks,
        exact=_exact_blocks(
            exact_map, first_line + rough[:, 0] * step, first_sample + rough[:, 1] * step, step
        ),
        bends=bends,
    )


def _exact_blocks(
    exact_map: GridToSource, lines: NDArray[np.int64], samples: NDArray[np.int64], step: int
) -> NDArray[np.float64]:
    """Exact map at each pixel of the blocks that start at `lines`, `samples`: (n, step, step, 2)."""
    inside = np.arange(step, dtype=np.float64)
    points = np.empty((len(lines), step, step, 2))
    points[..., 0] = lines[:, None, None] + inside[None, :, None]
    points[..., 1] = samples[:, None, None] + inside[None, None, :]
    return exact_map(points.reshape(-1, 2)).reshape(points.shape)


def choose_step(
    exact_map: GridToSource,
    window: tuple[int, int, int, int],
    source_shape: tuple[int, int],
    *,
    is_gentle: bool = False,
) -> int:
    """Pick the step that needs the fewest exact evaluations over a whole footprint.

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
    costs = {}
    line, sample, lines, samples = window
    for step in STEPS:
        m, n = -(-lines // step) + 1, -(-samples // step) + 1
        rows, columns = _spread(line // step, m), _spread(sample // step, n)
        parts = _QUARTERS if is_gentle else _HALVES
        inside = step / parts * np.arange(parts + 1)
        points = _evaluate(
            exact_map,
            (rows[:, None] * step + inside).reshape(-1),
            (columns[:, None] * step + inside).reshape(-1),
        )
        each = points.reshape(len(rows), parts + 1, len(columns), parts + 1, 2).swapaxes(1, 2)
        kinds = np.empty((len(rows), len(columns)), np.int32)
        bends = np.empty((*kinds.shape, 2, 2))
        _judge(each, source_shape, step, TOLERANCE_PX, kinds, bends)
        rough = kinds == _ROUGH
        costs[step] = (2 * m + 1) * (2 * n + 1) + float(rough.mean()) * m * n * step * step
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

    may_bend = points.shape[2] == _QUARTERS + 1
    bent = _CHECK_MARGIN_BENT * tolerance_px if may_bend else 0.0
    judge(points, source_shape, float(step), _CHECK_MARGIN * tolerance_px, bent, kinds, bends)
