"""Loops of lines of sight on the CPU; their public faces are in the package."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop
from hinterland_kernels.pixel.terrain import (
    HOLE,
    apparent_height,
    highest_on_ray,
    is_hidden,
)

BLOCK = 8
"""Cells along a block whose highest slope is kept, and about the length of a piece of a line of sight."""
TILE = 16
"""Cells along a tile of cells looked at together."""

_NEAR = 8.0  # cells from the eye within which blocks decide nothing; below, the bound there would be loose
_STRETCH = 1.0 + 1.0 / 256.0
_ROUNDING = 1e-9


@loop
def carry(
    heights: NDArray[np.float32],
    mask: NDArray[np.bool_],
    eye_line: float,
    eye_sample: float,
    eye_height: float,
    metres_per_line: float,
    metres_per_sample: float,
    radius: float,
    first_line: int,
    last_line: int,
    apparent: NDArray[np.float32],
    ceilings: NDArray[np.float64],
) -> None:
    """Fill apparent heights of whole block lines, and the highest slope (tangent) of each block."""
    for i in range(first_line, last_line):
        if i % BLOCK == 0:
            ceilings[i // BLOCK] = -np.inf
        for j in range(heights.shape[1]):
            if mask[i, j]:
                distance = math.hypot((i - eye_line) * metres_per_line, (j - eye_sample) * metres_per_sample)
                apparent[i, j] = apparent_height(heights[i, j], eye_height, distance, radius)
                slope = apparent[i, j] / distance if distance > 0.0 else -np.inf
                ceilings[i // BLOCK, j // BLOCK] = max(ceilings[i // BLOCK, j // BLOCK], slope)
            else:
                apparent[i, j] = HOLE


@loop
def beam_bound(
    ceilings: NDArray[np.float64],
    top: float,
    bottom: float,
    left: float,
    right: float,
    shape: tuple[int, int],
) -> float:
    """Slope that no terrain exceeds between the given lines and samples and one cell around them."""
    bound = -np.inf
    for i in range(max(0, int(top - 1.0)) // BLOCK, min(shape[0] - 1, int(bottom + 2.0)) // BLOCK + 1):
        for j in range(max(0, int(left - 1.0)) // BLOCK, min(shape[1] - 1, int(right + 2.0)) // BLOCK + 1):
            bound = max(bound, ceilings[i, j])
    if bound == -np.inf:
        return bound
    # an edge's middle is nearer than its ends, so that what is linear along it gains slope
    stretched = bound * _STRETCH if bound > 0.0 else bound
    return stretched + _ROUNDING * (abs(bound) + 1e-3)


@loop
def find_slopes(
    apparent: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    eye_line: float,
    eye_sample: float,
    metres_per_line: float,
    metres_per_sample: float,
    first_line: int,
    first_sample: int,
    slopes: NDArray[np.float64],
) -> tuple[float, float]:
    """Fill the slopes of a tile, nan where no cell is wanted; return the lowest and the least distance."""
    lowest, nearest = np.inf, np.inf
    for i in range(slopes.shape[0]):
        for j in range(slopes.shape[1]):
            line, sample = first_line + i, first_sample + j
            slopes[i, j] = np.nan
            if line < wanted.shape[0] and sample < wanted.shape[1] and wanted[line, sample]:
                distance = math.hypot(
                    (line - eye_line) * metres_per_line, (sample - eye_sample) * metres_per_sample
                )
                slopes[i, j] = apparent[line, sample] / distance if distance > 0.0 else np.inf
                lowest, nearest = min(lowest, slopes[i, j]), min(nearest, distance)
    return lowest, nearest


@loop
def find_pieces(
    ceilings: NDArray[np.float64],
    eye_line: float,
    eye_sample: float,
    first_line: int,
    first_sample: int,
    shape: tuple[int, int],
    lowest: float,
    near: float,
    pieces: NDArray[np.float64],
) -> int:
    """List the pieces of the lines of sight to a tile that may be blocked, and count them.

    Each is its start, its stop (0 at the eye, 1 at the cell) and the slope that no terrain on it exceeds.
    Pieces that start before `near` are always listed.
    """
    up, down = first_line - eye_line, min(first_line + TILE, shape[0]) - 1 - eye_line
    left, right = first_sample - eye_sample, min(first_sample + TILE, shape[1]) - 1 - eye_sample
    total = max(1, math.ceil(max(abs(up), abs(down), abs(left), abs(right)) / BLOCK))
    count = 0
    for piece in range(total):
        start, stop = piece / total, (piece + 1) / total
        bound = np.inf
        if start > near:
            bound = beam_bound(
                ceilings,
                eye_line + min(start * up, stop * up),
                eye_line + max(start * down, stop * down),
                eye_sample + min(start * left, stop * left),
                eye_sample + max(start * right, stop * right),
                shape,
            )
        if bound > lowest:
            pieces[count, 0], pieces[count, 1], pieces[count, 2] = start, stop, bound
            count += 1
    return count


@loop
def viewshed(
    apparent: NDArray[np.float32],
    ceilings: NDArray[np.float64],
    wanted: NDArray[np.bool_],
    eye_line: float,
    eye_sample: float,
    metres_per_line: float,
    metres_per_sample: float,
    first_line: int,
    visible: NDArray[np.bool_],
) -> None:
    """Look at the cells of one line of tiles; see `terrain.viewshed`.

    Lines of sight to a tile are cut into pieces. A piece whose beam to the tile passes only blocks lower than
    the lowest slope looked at hides nothing; the rest are looked at crossing by crossing.
    """
    shape = wanted.shape
    most = max(shape) // BLOCK + 2
    pieces = np.empty((most, 3))
    slopes = np.empty((TILE, TILE))
    near_m = _NEAR * max(metres_per_line, metres_per_sample)
    for first_sample in range(0, shape[1], TILE):
        lowest, nearest = find_slopes(
            apparent,
            wanted,
            eye_line,
            eye_sample,
            metres_per_line,
            metres_per_sample,
            first_line,
            first_sample,
            slopes,
        )
        if nearest == np.inf:
            continue
        count = find_pieces(
            ceilings, eye_line, eye_sample, first_line, first_sample, shape, lowest, near_m / nearest, pieces
        )
        guess = 0  # neighbours are mostly hidden by the same terrain
        for i in range(TILE):
            for j in range(TILE):
                slope = slopes[i, j]
                if math.isnan(slope):
                    continue
                line, sample = first_line + i, first_sample + j
                visible[line, sample] = True
                for k in range(count):
                    piece = guess + k if guess + k < count else guess + k - count
                    if pieces[piece, 2] > slope and is_hidden(
                        apparent, eye_line, eye_sample, line, sample, pieces[piece, 0], pieces[piece, 1]
                    ):
                        visible[line, sample] = False
                        guess = piece
                        break


@loop
def horizon(
    apparent: NDArray[np.float32],
    eye_line: float,
    eye_sample: float,
    metres_per_line: float,
    metres_per_sample: float,
    azimuths: NDArray[np.float64],
    elevations: NDArray[np.float64],
    distances: NDArray[np.float64],
    reaches: NDArray[np.float64],
) -> None:
    """Follow one ray an azimuth to the edge of the grid; see `terrain.horizon`."""
    for k in range(azimuths.shape[0]):
        down = -math.cos(azimuths[k]) / metres_per_line  # cells a metre
        across = math.sin(azimuths[k]) / metres_per_sample
        best, distance, reach = highest_on_ray(apparent, eye_line, eye_sample, down, across)
        other, other_distance, other_reach = highest_on_ray(apparent.T, eye_sample, eye_line, across, down)
        if other > best:
            best, distance = other, other_distance
        elevations[k] = math.atan(best) if best > -np.inf else np.nan
        distances[k] = distance
        reaches[k] = max(reach, other_reach)


@loop
def wedge(
    eye_line: float,
    eye_sample: float,
    metres_per_line: float,
    metres_per_sample: float,
    left: float,
    width: float,
    range_m: float,
    margin_m: float,
    out: NDArray[np.bool_],
) -> None:
    """Mark cells in a sector of azimuth and range; see `terrain.wedge`."""
    turn = 2.0 * math.pi
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            east, north = (j - eye_sample) * metres_per_sample, (eye_line - i) * metres_per_line
            distance = math.hypot(east, north)
            beyond = (math.atan2(east, north) - left) % turn
            inside = distance <= margin_m or width >= turn or beyond <= width
            if not inside:
                gap = min(beyond - width, turn - beyond)
                inside = gap < 0.5 * math.pi and distance * math.sin(gap) <= margin_m
            out[i, j] = inside and distance <= range_m + margin_m
