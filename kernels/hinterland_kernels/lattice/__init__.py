"""Lattices: a map from grid to source, held at sparse nodes and checked against the exact map.

A lattice covers a window of the output grid with square blocks. In a smooth block the map is bilinear between
the four corner nodes. A block where that errs by more than the tolerance, or where the map ends, carries the
exact map at each of its pixels. The blocks lie on multiples of the step in the grid's own lines and samples,
and each is decided by itself, so the map at a pixel never depends on the window that was asked for.
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
"""Block that is bilinear between its corners."""

_MOST_LOOKED_AT = 24
"""Blocks along a window's side by which `choose_step` judges it."""
_CHECK_MARGIN = 0.5
# the five check points of a block see at least this share of the largest error: all of it where the map
# curves evenly, half where it has a kink (the horizon) close to the block's edge


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


def _evaluate(
    exact_map: GridToSource, lines: NDArray[np.float64], samples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact map on the product of lines and samples: (lines, samples, 2)."""
    grid = np.stack(np.meshgrid(lines, samples, indexing="ij"), axis=-1).reshape(-1, 2)
    return exact_map(grid).reshape(len(lines), len(samples), 2)


def _nine(fine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners, edge midpoints and centre of each block, (3, 3, m, n, 2), of the exact map at half the step."""
    m, n = fine.shape[0] // 2, fine.shape[1] // 2
    return np.stack(
        [np.stack([fine[i : i + 2 * m : 2, j : j + 2 * n : 2] for j in range(3)]) for i in range(3)]
    )


def _midpoint_error(nine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest error (px) of each bilinear block at its four edge midpoints and centre; nan where the map ends."""
    top, bottom = 0.5 * (nine[0, 0] + nine[0, 2]), 0.5 * (nine[2, 0] + nine[2, 2])
    left, right = 0.5 * (nine[0, 0] + nine[2, 0]), 0.5 * (nine[0, 2] + nine[2, 2])
    errors = [
        nine[0, 1] - top,
        nine[2, 1] - bottom,
        nine[1, 0] - left,
        nine[1, 2] - right,
        nine[1, 1] - 0.5 * (top + bottom),
    ]
    worst: NDArray[np.float64] = np.abs(np.stack(errors)).max(axis=(0, -1))
    return worst


def _off_source(nine: NDArray[np.float64], shape: tuple[int, int], margin: float) -> NDArray[np.bool_]:
    """Blocks whose nine points all lie beyond the same edge of the source, or have no image at all."""
    line, sample = nine[..., 0], nine[..., 1]
    nothing = np.isnan(line)
    with np.errstate(invalid="ignore"):
        outside = [
            (edge | nothing).all(axis=(0, 1))
            for edge in (
                line < -margin,
                line > shape[0] - 1 + margin,
                sample < -margin,
                sample > shape[1] - 1 + margin,
            )
        ]
    off: NDArray[np.bool_] = np.logical_or.reduce(outside)
    return off


def build_lattice(
    exact_map: GridToSource,
    window: tuple[int, int, int, int],
    source_shape: tuple[int, int],
    *,
    step: int = 32,
    tolerance_px: float = TOLERANCE_PX,
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
    half = step // 2
    fine = _evaluate(
        exact_map,
        first_line + half * np.arange(2 * m + 1, dtype=np.float64),
        first_sample + half * np.arange(2 * n + 1, dtype=np.float64),
    )
    blocks = np.full((m, n), SMOOTH, dtype=np.int32)
    nine = _nine(fine)
    error = _midpoint_error(nine)
    blocks[~(error <= _CHECK_MARGIN * tolerance_px)] = 0  # ~ so that nan, where the map ends, is rough
    blocks[_off_source(nine, source_shape, margin=step)] = EMPTY
    rough = np.argwhere(blocks == 0)
    blocks[blocks == 0] = np.arange(len(rough), dtype=np.int32)
    return Lattice(
        line=first_line,
        sample=first_sample,
        step=step,
        nodes=np.ascontiguousarray(fine[::2, ::2]),
        blocks=blocks,
        exact=_exact_blocks(
            exact_map, first_line + rough[:, 0] * step, first_sample + rough[:, 1] * step, step
        ),
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
    exact_map: GridToSource, window: tuple[int, int, int, int], source_shape: tuple[int, int]
) -> int:
    """Pick the step that needs the fewest exact evaluations over a whole footprint.

    Parameters
    ----------
    exact_map, window, source_shape
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
        inside = 0.5 * step * np.arange(3)
        points = _evaluate(
            exact_map,
            (rows[:, None] * step + inside).reshape(-1),
            (columns[:, None] * step + inside).reshape(-1),
        )
        nine = points.reshape(len(rows), 3, len(columns), 3, 2).transpose(1, 3, 0, 2, 4)
        rough = ~(_midpoint_error(nine) <= _CHECK_MARGIN * TOLERANCE_PX)
        rough &= ~_off_source(nine, source_shape, margin=step)
        costs[step] = (2 * m + 1) * (2 * n + 1) + float(rough.mean()) * m * n * step * step
    return min(costs, key=lambda step: costs[step])


def _spread(first: int, count: int) -> NDArray[np.int64]:
    """Blocks to look at, of `count` in a row."""
    return first + np.unique(np.linspace(0, count - 1, min(count, _MOST_LOOKED_AT)).astype(np.int64))
