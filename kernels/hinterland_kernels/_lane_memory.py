"""Sixteen numbers at once from memory and into it: whole, and as far as a line goes."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from hinterland_kernels._lanes import COUNT, FLOATS, constant, has_permutation, splat

_FLOAT, _INT, _INDEX = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FLOATS, _INTS = ir.VectorType(_FLOAT, COUNT), ir.VectorType(_INT, COUNT)
_ROUNDING = 12582912.0
"""1.5 * 2**23: the last bits of what is added to it are a whole number then, rounded, halves to even."""


def loaded(builder: Any, data: Any, at: Any) -> Any:  # noqa: ANN401
    """Sixteen samples from an index on, as float32, in code that is being built."""
    kind = data.type.pointee
    address = builder.bitcast(builder.gep(data, [at]), ir.VectorType(kind, COUNT).as_pointer())
    found = builder.load(address, align=4 if kind == _FLOAT else kind.width // 8)
    return found if kind == _FLOAT else builder.uitofp(found, _FLOATS)


@intrinsic
def load(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """Sixteen samples of a contiguous array from index `at`, as float32; the caller has looked at the bounds."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        return loaded(builder, data, values[1])

    return FLOATS(array, types.intp), build


def bring_near(builder: Any, address: Any) -> None:  # noqa: ANN401
    """Have what is at an address brought near, in code that is being built."""
    address = builder.bitcast(address, ir.IntType(8).as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [address.type, _INT, _INT, _INT])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    # to read; to the second cache: the first would have let go of it when its line comes
    builder.call(function, [address, *(ir.Constant(_INT, number) for number in (0, 2, 1))])


@intrinsic
def prefetch(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Have the sample at an index brought near, should there be one; any index is safe."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        bring_near(builder, builder.gep(data, [values[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), build


@intrinsic
def store(_typing: Any, array: Any, at: Any, lanes: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """Put the first `count` lanes into a contiguous array from index `at`.

    Into whole numbers they are rounded, halves to even, and stay at the end of the range that they pass.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        scalar = signature.args[0].dtype
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        _, at, lanes, count = values
        if isinstance(scalar, types.Integer):
            lanes = _whole(builder, lanes, scalar)
        address = builder.bitcast(builder.gep(data, [at]), lanes.type.as_pointer())
        align = scalar.bitwidth // 8
        with builder.if_else(builder.icmp_signed(">=", count, ir.Constant(_INDEX, COUNT))) as (full, part):
            with full:
                builder.store(lanes, address, align=align)
            with part:
                masked_store(builder, lanes, address, align, count)
        return context.get_dummy_value()

    return types.void(array, types.intp, FLOATS, types.intp), build


def _whole(builder: Any, lanes: Any, scalar: Any) -> Any:  # noqa: ANN401
    least, most = constant(_FLOATS, float(scalar.minval)), constant(_FLOATS, float(scalar.maxval))
    lanes = builder.select(builder.fcmp_ordered(">", lanes, least), lanes, least)
    lanes = builder.select(builder.fcmp_ordered("<", lanes, most), lanes, most)
    lanes = builder.bitcast(builder.fadd(lanes, constant(_FLOATS, _ROUNDING)), _INTS)
    return builder.trunc(lanes, ir.VectorType(ir.IntType(scalar.bitwidth), COUNT))


def masked_store(builder: Any, lanes: Any, address: Any, align: int, count: Any) -> None:  # noqa: ANN401
    """Put the first `count` lanes, fewer than there are, to an address."""
    width = {"float": 32}.get(str(lanes.type.element)) or lanes.type.element.width
    if width < _INT.width and not has_permutation("avx512bw"):
        _store_singly(builder, lanes, address, count)
        return
    numbers = ir.VectorType(ir.IntType(width), lanes.type.count)
    inside = builder.icmp_signed(
        "<",
        ir.Constant(numbers, list(range(numbers.count))),
        splat(builder, builder.trunc(count, numbers.element), numbers.count),
    )
    element = {"float": "f32"}.get(str(lanes.type.element), str(lanes.type.element))
    kinds = [lanes.type, address.type, _INT, inside.type]
    name = f"llvm.masked.store.v{numbers.count}{element}.p0"
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), kinds), name)
    builder.call(function, [lanes, address, ir.Constant(_INT, align), inside])


def _store_singly(builder: Any, lanes: Any, address: Any, count: Any) -> None:  # noqa: ANN401
    """Of lanes narrower than a processor's masks: LLVM would make a branch of each, at every place."""
    room = cgutils.alloca_once_value(builder, lanes)
    source, target = (builder.bitcast(one, lanes.type.element.as_pointer()) for one in (room, address))
    with cgutils.for_range(builder, count) as lane:
        builder.store(builder.load(builder.gep(source, [lane.index])), builder.gep(target, [lane.index]))
