"""Where a lattice sends a pixel of the grid."""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function
from hinterland_kernels.pixel.sampling import UNWIDENED, WIDENED, WIDEST


@pixel_function
def lattice_to_source(lattice: Any, line: int, sample: int) -> tuple[float, float]:  # noqa: ANN401 - host or device arrays
    """Source line and sample of a grid line and sample; nan off the lattice or off the source."""
    down = line - lattice.line
    right = sample - lattice.sample
    i = down // lattice.step
    j = right // lattice.step
    if down < 0 or right < 0 or i >= lattice.blocks.shape[0] or j >= lattice.blocks.shape[1]:
        return math.nan, math.nan
    block = lattice.blocks[i, j]
    down -= i * lattice.step
    right -= j * lattice.step
    if block >= 0:
        return lattice.exact[block, down, right, 0], lattice.exact[block, down, right, 1]
    if block != -1:
        return math.nan, math.nan
    t = down / lattice.step
    u = right / lattice.step
    a = (1.0 - t) * (1.0 - u)
    b = (1.0 - t) * u
    c = t * (1.0 - u)
    d = t * u
    nodes, bends = lattice.nodes, lattice.bends
    line = a * nodes[i, j, 0] + b * nodes[i, j + 1, 0] + c * nodes[i + 1, j, 0] + d * nodes[i + 1, j + 1, 0]
    sample = a * nodes[i, j, 1] + b * nodes[i, j + 1, 1] + c * nodes[i + 1, j, 1] + d * nodes[i + 1, j + 1, 1]
    t *= 1.0 - t
    u *= 1.0 - u
    return (
        line + t * bends[i, j, 0, 0] + u * bends[i, j, 1, 0],
        sample + t * bends[i, j, 0, 1] + u * bends[i, j, 1, 1],
    )


@pixel_function
def footprint(lattice: Any, line: int, sample: int) -> tuple[float, float]:  # noqa: ANN401
    """Source lines and samples that one grid pixel spans, for widening kernels: at least 1.

    From the differences along the pixel's own block, so it does not depend on the window. 1 off the lattice,
    and where the block holds the exact map and a neighbour has no image.
    """
    down = line - lattice.line
    right = sample - lattice.sample
    step = lattice.step
    i = down // step
    j = right // step
    if down < 0 or right < 0 or i >= lattice.blocks.shape[0] or j >= lattice.blocks.shape[1]:
        return 1.0, 1.0
    block = lattice.blocks[i, j]
    if block >= 0:
        # of two steps the shorter: where a map goes round its body, one of them may be the whole turn
        exact = lattice.exact
        down -= i * step
        right -= j * step
        up = max(min(down - 1, step - 3), 0)
        left = max(min(right - 1, step - 3), 0)
        mid = min(up + 1, step - 2)
        center = min(left + 1, step - 2)
        line_down = shorter(
            exact[block, up + 1, right, 0] - exact[block, up, right, 0],
            exact[block, mid + 1, right, 0] - exact[block, mid, right, 0],
        )
        line_right = shorter(
            exact[block, down, left + 1, 0] - exact[block, down, left, 0],
            exact[block, down, center + 1, 0] - exact[block, down, center, 0],
        )
        sample_down = shorter(
            exact[block, up + 1, right, 1] - exact[block, up, right, 1],
            exact[block, mid + 1, right, 1] - exact[block, mid, right, 1],
        )
        sample_right = shorter(
            exact[block, down, left + 1, 1] - exact[block, down, left, 1],
            exact[block, down, center + 1, 1] - exact[block, down, center, 1],
        )
    else:
        nodes = lattice.nodes
        line_down = (nodes[i + 1, j, 0] - nodes[i, j, 0]) / step
        line_right = (nodes[i, j + 1, 0] - nodes[i, j, 0]) / step
        sample_down = (nodes[i + 1, j, 1] - nodes[i, j, 1]) / step
        sample_right = (nodes[i, j + 1, 1] - nodes[i, j, 1]) / step
    lines = math.sqrt(line_down * line_down + line_right * line_right)
    samples = math.sqrt(sample_down * sample_down + sample_right * sample_right)
    return widening(lines), widening(samples)


@pixel_function
def shorter(one: float, other: float) -> float:
    """The step of smaller size; the one that there is where the other is nan."""
    if math.isnan(one) or abs(other) < abs(one):
        return other
    return one


@pixel_function
def widening(span: float) -> float:
    """Factor by which a kernel is stretched for a grid pixel that spans so many source pixels."""
    if not span > UNWIDENED:  # nan too, where the map ends
        return 1.0
    if span < WIDENED:
        return 1.0 + (WIDENED - 1.0) * (span - UNWIDENED) / (WIDENED - UNWIDENED)
    return min(span, WIDEST)
