"""Where a lattice asks its exact map, and what cubics tell between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

GridToSource = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""The exact map: grid points (n, 2) to source points (n, 2), line and sample; nan where there is none."""

TOLERANCE_PX = 1.0 / 64.0
HALVES, QUARTERS = 2, 4
"""Parts of a block's edge between check points: quarters see whether a bend is even."""
CELL = 4
"""Blocks along a cell, which decides together whether a gentle map has to be asked."""
_SMOOTH_PX = TOLERANCE_PX
CUBIC_PX = _SMOOTH_PX / 16.0
"""What points that cubics tell may be off by."""


def evaluate(
    exact_map: GridToSource, lines: NDArray[np.float64], samples: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exact map on the product of lines and samples: (lines, samples, 2)."""
    grid = np.stack(np.meshgrid(lines, samples, indexing="ij"), axis=-1).reshape(-1, 2)
    return exact_map(grid).reshape(len(lines), len(samples), 2)


def points_by_halves(
    exact_map: GridToSource, first: tuple[int, int], blocks: tuple[int, int], step: int
) -> NDArray[np.float64]:
    """The map at corners, edge midpoints and centres of blocks: (2 m + 1, 2 n + 1, 2)."""
    half = step // 2
    lines = first[0] + half * np.arange(2 * blocks[0] + 1, dtype=np.float64)
    samples = first[1] + half * np.arange(2 * blocks[1] + 1, dtype=np.float64)
    return evaluate(exact_map, lines, samples)


def gentle_points(
    exact_map: GridToSource,
    first: tuple[int, int],
    blocks: tuple[int, int],
    step: int,
    source_shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The map at every quarter of blocks, if it bends gently, and the blocks that need no asking.

    Nodes two steps apart tell where cubics through them are as good as the map itself: there they stand for it.
    A cell of four by four blocks decides that by itself and its neighbours, whatever the window.

    Returns
    -------
    points : (4 m + 1, 4 n + 1, 2)
        The map; nan, too, about blocks that need no asking.
    is_off : (m, n)
        Blocks in cells that lie far off the source.
    """
    from hinterland_kernels.lattice._blocks import find_off, refine  # noqa: PLC0415 - loads Numba

    parts, node = 2 * QUARTERS, 2 * step
    places, nodes, cells = [], [], []
    for start, count in zip(first, blocks, strict=True):
        points = start + step // QUARTERS * np.arange(QUARTERS * count + 1)
        begin, end = points[0] // (2 * node), points[-1] // (2 * node) + 1
        places.append((points - begin * 2 * node) * parts // node)
        cells.append((start + step * np.arange(count)) // (2 * node) - begin)
        # a cell more about those of the window, and a cubic's reach about that
        nodes.append(node * np.arange(2 * begin - 4, 2 * end + 5, dtype=np.float64))
    coarse = evaluate(exact_map, *nodes)
    fine = np.empty((QUARTERS * blocks[0] + 1, QUARTERS * blocks[1] + 1, 2))
    down, right = places
    is_rough = _rough_cells(coarse)
    coarse = np.ascontiguousarray(coarse[2:-2, 2:-2])
    refine(coarse, is_rough, down, right, parts, fine)
    is_far = np.empty_like(is_rough)
    find_off(coarse, source_shape, is_far)
    is_off: NDArray[np.bool_] = is_far[np.ix_(*cells)]
    if is_rough.any():
        missing = np.argwhere(np.isnan(fine[..., 0]))
        # a point is of the blocks before it and behind it
        around = np.pad(is_off, 1, constant_values=True)
        above, below = (missing[:, 0] - 1) // QUARTERS + 1, missing[:, 0] // QUARTERS + 1
        before, behind = (missing[:, 1] - 1) // QUARTERS + 1, missing[:, 1] // QUARTERS + 1
        upper, lower = (
            around[above, before] & around[above, behind],
            around[below, before] & around[below, behind],
        )
        missing = missing[~(upper & lower)]
        if len(missing):
            fine[missing[:, 0], missing[:, 1]] = exact_map(np.array(first) + step / QUARTERS * missing)
    return fine, is_off


def _rough_cells(coarse: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cells of two nodes' distances, but the outermost, that or whose neighbours no cubic is good enough for.

    Cubics through every second node are held to the nodes between. Those through all, at half the distance, err by
    a sixteenth of what is seen (CUBIC_PX). A kink that slips through between the nodes of a cell shows beside it.
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
