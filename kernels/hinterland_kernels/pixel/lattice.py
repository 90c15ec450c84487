"""Where a lattice sends a pixel of the grid."""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function


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
    nodes = lattice.nodes
    return (
        a * nodes[i, j, 0] + b * nodes[i, j + 1, 0] + c * nodes[i + 1, j, 0] + d * nodes[i + 1, j + 1, 0],
        a * nodes[i, j, 1] + b * nodes[i, j + 1, 1] + c * nodes[i + 1, j, 1] + d * nodes[i + 1, j + 1, 1],
    )
