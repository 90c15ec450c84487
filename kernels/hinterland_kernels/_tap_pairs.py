"""Pairs of neighbouring samples of 8 bits for sixteen lanes, weighed in whole numbers; see `_lanes`.

Four lanes share sixteen samples: one instruction of AVX2 picks all their taps of a pair, and one weighs and adds
them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._bytes import BYTES
from hinterland_kernels._lanes import COUNT, FLOATS, WHOLES, constant, has_permutation, one, two

SHARED = 16
"""Samples that four lanes share."""

_FOUR = 4
_BYTE, _WORD, _INT, _INDEX = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_INTS = WHOLES.vector
_SHARED = ir.VectorType(_BYTE, SHARED)
_TABLES = BYTES.vector
_ROUNDING, _ITS_BITS = 12582912.0, 0x4B400000
"""1.5 * 2**23: the last bits of what is added to it are a whole number then, rounded, halves to even."""


def _order(numbers: range | list[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_INT, len(numbers)), list(numbers))


def _swapped(builder: Any, lanes: Any, apart: int) -> Any:  # noqa: ANN401 - llvmlite values, here and below
    """Each lane's partner so many lanes off."""
    return builder.shuffle_vector(lanes, lanes, _order([lane ^ apart for lane in range(COUNT)]))


def _least_of_fours(builder: Any, lanes: Any) -> Any:  # noqa: ANN401
    for apart in (1, 2):
        other = _swapped(builder, lanes, apart)
        lanes = builder.select(builder.icmp_signed("<", lanes, other), lanes, other)
    return lanes


def _greatest(builder: Any, lanes: Any) -> Any:  # noqa: ANN401
    for apart in (8, 4, 2, 1):
        other = _swapped(builder, lanes, apart)
        lanes = builder.select(builder.icmp_signed(">", lanes, other), lanes, other)
    return builder.extract_element(lanes, ir.Constant(_INT, 0))


def _rounded(builder: Any, lanes: Any) -> Any:  # noqa: ANN401
    moved = builder.bitcast(builder.fadd(lanes, constant(FLOATS.vector, _ROUNDING)), _INTS)
    return builder.sub(moved, constant(_INTS, _ITS_BITS))


def _paired(builder: Any, low: Any, high: Any) -> Any:  # noqa: ANN401
    low = builder.and_(low, constant(_INTS, 0xFFFF))
    return builder.or_(low, builder.shl(high, constant(_INTS, 16)))


def _by_registers(builder: Any, name: str, kinds: tuple[Any, Any], a: Any, b: Any) -> Any:  # noqa: ANN401
    """An instruction of AVX-512 on both whole vectors, or that of AVX2 on their halves."""
    given, found = kinds
    wide = has_permutation("avx512bw")
    width = "avx512" if wide else "avx2"
    parts = 1 if wide else 2
    kind, result = (ir.VectorType(one.element, one.count // parts) for one in (given, found))
    full = f"llvm.x86.{width}.{name}" + (".512" if wide else "")
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [kind, kind]), full)
    if wide:
        return builder.call(function, [a, b])
    orders = [_order(range(part * kind.count, (part + 1) * kind.count)) for part in range(parts)]
    halves = [
        builder.call(function, [builder.shuffle_vector(one, one, order) for one in (a, b)])
        for order in orders
    ]
    return builder.shuffle_vector(*halves, _order(range(found.count)))


def _pairs(builder: Any, tables: Any, places: Any) -> Any:  # noqa: ANN401
    if has_permutation("avx2"):
        # the two bytes' places, each below one that asks for 0
        index = builder.mul(places, constant(_INTS, 0x10001))
        index = builder.bitcast(builder.add(index, constant(_INTS, -0x7FFE8000)), _TABLES)
        name = "pshuf.b"
        return builder.bitcast(_by_registers(builder, name, (_TABLES, _TABLES), tables, index), _INTS)
    room = cgutils.alloca_once(builder, _TABLES)
    builder.store(tables, room)
    numbers = builder.bitcast(room, _BYTE.as_pointer())
    found = ir.Constant(_INTS, ir.Undefined)
    for lane in range(COUNT):
        number = ir.Constant(_INT, lane)
        place = builder.extract_element(places, number)
        both = []
        for following in range(2):
            at = builder.and_(builder.add(place, ir.Constant(_INT, following)), ir.Constant(_INT, SHARED - 1))
            at = builder.add(at, ir.Constant(_INT, lane // _FOUR * SHARED))
            both.append(builder.zext(builder.load(builder.gep(numbers, [at])), _INT))
        pair = builder.or_(both[0], builder.shl(both[1], ir.Constant(_INT, 16)))
        found = builder.insert_element(found, pair, number)
    return found


def _weighed(builder: Any, pairs: Any, weights: Any) -> Any:  # noqa: ANN401
    if has_permutation("avx2"):
        words = ir.VectorType(_WORD, 2 * COUNT)
        pairs, weights = builder.bitcast(pairs, words), builder.bitcast(weights, words)
        name = "pmaddw.d" if has_permutation("avx512bw") else "pmadd.wd"
        return _by_registers(builder, name, (words, _INTS), pairs, weights)
    bits = constant(_INTS, 16)
    low = [builder.ashr(builder.shl(each, bits), bits) for each in (pairs, weights)]
    high = [builder.ashr(each, bits) for each in (pairs, weights)]
    return builder.add(builder.mul(*low), builder.mul(*high))


least_of_fours = one(WHOLES, WHOLES, _least_of_fours)
"""The least of each four lanes side by side, in all of them."""
greatest = one(types.int32, WHOLES, _greatest)
"""The greatest of all lanes."""
rounded = one(WHOLES, FLOATS, _rounded)
"""The nearest whole numbers, halves to even, of numbers below 2**22."""
paired = two(WHOLES, WHOLES, WHOLES, _paired)
"""The low 16 bits of two times 16 whole numbers, side by side in each lane."""
pairs = two(WHOLES, BYTES, WHOLES, _pairs)
"""For each lane the sample at its place, 0 to 14, in the sixteen of its four, and the next beside it."""
weighed = two(WHOLES, WHOLES, WHOLES, _weighed)
"""Sum of a pair, each of the two times its own 16 bits of a pair of weights."""


@intrinsic
def fours(_typing: Any, lanes: Any) -> Any:  # noqa: ANN401 - types of a call, here and below
    """The numbers of the first of each four lanes."""
    answer = types.UniTuple(types.intp, _FOUR)

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        firsts = [ir.Constant(_INT, lane) for lane in range(0, COUNT, _FOUR)]
        numbers = [builder.sext(builder.extract_element(values[0], first), _INDEX) for first in firsts]
        return context.make_tuple(builder, answer, numbers)

    return answer(lanes), build


@intrinsic
def load_fours(_typing: Any, array: Any, a: Any, b: Any, c: Any, d: Any) -> Any:  # noqa: ANN401, ARG001
    """Sixteen uint8 of a contiguous array for each four lanes; the caller has looked at the bounds."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        parts = [
            builder.load(builder.bitcast(builder.gep(data, [at]), _SHARED.as_pointer()), align=1)
            for at in values[1:]
        ]
        halves = [builder.shuffle_vector(parts[k], parts[k + 1], _order(range(2 * SHARED))) for k in (0, 2)]
        return builder.shuffle_vector(*halves, _order(range(4 * SHARED)))

    return BYTES(array, types.intp, types.intp, types.intp, types.intp), build
