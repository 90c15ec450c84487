"""Numbers of a line picked by index, sixteen at once: by one instruction of AVX-512, by those of AVX2, or singly.

One instruction of AVX-512 picks from 32 numbers. Those of AVX2 pick from eight: where eight neighbours look at no
more than sixteen numbers, each eight has sixteen of its own (`near`).
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._lanes import COUNT, FLOATS, WHOLES, constant, has_permutation

_PERMUTATION = "llvm.x86.avx512.vpermi2var.ps.512"
"""Picks sixteen of 32 numbers."""

_INT, _INDEX = ir.IntType(32), ir.IntType(64)
_EIGHT = ir.VectorType(_INT, 8)
_ALL = ir.Constant(WHOLES.vector, list(range(COUNT)))


def _picked(builder: Any, low: Any, high: Any, index: Any) -> Any:  # noqa: ANN401
    """For each lane the number at its index in `low` and then `high`: by an instruction, or one by one."""
    if has_permutation():
        kind = ir.FunctionType(low.type, [low.type, index.type, high.type])
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, _PERMUTATION), [low, index, high]
        )
    if has_permutation("avx2"):
        return _picked_by_eights(builder, low, high, index)
    table = cgutils.alloca_once(builder, ir.ArrayType(low.type, 2))
    zero = ir.Constant(_INT, 0)
    builder.store(low, builder.gep(table, [zero, zero]))
    builder.store(high, builder.gep(table, [zero, ir.Constant(_INT, 1)]))
    numbers = builder.bitcast(table, low.type.element.as_pointer())
    index = builder.and_(index, constant(index.type, 2 * low.type.count - 1))
    found = ir.Constant(low.type, ir.Undefined)
    for lane in range(low.type.count):
        place = builder.extract_element(index, ir.Constant(_INT, lane))
        number = builder.load(builder.gep(numbers, [place]))
        found = builder.insert_element(found, number, ir.Constant(_INT, lane))
    return found


def _eights(builder: Any, lanes: Any) -> list[Any]:  # noqa: ANN401
    orders = [ir.Constant(_EIGHT, list(range(first, first + 8))) for first in (0, 8)]
    return [builder.shuffle_vector(lanes, lanes, order) for order in orders]


def _permuted(builder: Any, table: Any, places: Any) -> Any:  # noqa: ANN401
    kind = ir.FunctionType(table.type, [table.type, places.type])
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.permps"), [table, places]
    )


def _has_bit(builder: Any, places: Any, bit: int) -> Any:  # noqa: ANN401
    """Shifted up to where the sign is: a blend looks at that alone."""
    shifted = builder.shl(places, constant(places.type, 31 - bit))
    return builder.icmp_signed("<", shifted, constant(places.type, 0))


def _of_sixteen(builder: Any, table: list[Any], places: Any) -> Any:  # noqa: ANN401
    """The instruction of AVX2 picks from eight numbers; which eight it is, the index's next bit says."""
    first, second = (_permuted(builder, part, places) for part in table)
    return builder.select(_has_bit(builder, places, 3), second, first)


def _picked_by_eights(builder: Any, low: Any, high: Any, index: Any) -> Any:  # noqa: ANN401
    low, high = _eights(builder, low), _eights(builder, high)
    found = [
        builder.select(
            _has_bit(builder, places, 4),
            _of_sixteen(builder, high, places),
            _of_sixteen(builder, low, places),
        )
        for places in _eights(builder, index)
    ]
    return builder.shuffle_vector(*found, _ALL)


def _is_by_eights() -> bool:
    return not has_permutation() and has_permutation("avx2")


def _least(builder: Any, places: Any) -> Any:  # noqa: ANN401 - llvmlite values, here and below
    """The least of eight, 0 to 16."""
    kind = ir.FunctionType(_EIGHT, [_EIGHT, _EIGHT])
    least = cgutils.get_or_insert_function(builder.module, kind, "llvm.smin.v8i32")
    for apart in (4, 2, 1):
        order = ir.Constant(_EIGHT, [lane ^ apart for lane in range(8)])
        places = builder.call(least, [places, builder.shuffle_vector(places, places, order)])
    greatest = cgutils.get_or_insert_function(builder.module, kind, "llvm.smax.v8i32")
    held = builder.call(greatest, [places, constant(_EIGHT, 0)])
    return builder.call(least, [held, constant(_EIGHT, COUNT)])


@intrinsic
def pick(_typing: Any, low: Any, high: Any, index: Any) -> Any:  # noqa: ANN401
    """For each lane the number at its index, 0 to 31, in 32 of them: `low` and then `high`."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        return _picked(builder, *values)

    return FLOATS(low, high, index), build


def nearby(builder: Any, index: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401
    """What `near` does, in code that is being built."""
    if not _is_by_eights():
        return ir.Constant(_INDEX, 0), ir.Constant(_INDEX, COUNT), index
    parts = _eights(builder, index)
    least = [_least(builder, part) for part in parts]
    parts = [builder.sub(part, first) for part, first in zip(parts, least, strict=True)]
    begins = (builder.sext(builder.extract_element(first, ir.Constant(_INT, 0)), _INDEX) for first in least)
    return (*begins, builder.shuffle_vector(*parts, _ALL))


def picked_nearby(builder: Any, first: Any, last: Any, index: Any) -> Any:  # noqa: ANN401
    """What `pick_near` does."""
    if not _is_by_eights():
        return _picked(builder, first, last, index)
    found = [
        _of_sixteen(builder, _eights(builder, table), places)
        for table, places in zip((first, last), _eights(builder, index), strict=True)
    ]
    return builder.shuffle_vector(*found, _ALL)


@intrinsic
def near(_typing: Any, index: Any) -> Any:  # noqa: ANN401 - types of a call, here and below
    """Where the sixteen numbers of the first and of the last eight lanes begin, and the indexes for `pick_near`.

    Indexes are 0 to 31; those of eight lanes, taps that follow them counted, lie within 15 of each other.
    """
    answer = types.Tuple((types.intp, types.intp, WHOLES))

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        return context.make_tuple(builder, answer, nearby(builder, *values))

    return answer(index), build


@intrinsic
def pick_near(_typing: Any, first: Any, last: Any, index: Any) -> Any:  # noqa: ANN401
    """For each lane the number at its index in the sixteen of its own eight, `first` or `last`."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        return picked_nearby(builder, *values)

    return FLOATS(first, last, index), build
