"""Thirty-two whole numbers of 16 bits at once, and pairs of samples; see `_lanes`."""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._lane_memory import loaded
from hinterland_kernels._lanes import (
    COUNT,
    FLOATS,
    WHOLES,
    Lanes,
    constant,
    has_permutation,
    infix,
    splat,
    two,
)
from hinterland_kernels._picks import picked

MANY = 2 * COUNT
"""Lanes."""

_WORD, _INT, _INDEX, _BYTE = ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.IntType(8)
_WORDS, _INTS, _BYTES = ir.VectorType(_WORD, MANY), ir.VectorType(_INT, MANY), ir.VectorType(_BYTE, MANY)

WORDS = Lanes(types.int16, MANY, _WORDS)
"""Type of compiled code: 32 int16, added and subtracted each lane by itself."""


def _pack(builder: Any, low: Any, high: Any) -> Any:  # noqa: ANN401 - llvmlite values, here and below
    together = builder.shuffle_vector(low, high, ir.Constant(_INTS, list(range(MANY))))
    return builder.trunc(together, _WORDS)


def _share(builder: Any, value: Any, share: Any) -> Any:  # noqa: ANN401
    if has_permutation("avx512bw"):  # LLVM does not see that one instruction is the four below
        kind = ir.FunctionType(_WORDS, [_WORDS, _WORDS])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.pmul.hr.sw.512")
        return builder.call(function, [value, share])
    if has_permutation("avx2"):
        half = ir.VectorType(_WORD, COUNT)
        kind = ir.FunctionType(half, [half, half])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.pmul.hr.sw")
        parts = [ir.Constant(ir.VectorType(_INT, COUNT), list(range(k, k + COUNT))) for k in (0, COUNT)]
        halves = [
            builder.call(function, [builder.shuffle_vector(lanes, lanes, part) for lanes in (value, share)])
            for part in parts
        ]
        return builder.shuffle_vector(*halves, ir.Constant(_INTS, list(range(MANY))))
    product = builder.mul(builder.sext(value, _INTS), builder.sext(share, _INTS))
    product = builder.add(builder.ashr(product, constant(_INTS, 14)), constant(_INTS, 1))
    return builder.trunc(builder.ashr(product, constant(_INTS, 1)), _WORDS)


pack = two(WORDS, WHOLES, WHOLES, _pack)
"""The low 16 bits of two times 16 whole numbers."""
share = two(WORDS, WORDS, WORDS, _share)
"""value * share / 2**15, rounded, halves up."""
infix(operator.add, WORDS, WORDS, lambda builder, a, b: builder.add(a, b))
infix(operator.sub, WORDS, WORDS, lambda builder, a, b: builder.sub(a, b))
infix(
    operator.and_,
    WORDS,
    types.int32,
    lambda builder, a, b: builder.and_(a, splat(builder, builder.trunc(b, _WORD), MANY)),
)


@intrinsic
def load_pairs(_typing: Any, array: Any, at: Any, index: Any) -> Any:  # noqa: ANN401, ARG001
    """For each of 16 lanes the samples at its index and the next, 0 to 31, of the 32 from `at`, as float32."""
    pair = types.UniTuple(FLOATS, 2)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        array, at, index = values
        data = context.make_array(signature.args[0])(context, builder, array).data
        if data.type.pointee == _WORD and has_permutation("avx512bw"):
            found = _pairs_of_words(builder, data, at, index)
        else:
            low = loaded(builder, data, at)
            high = loaded(builder, data, builder.add(at, ir.Constant(_INDEX, COUNT)))
            following = builder.add(index, constant(index.type, 1))
            found = [picked(builder, low, high, place) for place in (index, following)]
        return context.make_tuple(builder, pair, found)

    return pair(array, types.intp, index), build


def _pairs_of_words(builder: Any, data: Any, at: Any, index: Any) -> list[Any]:  # noqa: ANN401
    """Both samples by one permutation: numbers of 16 bits are picked before they are made float32."""
    address = builder.bitcast(builder.gep(data, [at]), _WORDS.as_pointer())
    low = builder.mul(index, constant(index.type, 0x10001))
    both = builder.bitcast(builder.add(low, constant(index.type, 0x10000)), _WORDS)
    kind = ir.FunctionType(_WORDS, [_WORDS, _WORDS])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.permvar.hi.512")
    found = builder.bitcast(builder.call(function, [builder.load(address, align=2), both]), index.type)
    halves = builder.and_(found, constant(index.type, 0xFFFF)), builder.lshr(found, constant(index.type, 16))
    return [builder.sitofp(half, FLOATS.vector) for half in halves]


@intrinsic
def put_words(_typing: Any, room: Any, at: Any, words: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """Keep 32 words in a contiguous array of float32, from index `at` on: in sixteen of its numbers."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        address = builder.bitcast(builder.gep(data, [values[1]]), _WORDS.as_pointer())
        builder.store(values[2], address, align=4)
        return context.get_dummy_value()

    return types.void(room, types.intp, words), build


@intrinsic
def words_at(_typing: Any, room: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """What `put_words` keeps there."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return builder.load(builder.bitcast(builder.gep(data, [values[1]]), _WORDS.as_pointer()), align=4)

    return WORDS(room, types.intp), build


shifted_up = two(
    WORDS,
    WORDS,
    types.int32,
    lambda builder, a, b: builder.shl(a, splat(builder, builder.trunc(b, _WORD), MANY)),
)
"""Each times 2**b."""
