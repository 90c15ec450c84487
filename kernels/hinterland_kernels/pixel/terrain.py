"""Terrain on a grid of heights: lines of sight over it, the horizon, the gradient.

A line of sight runs straight on the grid from the eye to the centre of a cell. The terrain under it is known
where it crosses the grid lines through the cell centres, interpolated linearly between the two centres beside
the crossing (the "R3" line of sight of Franklin and Ray 1994, "Higher isn't necessarily better: visibility
algorithms and experiments").

Heights are carried into the eye's tangent plane cell by cell as *apparent heights*: distance times the
tangent of the elevation angle. There a line of sight is straight on a sphere too.
"""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function

HOLE = -1e9
"""Apparent height, m, of a cell without data: so deep that no line of sight between it and a neighbour is
blocked, and so shallow that rounding errors of a crossing at the neighbour's centre do not matter."""


@pixel_function
def apparent_height(height: float, eye_height: float, distance: float, radius: float) -> float:
    """Distance times the tangent of the elevation angle, m, of a point on a sphere; no refraction.

    Parameters
    ----------
    height, eye_height : float
        Of the point and the eye above the sphere, m.
    distance : float
        Along the sphere, m. At 0 the result is the plain difference of heights.
    radius : float
        Of the sphere, m.
    """
    angle = distance / radius
    if angle == 0.0:
        return height - eye_height
    half = math.sin(0.5 * angle)
    rise = (height - eye_height) * math.cos(angle) - 2.0 * (radius + eye_height) * half * half
    return rise * distance / ((radius + height) * math.sin(angle))


@pixel_function
def height_on_line(heights: Any, line: int, sample: float) -> float:  # noqa: ANN401
    """Height between two cells of a line; `sample` lies on the grid, which has two samples or more."""
    left = min(int(sample), heights.shape[1] - 2)
    weight = sample - left
    return float((1.0 - weight) * heights[line, left] + weight * heights[line, left + 1])


@pixel_function
def height_on_sample(heights: Any, line: float, sample: int) -> float:  # noqa: ANN401
    """Height between two cells of a column, as `height_on_line`."""
    upper = min(int(line), heights.shape[0] - 2)
    weight = line - upper
    return float((1.0 - weight) * heights[upper, sample] + weight * heights[upper + 1, sample])


@pixel_function
def first_inside(start: float, stop: float, low: float) -> int:
    """First whole number beyond `low` and in the span from start to stop, or one before it for rounding."""
    return max(math.floor(min(start, stop)), math.floor(low) + 1)


@pixel_function
def last_inside(start: float, stop: float, high: float) -> int:
    """Last whole number short of `high` and in the span, or one after it for rounding."""
    return min(math.ceil(max(start, stop)), math.ceil(high) - 1)


@pixel_function
def is_hidden(
    apparent: Any,  # noqa: ANN401
    eye_line: float,
    eye_sample: float,
    line: int,
    sample: int,
    start: float,
    stop: float,
) -> bool:
    """Say whether terrain on a part of a line of sight stands above it.

    Parameters
    ----------
    apparent : (lines, samples)
        Apparent heights, m; `HOLE` where there are no data.
    eye_line, eye_sample : float
        The eye's place on the grid.
    line, sample : int
        The cell looked at.
    start, stop : float
        Part of the line of sight to look at, 0 at the eye and 1 at the cell. A crossing or so more may be
        looked at; the ends themselves never are.
    """
    goal = apparent[line, sample]
    down, across = line - eye_line, sample - eye_sample
    if down != 0.0:
        a, b = eye_line + start * down, eye_line + stop * down
        for i in range(first_inside(a, b, min(eye_line, line)), last_inside(a, b, max(eye_line, line)) + 1):
            part = (i - eye_line) / down
            if height_on_line(apparent, i, eye_sample + part * across) > part * goal:
                return True
    if across != 0.0:
        a, b = eye_sample + start * across, eye_sample + stop * across
        for j in range(
            first_inside(a, b, min(eye_sample, sample)), last_inside(a, b, max(eye_sample, sample)) + 1
        ):
            part = (j - eye_sample) / across
            if height_on_sample(apparent, eye_line + part * down, j) > part * goal:
                return True
    return False


@pixel_function
def highest_on_ray(
    apparent: Any,  # noqa: ANN401
    eye_line: float,
    eye_sample: float,
    down: float,
    across: float,
) -> tuple[float, float, float]:
    """Highest terrain where a ray crosses lines, out to the edge of the grid.

    Parameters
    ----------
    apparent, eye_line, eye_sample
        As in `is_hidden`.
    down, across : float
        Lines and samples a metre along the ray.

    Returns
    -------
    slope, distance, reach : float
        The tangent of its elevation and how far it is, m, and how far there are data: -inf, nan and 0 where
        the ray crosses no line with data.
    """
    best, distance_of_best, reach = -math.inf, math.nan, 0.0
    if abs(down) < 1e-12:  # along a line
        return best, distance_of_best, reach
    step = 1 if down > 0.0 else -1
    line = math.floor(eye_line) + 1 if step > 0 else math.ceil(eye_line) - 1
    while 0 <= line < apparent.shape[0]:
        distance = (line - eye_line) / down
        sample = eye_sample + distance * across
        if not 0.0 <= sample <= apparent.shape[1] - 1:
            break
        height = height_on_line(apparent, line, sample)
        if height > 0.5 * HOLE:
            reach = distance
            if height > best * distance:
                best, distance_of_best = height / distance, distance
        line += step
    return best, distance_of_best, reach


@pixel_function
def horn_gradient(
    heights: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    line: int,
    sample: int,
) -> tuple[float, float]:
    """Rise a cell towards higher lines and towards higher samples, by Horn's weights.

    Three differences are averaged along each axis, the middle one with twice the weight. Where an end of one
    is off the grid or has no data it is taken from its middle, and it is left out where that fails: exact on
    planes up to the edge, and 0 where there is no neighbour.
    Source: Horn 1981, "Hill shading and the reflectance map", Proc. IEEE 69(1).

    Parameters
    ----------
    heights, mask : (lines, samples)
        Heights, m, and where they are valid; the cell itself is.
    line, sample : int
        The cell.
    """
    if is_surrounded(mask, line, sample):
        down = across = 0.0
        for k in range(-1, 2):
            weight = 2 - abs(k)
            down += weight * (heights[line + 1, sample + k] - heights[line - 1, sample + k])
            across += weight * (heights[line + k, sample + 1] - heights[line + k, sample - 1])
        return down / 8.0, across / 8.0
    down = across = 0.0
    down_weight = across_weight = 0
    for k in range(-1, 2):
        weight = 2 - abs(k)
        rise, known = rise_through(heights, mask, line, sample + k, 1, 0)
        down, down_weight = down + weight * rise, down_weight + weight * known
        rise, known = rise_through(heights, mask, line + k, sample, 0, 1)
        across, across_weight = across + weight * rise, across_weight + weight * known
    return down / max(down_weight, 1), across / max(across_weight, 1)


@pixel_function
def is_surrounded(mask: Any, line: int, sample: int) -> bool:  # noqa: ANN401
    """Say whether all eight neighbours of a cell are on the grid and valid."""
    if line < 1 or sample < 1 or line > mask.shape[0] - 2 or sample > mask.shape[1] - 2:
        return False
    for i in range(line - 1, line + 2):
        for j in range(sample - 1, sample + 2):
            if not mask[i, j]:
                return False
    return True


@pixel_function
def has_height(mask: Any, line: int, sample: int) -> bool:  # noqa: ANN401
    """Say whether a cell is on the grid and valid."""
    return bool(0 <= line < mask.shape[0] and 0 <= sample < mask.shape[1] and mask[line, sample])


@pixel_function
def rise_through(
    heights: Any,  # noqa: ANN401
    mask: Any,  # noqa: ANN401
    line: int,
    sample: int,
    down: int,
    across: int,
) -> tuple[float, int]:
    """Rise a cell through a cell in a direction, from what there is of its two neighbours and itself.

    Parameters
    ----------
    heights, mask : (lines, samples)
        As in `horn_gradient`.
    line, sample : int
        The cell; it may be off the grid.
    down, across : int
        The step to the next cell.

    Returns
    -------
    rise : float
        0 where it is not known.
    known : int
        1 or 0.
    """
    before = has_height(mask, line - down, sample - across)
    after = has_height(mask, line + down, sample + across)
    if before and after:
        return 0.5 * (heights[line + down, sample + across] - heights[line - down, sample - across]), 1
    if has_height(mask, line, sample):
        if after:
            return float(heights[line + down, sample + across] - heights[line, sample]), 1
        if before:
            return float(heights[line, sample] - heights[line - down, sample - across]), 1
    return 0.0, 0
