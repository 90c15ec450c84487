"""What loops over stretches of lines are made of: sixteen samples at once, between memory and lanes.

Without a compiler, beside CUDA's simulator, it is the same in NumPy.
"""

from __future__ import annotations

import numba

from hinterland_kernels._lanes import COUNT

if numba.config.DISABLE_JIT:
    from hinterland_kernels._plain_lines import (
        copy,
        floats,
        has_any,
        load,
        load_first,
        load_numbers,
        load_pairs_apart,
        load_terms,
        prefetch,
        store,
        store_pairs,
        store_terms,
        to_floats,
        where_less,
        where_same,
        wholes,
    )
else:
    from hinterland_kernels._compiled_lines import (
        copy,
        has_any,
        load_first,
        load_numbers,
        load_pairs_apart,
        load_terms,
        store_pairs,
        store_terms,
    )
    from hinterland_kernels._lane_memory import load, prefetch, store
    from hinterland_kernels._lanes import floats, to_floats, where_less, where_same, wholes

__all__ = [
    "COUNT",
    "copy",
    "floats",
    "has_any",
    "load",
    "load_first",
    "load_numbers",
    "load_pairs_apart",
    "load_terms",
    "prefetch",
    "store",
    "store_pairs",
    "store_terms",
    "to_floats",
    "where_less",
    "where_same",
    "wholes",
]
