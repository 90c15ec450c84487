"""How far feathers have risen at each block: sums over all that is missing around it.

Blocks come in groups of sixteen along a line: where nothing is missing within reach of a group, nothing is done.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels._lines import COUNT, floats, has_any, load, store


@loop
def rise(
    missing: NDArray[np.float32],
    line: int,
    kernel: NDArray[np.float32],
    half: float,
    start: int,
    stop: int,
    out: NDArray[np.float32],
    risen: NDArray[np.bool_],
) -> None:
    """Fill the root of the weight of each block: it rises evenly from the edge, so that splines keep it.

    Parameters
    ----------
    missing : (blocks down, blocks across) float32
        Share of each block that is missing; see `_blocks.share_missing`.
    line : int
        Of the block there that is a radius of the kernel above the first; one so far to the left has sample 0.
    kernel : (2 r + 1, >= 2 r + 1) float32
        Of the feather.
    half : float
        Of the feather.
    start, stop : int
        Groups of blocks to fill.
    out : (lines, >= 16 groups) float32
        Roots.
    risen : (lines, >= groups) bool
        Whether any block of a group may not be 1.
    """
    lines, groups, sample = len(out), stop - start, start * COUNT
    size, wide = kernel.shape[0], missing.shape[1]
    seen, uneven, repeats = _survey(
        missing, line, sample, lines + size - 1, groups, (kernel.shape[1] + 2 * COUNT - 2) // COUNT
    )
    scale, ones = np.float32(half * half), floats(np.float32(1.0))
    for i in range(lines):
        last, at = i + size - 1, i * out.shape[1] + sample
        if i > 0 and repeats[last] >= size:  # a straight edge of the raster
            for group in range(groups):
                store(out, at + group * COUNT, load(out, at - out.shape[1] + group * COUNT), COUNT)
                risen[i, start + group] = risen[i - 1, start + group]
            continue
        for group in range(groups):
            is_risen, here = seen[last, group] >= i, group * COUNT
            risen[i, start + group] = is_risen
            if not is_risen:
                store(out, at + here, ones, COUNT)
            elif group > 0 and uneven[last, group] < i:
                store(out, at + here, load(out, at + here - COUNT), COUNT)
            else:
                first = (line + i) * wide + sample + here
                store(out, at + here, _closeness(missing, kernel, seen, first, i, group), COUNT)
                for b in range(sample + here, sample + here + COUNT):
                    root = np.float32(1.0) / math.sqrt(np.float32(1.0) + scale * out[i, b])
                    own = missing[line + i + size // 2, b + size // 2]
                    out[i, b] = np.float32(0.0) if own == 1.0 else root


@loop
def _survey(
    missing: NDArray[np.float32], line: int, sample: int, lines: int, groups: int, reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Look for what need not be summed up, from a line and sample on.

    Of each line and group of blocks: the last line, up to it, in which anything is missing in the group or the
    next, `reach` groups in all; the last in which these and the group before are not equal. Of each line: how
    many, up to it, are the same as the one before.
    """
    samples, wide = missing.shape[1], groups + reach - 1
    some, same = np.empty(wide, dtype=np.bool_), np.empty(wide, dtype=np.bool_)
    seen, uneven = np.empty((lines, groups), dtype=np.int64), np.empty((lines, groups), dtype=np.int64)
    repeats = np.zeros(lines, dtype=np.int64)
    for i in range(lines):
        first = (line + i) * samples + sample
        is_repeated = i > 0
        for group in range(wide):
            if not is_repeated:
                break
            at = first + group * COUNT
            is_repeated = not has_any(load(missing, at) - load(missing, at - samples))
        if is_repeated:
            repeats[i] = repeats[i - 1] + 1
            for group in range(groups):
                seen[i, group] = i if seen[i - 1, group] == i - 1 else seen[i - 1, group]
                uneven[i, group] = i if uneven[i - 1, group] == i - 1 else uneven[i - 1, group]
            continue
        for group in range(wide):
            own = load(missing, first + group * COUNT)
            some[group] = has_any(own)
            same[group] = group > 0 and not has_any(own - load(missing, first + group * COUNT - 1))
        for group in range(groups):
            is_seen, is_even = False, group > 0
            for other in range(group, group + reach):
                is_seen |= some[other]
                is_even &= same[other]
            if is_even:
                before = load(missing, first + (group - 1) * COUNT)
                is_even = not has_any(before - floats(missing[line + i, sample + group * COUNT]))
            seen[i, group] = i if is_seen else (seen[i - 1, group] if i > 0 else -1)
            uneven[i, group] = (uneven[i - 1, group] if i > 0 else -1) if is_even else i
    return seen, uneven, repeats


@part_of_loop
def _closeness(
    missing: NDArray[np.float32],
    kernel: NDArray[np.float32],
    seen: NDArray[np.int64],
    first: int,
    i: int,
    group: int,
) -> Any:  # noqa: ANN401 - lanes
    """Sum the kernel over all that is missing about a group of blocks; `first` is its own beginning."""
    total, second = floats(np.float32(0.0)), floats(np.float32(0.0))
    third, fourth = total, second  # four sums at once: one would wait for itself
    for k in range(kernel.shape[0]):
        if seen[i + k, group] == i + k:
            at = first + k * missing.shape[1]
            for m in range(0, kernel.shape[1], 4):
                total = total + floats(kernel[k, m]) * load(missing, at + m)
                second = second + floats(kernel[k, m + 1]) * load(missing, at + m + 1)
                third = third + floats(kernel[k, m + 2]) * load(missing, at + m + 2)
                fourth = fourth + floats(kernel[k, m + 3]) * load(missing, at + m + 3)
    return (total + second) + (third + fourth)
