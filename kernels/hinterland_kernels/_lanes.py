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
from numba.core import types
from numba.extending import intrinsic, models, overload, register_model

COUNT = 16
"""Lanes."""

Emit = Callable[..., Any]

_FLOAT, _INT = ir.FloatType(), ir.IntType(32)
_FLOATS, _INTS = ir.VectorType(_FLOAT, COUNT), ir.VectorType(_INT, COUNT)


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
