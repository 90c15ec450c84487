"""Loop that names owners: NumPy would make an index of eight bytes for each pixel first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop


@loop
def fill_names(owners: NDArray[np.int16], names: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    """Name of each owner; the first is nobody's."""
    for i in range(out.shape[0]):
        line, row = owners[i], out[i]
        for j in range(row.size):
            row[j] = names[line[j] + 1]
