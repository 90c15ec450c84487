"""Numbers of a line picked by index, sixteen at once: by one instruction of AVX-512, by those of AVX2, or singly.

One instruction of AVX-512 picks from 32 numbers, those of AVX2 pick from eight.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._lanes import COUNT, FLOATS, WHOLES, constant, has_permutation

_PERMUTATION = "llvm.x86.avx512.vpermi2var.ps.512"
"""Picks sixteen of 32 numbers."""

_INT = ir.IntType(32)
_EIGHT = ir.VectorType(_INT, 8)
_ALL = ir.Constant(WHOLES.vector, list(range(COUNT)))


def picked(builder: Any, low: Any, high: Any, index: Any) -> Any:  # noqa: ANN401
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


@intrinsic
def pick(_typing: Any, low: Any, high: Any, index: Any) -> Any:  # noqa: ANN401
    """For each lane the number at its index, 0 to 31, in 32 of them: `low` and then `high`."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        return picked(builder, *values)

    return FLOATS(low, high, index), build
