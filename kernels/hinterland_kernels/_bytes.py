"""Sixty-four whole numbers of 8 bits at once, four lines of sixteen, for samples of 8 bits; see `_lanes`."""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._lane_memory import masked_store
from hinterland_kernels._lanes import (
    COUNT,
    WHOLES,
    Lanes,
    constant,
    four,
    has_permutation,
    infix,
    one,
    splat,
    three,
    two,
)
from hinterland_kernels._words import MANY, WORDS

LINES = 4
"""Of sixteen lanes each."""

_ALL = LINES * COUNT
_BYTE, _WORD, _INT, _INDEX = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_BYTES, _BITS = ir.VectorType(_BYTE, _ALL), ir.VectorType(ir.IntType(1), _ALL)
_HALF, _LINE = ir.VectorType(_BYTE, MANY), ir.VectorType(_BYTE, COUNT)

BYTES = Lanes(types.uint8, _ALL, _BYTES)
"""Type of compiled code: 64 uint8, added each lane by itself."""
TABLE = Lanes(types.uint8, MANY, _HALF)
"""Type of compiled code: 32 uint8 that lanes pick from."""
BITS = Lanes(types.boolean, _ALL, _BITS)
"""Type of compiled code: 64 answers."""


def _order(first: int, count: int) -> ir.Constant:
    """Lanes of two vectors, one after the other, from the first on."""
    return ir.Constant(ir.VectorType(_INT, count), list(range(first, first + count)))


def _joined(builder: Any, *lines: Any) -> Any:  # noqa: ANN401 - llvmlite values, here and below
    lines = tuple(builder.trunc(line, _LINE) for line in lines)
    halves = [builder.shuffle_vector(lines[k], lines[k + 1], _order(0, MANY)) for k in (0, 2)]
    return builder.shuffle_vector(*halves, _order(0, _ALL))


def _picked(builder: Any, table: Any, index: Any) -> Any:  # noqa: ANN401
    if has_permutation("avx512vbmi"):
        twice = ir.Constant(ir.VectorType(_INT, _ALL), [lane % MANY for lane in range(_ALL)])
        table = builder.shuffle_vector(table, table, twice)
        return _called(builder, "llvm.x86.avx512.permvar.qi.512", table, index)
    room = cgutils.alloca_once(builder, _HALF)
    builder.store(table, room)
    numbers = builder.bitcast(room, _BYTE.as_pointer())
    index = builder.and_(index, constant(_BYTES, MANY - 1))
    found = ir.Constant(_BYTES, ir.Undefined)
    for lane in (ir.Constant(_INT, number) for number in range(_ALL)):
        place = builder.zext(builder.extract_element(index, lane), _INDEX)
        found = builder.insert_element(found, builder.load(builder.gep(numbers, [place])), lane)
    return found


def _called(builder: Any, name: str, a: Any, b: Any) -> Any:  # noqa: ANN401
    kind = ir.FunctionType(a.type, [a.type, b.type])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b])


join = four(BYTES, (WHOLES, WHOLES, WHOLES, WHOLES), _joined)
"""The low 8 bits of four times 16 whole numbers."""
bytes_of = one(BYTES, types.int32, lambda builder, value: splat(builder, builder.trunc(value, _BYTE), _ALL))
"""The low 8 bits of a whole number in all lanes."""
same_bytes = two(BITS, BYTES, BYTES, lambda builder, a, b: builder.icmp_unsigned("==", a, b))
"""Which lanes are the same."""
where_bits = three(BYTES, (BITS, BYTES, BYTES), lambda builder, bits, a, b: builder.select(bits, a, b))
"""`a` where it is so, else `b`."""
pick_bytes = two(BYTES, TABLE, BYTES, _picked)
"""For each lane the number at its index, 0 to 31, in 32 of them."""
infix(operator.add, BYTES, BYTES, lambda builder, a, b: builder.add(a, b))


@intrinsic
def load_table(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """Thirty-two uint8 of a contiguous array from index `at`; the caller has looked at the bounds."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return builder.load(builder.bitcast(builder.gep(data, [values[1]]), _HALF.as_pointer()), align=1)

    return TABLE(array, types.intp), build


@intrinsic
def lines_of(_typing: Any, lanes: Any, bits: Any) -> Any:  # noqa: ANN401, ARG001
    """The first two lines of lanes, and the other two, shifted up."""
    pair = types.UniTuple(WORDS, 2)

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        lanes, bits = values
        bits = splat(builder, builder.trunc(bits, _WORD), MANY)
        halves = [builder.shuffle_vector(lanes, lanes, _order(first, MANY)) for first in (0, MANY)]
        return context.make_tuple(
            builder, pair, [builder.shl(builder.zext(half, WORDS.vector), bits) for half in halves]
        )

    return pair(lanes, types.int32), build


@intrinsic
def join_lines(_typing: Any, upper: Any, lower: Any, bits: Any) -> Any:  # noqa: ANN401, ARG001
    """Two lines and two lines, shifted down again and rounded."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        *halves, bits = values
        bits = builder.trunc(bits, _WORD)
        half = splat(
            builder, builder.lshr(builder.shl(ir.Constant(_WORD, 1), bits), ir.Constant(_WORD, 1)), MANY
        )
        bits = splat(builder, bits, MANY)
        rounded = [builder.trunc(builder.lshr(builder.add(one, half), bits), _HALF) for one in halves]
        return builder.shuffle_vector(*rounded, _order(0, _ALL))

    return BYTES(upper, lower, types.int32), build


@intrinsic
def store_line(_typing: Any, array: Any, at: Any, lanes: Any, line: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """Put the first `count` lanes of a line, a constant, into a contiguous array of 8 bits from `at`."""
    if not isinstance(line, types.IntegerLiteral):
        return None
    lane = _order(line.literal_value * COUNT, COUNT)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        array, at, lanes, _, count = values
        data = context.make_array(signature.args[0])(context, builder, array).data
        lanes = builder.shuffle_vector(lanes, lanes, lane)
        address = builder.bitcast(builder.gep(data, [at]), _LINE.as_pointer())
        with builder.if_else(builder.icmp_signed(">=", count, ir.Constant(_INDEX, COUNT))) as (full, part):
            with full:
                builder.store(lanes, address, align=1)
            with part:
                masked_store(builder, lanes, address, 1, count)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes, line, types.intp), build
