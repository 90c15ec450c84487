"""Sixteen numbers at once, for the inner loops that Numba does not turn into vector code by itself.

`FLOATS` and `WHOLES` are types of compiled code: 16 float32, 16 int32. They are added, subtracted and
multiplied like scalars, each lane by itself and rounded as IEEE says, so a result does not depend on the
processor. LLVM spreads them over whatever registers there are; only `pick` names an instruction, and does
without where there is none.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import binding, ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

COUNT = 16
"""Lanes."""

Emit = Callable[..., Any]

_FLOAT, _INT, _INDEX = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FLOATS, _INTS = ir.VectorType(_FLOAT, COUNT), ir.VectorType(_INT, COUNT)
_ROUNDING = 12582912.0
"""1.5 * 2**23: the last bits of what is added to it are a whole number then, rounded, halves to even."""


class Lanes(types.Type):
    """Numba's type of so many scalars of one kind."""

    def __init__(self, scalar: Any, count: int, vector: Any) -> None:  # noqa: ANN401 - types of Numba and llvmlite
        self.vector = vector
        super().__init__(name=f"{count} x {scalar}")


FLOATS = Lanes(types.float32, COUNT, _FLOATS)
WHOLES = Lanes(types.int32, COUNT, _INTS)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, lanes: Lanes) -> None:  # noqa: ANN401
        super().__init__(manager, lanes, lanes.vector)


def has_permutation(feature: str = "avx512f") -> bool:
    """True if code is made for a processor with AVX-512, whose one instruction picks 16 of 32 numbers.

    With "avx512bw" one picks 32 of 64 whole numbers of 16 bits.
    """
    if numba.config.CPU_FEATURES is not None:
        return f"+{feature}" in numba.config.CPU_FEATURES.split(",")
    if numba.config.CPU_NAME not in {None, "", binding.get_host_cpu_name()}:
        return False
    return bool(binding.get_host_cpu_features().get(feature, False))


def splat(builder: Any, scalar: Any, count: int = COUNT) -> Any:  # noqa: ANN401 - llvmlite values, here and below
    """A number in all lanes, in code that is being built."""
    vector = ir.VectorType(scalar.type, count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(_INT, 0))
    everywhere = ir.Constant(ir.VectorType(_INT, count), [0] * count)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), everywhere)


def constant(vector: ir.VectorType, value: float) -> ir.Constant:
    """A known number in all lanes."""
    return ir.Constant(vector, [value] * vector.count)


def one(result: Any, kind: Any, emit: Emit) -> Any:  # noqa: ANN401
    """An operation of compiled code on one value."""

    @intrinsic
    def operation(_typing: Any, _a: Any) -> Any:  # noqa: ANN401
        return result(kind), lambda _context, builder, _signature, values: emit(builder, *values)

    return operation


def two(result: Any, kind: Any, other: Any, emit: Emit) -> Any:  # noqa: ANN401
    """The same on two values."""

    @intrinsic
    def operation(_typing: Any, _a: Any, _b: Any) -> Any:  # noqa: ANN401
        return result(kind, other), lambda _context, builder, _signature, values: emit(builder, *values)

    return operation


def three(result: Any, kinds: tuple[Any, ...], emit: Emit) -> Any:  # noqa: ANN401
    """The same on three values."""

    @intrinsic
    def operation(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:  # noqa: ANN401
        return result(*kinds), lambda _context, builder, _signature, values: emit(builder, *values)

    return operation


def four(result: Any, kinds: tuple[Any, ...], emit: Emit) -> Any:  # noqa: ANN401
    """The same on four values."""

    @intrinsic
    def operation(_typing: Any, _a: Any, _b: Any, _c: Any, _d: Any) -> Any:  # noqa: ANN401
        return result(*kinds), lambda _context, builder, _signature, values: emit(builder, *values)

    return operation


def _least(builder: Any, a: Any, b: Any) -> Any:  # noqa: ANN401
    return builder.select(builder.icmp_signed("<", a, b), a, b)


def _greatest(builder: Any, a: Any, b: Any) -> Any:  # noqa: ANN401
    return builder.select(builder.icmp_signed(">", a, b), a, b)


floats = one(FLOATS, types.float32, splat)
"""A number in all lanes."""
wholes = one(WHOLES, types.int32, splat)
"""A whole number in all lanes."""
from_step = two(
    WHOLES,
    types.int32,
    types.int32,
    lambda builder, start, step: builder.add(
        splat(builder, start),
        builder.mul(splat(builder, step), ir.Constant(_INTS, list(range(COUNT)))),
    ),
)
"""start, start + step, start + 2 step ..."""
squares = one(
    WHOLES,
    types.int32,
    lambda builder, value: builder.mul(
        splat(builder, value), ir.Constant(_INTS, [lane * lane for lane in range(COUNT)])
    ),
)
"""0, value, 4 value, 9 value ..."""
times = two(WHOLES, WHOLES, types.int32, lambda builder, a, b: builder.mul(a, splat(builder, b)))
"""Each times a number."""
to_floats = one(FLOATS, WHOLES, lambda builder, value: builder.sitofp(value, _FLOATS))
"""The same numbers as float32."""
as_floats = one(FLOATS, WHOLES, lambda builder, value: builder.bitcast(value, _FLOATS))
"""The float32 of the same bits."""
where_same = four(
    FLOATS,
    (WHOLES, WHOLES, FLOATS, FLOATS),
    lambda builder, a, b, this, other: builder.select(builder.icmp_signed("==", a, b), this, other),
)
"""`this` where a = b, else `other`."""
where_less = four(
    FLOATS,
    (FLOATS, FLOATS, FLOATS, FLOATS),
    lambda builder, a, b, this, other: builder.select(builder.fcmp_ordered("<", a, b), this, other),
)
"""`this` where a < b, else `other`."""
where_under = four(
    FLOATS,
    (WHOLES, WHOLES, FLOATS, FLOATS),
    lambda builder, a, b, this, other: builder.select(builder.icmp_unsigned("<", a, b), this, other),
)
"""`this` where 0 <= a < b, else `other`."""
held = three(
    WHOLES,
    (WHOLES, types.int32, types.int32),
    lambda builder, a, least, most: _least(
        builder, _greatest(builder, a, splat(builder, least)), splat(builder, most)
    ),
)
"""Each, or the nearest of `least` and `most` where it lies beyond."""
within = three(
    WHOLES,
    (WHOLES, types.int32, types.int32),
    lambda builder, a, least, end: builder.zext(
        builder.icmp_unsigned(
            "<", builder.sub(a, splat(builder, least)), splat(builder, builder.sub(end, least))
        ),
        _INTS,
    ),
)
"""1 where least <= a < end, else 0."""


def infix(sign: Any, kind: Lanes, other: Any, emit: Emit) -> None:  # noqa: ANN401
    """Give a sign between values its meaning."""
    operation = two(kind, kind, other, emit)

    @overload(sign, strict=False)
    def meaning(a: Any, b: Any) -> Any:  # noqa: ANN401
        fits = b == other or (isinstance(b, types.Integer) and not isinstance(other, Lanes))
        if a != kind or not fits:
            return None
        return lambda a, b: operation(a, b)  # noqa: PLW0108 - Numba reads the source of what is returned


infix(operator.add, FLOATS, FLOATS, lambda builder, a, b: builder.fadd(a, b))
infix(operator.sub, FLOATS, FLOATS, lambda builder, a, b: builder.fsub(a, b))
infix(operator.mul, FLOATS, FLOATS, lambda builder, a, b: builder.fmul(a, b))
infix(operator.truediv, FLOATS, FLOATS, lambda builder, a, b: builder.fdiv(a, b))
infix(operator.add, WHOLES, WHOLES, lambda builder, a, b: builder.add(a, b))
infix(operator.sub, WHOLES, WHOLES, lambda builder, a, b: builder.sub(a, b))
infix(operator.rshift, WHOLES, types.int32, lambda builder, a, b: builder.ashr(a, splat(builder, b)))
infix(operator.and_, WHOLES, types.int32, lambda builder, a, b: builder.and_(a, splat(builder, b)))
infix(operator.or_, WHOLES, types.int32, lambda builder, a, b: builder.or_(a, splat(builder, b)))


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


@intrinsic
def prefetch(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Have the sample at an index brought near, should there be one; any index is safe."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, values[0]).data
        address = builder.bitcast(builder.gep(data, [values[1]]), ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type, _INT, _INT, _INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # to read; to the second cache: the first would have let go of it when its line comes
        builder.call(function, [address, *(ir.Constant(_INT, number) for number in (0, 2, 1))])
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
