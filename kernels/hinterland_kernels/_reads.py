"""Samples next to each other, read by each of sixteen lanes at a place of its own; see `_lanes`.

Places come from memory, each lane's a number: LLVM makes an address of them by one instruction then, and keeps
no pointer a lane. The samples of two or four lanes are read into one register and parted by shuffles.
"""

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from hinterland_kernels._lanes import COUNT, FLOATS, WHOLES, constant, splat, two
from hinterland_kernels._words import MANY, WORDS

_BYTE, _INT, _INDEX, _FLOAT = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_GROUP = 8
"""Lanes read together: as many float32 as a register of AVX2 holds."""
_INTS, _FLOATS = ir.VectorType(_INT, _GROUP), ir.VectorType(_FLOAT, _GROUP)

_FIRSTS, _SECONDS = (0, 2, 8, 10, 4, 6, 12, 14), (1, 3, 9, 11, 5, 7, 13, 15)
"""Of pairs 0, 1, 4, 5 in one register and 2, 3, 6, 7 in another: by one instruction each."""
_LOW_TWO, _HIGH_TWO = (0, 8, 1, 9, 4, 12, 5, 13), (2, 10, 3, 11, 6, 14, 7, 15)
_LOW_HALF, _HIGH_HALF = (0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15)
"""Steps of turning fours of lanes 0 and 4, 1 and 5, 2 and 6, 3 and 7."""

Samples = tuple[Any, ...]
"""llvmlite values: a vector of eight lanes for each tap."""


def _order(lanes: Any) -> ir.Constant:  # noqa: ANN401 - llvmlite values, here and below
    return ir.Constant(ir.VectorType(_INT, len(lanes)), list(lanes))


def _joined(builder: Any, a: Any, b: Any) -> Any:  # noqa: ANN401
    return builder.shuffle_vector(a, b, _order(range(2 * a.type.count)))


def _read(builder: Any, address: Any, kind: Any) -> Any:  # noqa: ANN401
    scalar = address.type.pointee
    align = 4 if scalar == _FLOAT else scalar.width // 8
    return builder.load(builder.bitcast(address, kind.as_pointer()), align=align)


def _two_words(builder: Any, addresses: list[Any], kind: Any) -> Samples:  # noqa: ANN401
    """Two numbers of 32 bits a lane, of a kind."""
    read = [_read(builder, address, ir.VectorType(kind, 2)) for address in addresses]
    four = [_joined(builder, read[k], read[k + 1]) for k in range(0, _GROUP, 2)]
    a, b = _joined(builder, four[0], four[2]), _joined(builder, four[1], four[3])
    return tuple(builder.shuffle_vector(a, b, _order(order)) for order in (_FIRSTS, _SECONDS))


def _four_floats(builder: Any, addresses: list[Any]) -> Samples:  # noqa: ANN401
    read = [_read(builder, address, ir.VectorType(_FLOAT, 4)) for address in addresses]
    a, b, c, d = (_joined(builder, read[k], read[k + 4]) for k in range(4))
    halves = []
    for order in (_LOW_TWO, _HIGH_TWO):
        upper, lower = (builder.shuffle_vector(*pair, _order(order)) for pair in ((a, b), (c, d)))
        halves += [builder.shuffle_vector(upper, lower, _order(half)) for half in (_LOW_HALF, _HIGH_HALF)]
    return tuple(halves)


def _one_word(builder: Any, addresses: list[Any], bits: int) -> Any:  # noqa: ANN401
    """So many bits a lane, as whole numbers of 32."""
    kind = ir.IntType(bits)
    read = ir.Constant(ir.VectorType(kind, _GROUP), ir.Undefined)
    for lane, address in enumerate(addresses):
        read = builder.insert_element(read, _read(builder, address, kind), ir.Constant(_INT, lane))
    return read if kind == _INT else builder.zext(read, _INTS)


def _parted(builder: Any, word: Any, bits: int, count: int) -> Samples:  # noqa: ANN401
    """So many whole numbers out of each word, as float32."""
    each = ir.Constant(_INTS, [(1 << bits) - 1] * _GROUP)
    shifted = (builder.lshr(word, ir.Constant(_INTS, [bits * k] * _GROUP)) for k in range(count))
    return tuple(builder.sitofp(builder.and_(one, each), _FLOATS) for one in shifted)


def _pairs(builder: Any, addresses: list[Any]) -> Samples:  # noqa: ANN401
    scalar = addresses[0].type.pointee
    if scalar == _FLOAT:
        return _two_words(builder, addresses, _FLOAT)
    return _parted(builder, _one_word(builder, addresses, 2 * scalar.width), scalar.width, 2)


def _fours(builder: Any, addresses: list[Any]) -> Samples:  # noqa: ANN401
    scalar = addresses[0].type.pointee
    if scalar == _FLOAT:
        return _four_floats(builder, addresses)
    if scalar.width == 8:
        return _parted(builder, _one_word(builder, addresses, 32), 8, 4)
    low, high = _two_words(builder, addresses, _INT)
    return (*_parted(builder, low, 16, 2), *_parted(builder, high, 16, 2))


def _addresses(context: Any, builder: Any, signature: Any, values: Any, count: int) -> list[Any]:  # noqa: ANN401
    """Where so many lanes read, by the arguments of a call: array, index, places and the first of these."""
    data, room = (context.make_array(signature.args[k])(context, builder, values[k]).data for k in (0, 2))
    data = builder.gep(data, [values[1]])
    room = builder.bitcast(builder.gep(room, [values[3]]), _INT.as_pointer())
    apart = (builder.load(builder.gep(room, [ir.Constant(_INT, lane)])) for lane in range(count))
    return [builder.gep(data, [builder.sext(one, _INDEX)]) for one in apart]


def _eights(read: Any, addresses: list[Any]) -> list[Any]:  # noqa: ANN401
    return [read(addresses[begin : begin + _GROUP]) for begin in range(0, len(addresses), _GROUP)]


def _reader(read: Any, count: int) -> Any:  # noqa: ANN401
    @intrinsic
    def reads(_typing: Any, array: Any, at: Any, places: Any, first: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
        answer = types.UniTuple(FLOATS, count)

        def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            addresses = _addresses(context, builder, signature, values, COUNT)
            halves = _eights(functools.partial(read, builder), addresses)
            return context.make_tuple(
                builder, answer, [_joined(builder, *taps) for taps in zip(*halves, strict=True)]
            )

        return answer(array, types.intp, places, types.intp), build

    return reads


read_pairs = _reader(_pairs, 2)
"""For each lane two samples of a contiguous array as float32: from so far beyond index `at` as its place says.

Places are whole numbers, whose bits lie in an array of float32 from index `first` on.
"""
read_fours = _reader(_fours, 4)
"""For each lane four samples; else as `read_pairs`."""


@intrinsic
def read_bytes(_typing: Any, array: Any, at: Any, places: Any, first: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """For each lane four samples of 8 bits, two and two: each pair a whole number, a sample in either half."""
    answer = types.UniTuple(WHOLES, 2)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        addresses = _addresses(context, builder, signature, values, COUNT)
        halves = _eights(lambda eight: _one_word(builder, eight, _INT.width), addresses)
        taps = builder.bitcast(_joined(builder, *halves), ir.VectorType(_BYTE, 4 * COUNT))
        none = ir.Constant(taps.type, [0] * taps.type.count)
        pairs = []
        for begin in (0, 2):
            order = [tap for lane in range(COUNT) for tap in (4 * lane + begin, 64, 4 * lane + begin + 1, 64)]
            pairs.append(builder.bitcast(builder.shuffle_vector(taps, none, _order(order)), WHOLES.vector))
        return context.make_tuple(builder, answer, pairs)

    return answer(array, types.intp, places, types.intp), build


def _first_ones(builder: Any, lanes: Any, count: Any) -> Any:  # noqa: ANN401
    inside = builder.icmp_signed("<", ir.Constant(WHOLES.vector, list(range(COUNT))), splat(builder, count))
    return builder.select(inside, lanes, builder.shuffle_vector(lanes, lanes, _order([0] * COUNT)))


first_ones = two(WHOLES, WHOLES, types.int32, _first_ones)
"""The first `count` lanes; what follows them is as the first."""


@intrinsic
def wholes_at(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """Sixteen whole numbers whose bits lie in a contiguous array of float32 from index `at`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return builder.load(
            builder.bitcast(builder.gep(data, [values[1]]), WHOLES.vector.as_pointer()), align=4
        )

    return WHOLES(array, types.intp), build


@intrinsic
def place_at(_typing: Any, places: Any, index: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """One lane's place, of those in memory."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        room = context.make_array(signature.args[0])(context, builder, values[0]).data
        address = builder.bitcast(builder.gep(room, [values[1]]), _INT.as_pointer())
        return builder.sext(builder.load(address), _INDEX)

    return types.intp(places, types.intp), build


@intrinsic
def read_byte_pairs(_typing: Any, array: Any, at: Any, places: Any, first: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """For each of 32 lanes two samples of 8 bits, as numbers of 16; else as `read_pairs`."""
    answer = types.UniTuple(WORDS, 2)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        both = ir.Constant(WORDS.vector, ir.Undefined)
        for lane, address in enumerate(_addresses(context, builder, signature, values, MANY)):
            word = _read(builder, address, ir.IntType(16))
            both = builder.insert_element(both, word, ir.Constant(_INT, lane))
        taps = builder.and_(both, constant(WORDS.vector, 255)), builder.lshr(both, constant(WORDS.vector, 8))
        return context.make_tuple(builder, answer, taps)

    return answer(array, types.intp, places, types.intp), build
