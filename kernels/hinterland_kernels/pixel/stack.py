"""Statistics of a column: the numbers that lie over each other at one pixel of a stack, from what is valid.

A column is only read. The numbers of a median are found by their ranks, counted number by number, so that a thread
needs no memory of its own however deep the stack is.
"""

from __future__ import annotations

import math
from typing import Any

from hinterland_kernels._jit import pixel_function

FIRST, LAST, MIN, MAX, MEAN, MEDIAN, STDDEV, COUNT, NMAD = range(9)

NORMAL = 1.4826
"""Standard deviation of a normal distribution over the median of its absolute deviations."""


@pixel_function
def count_valid(mask: Any) -> int:  # noqa: ANN401 - (n,) host or device array
    """How many numbers of a column are valid."""
    count = 0
    for k in range(mask.shape[0]):
        count += mask[k]
    return count


@pixel_function
def column_statistic(column: Any, mask: Any, count: int, statistic: int) -> float:  # noqa: ANN401
    """One statistic of a column, in double precision.

    Parameters
    ----------
    column : (n,)
        The numbers, in the order of priority; what is not valid has no influence, not even as nan.
    mask : (n,) bool
        True where valid.
    count : int
        How many are.
    statistic : int
        `FIRST` to `NMAD`.

    Returns
    -------
    float
        0 where nothing is valid.
    """
    if count == 0 or statistic == COUNT:
        return float(count)
    if statistic == MEAN:
        return column_mean(column, mask, count)
    if statistic == STDDEV:
        return column_deviation(column, mask, count)
    if statistic == MEDIAN:
        return column_median(column, mask, count, 0.0, False)
    if statistic == NMAD:
        middle = column_median(column, mask, count, 0.0, False)
        return NORMAL * column_median(column, mask, count, middle, True)
    return column_pick(column, mask, statistic)


@pixel_function
def column_pick(column: Any, mask: Any, statistic: int) -> float:  # noqa: ANN401
    """The first, last, least or greatest valid number."""
    found = 0.0
    is_found = False
    for k in range(mask.shape[0]):
        if mask[k]:
            value = float(column[k])
            if (
                not is_found
                or statistic == LAST
                or (statistic == MIN and value < found)
                or (statistic == MAX and value > found)
            ):
                found = value
            is_found = True
    return found


@pixel_function
def column_mean(column: Any, mask: Any, count: int) -> float:  # noqa: ANN401
    """Mean of the `count` valid numbers, summed in order."""
    total = 0.0
    for k in range(mask.shape[0]):
        if mask[k]:
            total += float(column[k])
    return total / count


@pixel_function
def column_deviation(column: Any, mask: Any, count: int) -> float:  # noqa: ANN401
    """Standard deviation of the population of the `count` valid numbers."""
    mean = column_mean(column, mask, count)
    spread = 0.0
    for k in range(mask.shape[0]):
        if mask[k]:
            spread += (float(column[k]) - mean) ** 2
    return math.sqrt(spread / count)


@pixel_function
def column_median(column: Any, mask: Any, count: int, centre: float, is_distance: bool) -> float:  # noqa: ANN401
    """Median of the `count` valid numbers, or of their distances from a centre.

    Of an even count it is the mean of the two in the middle. Of equals the first has the lower rank, so that each
    rank is had once. Numbers beyond two of known ranks, one on either side of the middle, need not be ranked.
    """
    low = -math.inf
    high = math.inf
    for k in range(mask.shape[0]):
        number = number_or_distance(column, k, centre, is_distance)
        if mask[k] and low <= number <= high:
            rank = 0
            for m in range(mask.shape[0]):
                other = number_or_distance(column, m, centre, is_distance)
                rank += mask[m] & ((other < number) | ((other == number) & (m < k)))
            if rank <= (count - 1) // 2:
                low = number
            if rank >= count // 2 and number < high:
                high = number
    return 0.5 * (low + high)


@pixel_function
def number_or_distance(column: Any, k: int, centre: float, is_distance: bool) -> float:  # noqa: ANN401
    """A number of a column, or its distance from a centre."""
    number = float(column[k])
    return abs(number - centre) if is_distance else number
