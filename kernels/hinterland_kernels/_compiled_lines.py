"""Lines of samples between memory and lanes: ends of lines, pairs of neighbours, whole stretches; see `_lanes`.

Arrays are contiguous and places in them are flat indices: a slice for every line would cost more than the work on
it. The caller has looked at the bounds.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._lane_memory import loaded
from hinterland_kernels._lanes import COUNT, FLOATS, WHOLES, constant, splat
from hinterland_kernels._words import MANY, WORDS

_INT, _INDEX, _WORD = ir.IntType(32), ir.IntType(64), ir.IntType(16)
_INTS = ir.VectorType(_INT, COUNT)


def _data(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:  # noqa: ANN401 - here and below
    """Address of a sample, in code that is being built."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def _first(builder: Any, address: Any, count: Any) -> Any:  # noqa: ANN401
    """The first `count` of sixteen numbers at an address; the others are not read, and 0."""
    vector = ir.VectorType(address.type.pointee, COUNT)
    address = builder.bitcast(address, vector.as_pointer())
    is_float = vector.element == ir.FloatType()
    align, element = (4, "f32") if is_float else (vector.element.width // 8, str(vector.element))
    with builder.if_else(builder.icmp_signed(">=", count, ir.Constant(_INDEX, COUNT))) as (full, part):
        with full:
            whole, whole_block = builder.load(address, align=align), builder.block
        with part:
            numbers = ir.Constant(ir.VectorType(_INDEX, COUNT), list(range(COUNT)))
            inside = builder.icmp_signed("<", numbers, splat(builder, count))
            kinds = [address.type, _INT, inside.type, vector]
            name = f"llvm.masked.load.v{COUNT}{element}.p0"
            function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, kinds), name)
            rest = builder.call(
                function, [address, ir.Constant(_INT, align), inside, ir.Constant(vector, None)]
            )
            rest_block = builder.block
    found = builder.phi(vector)
    found.add_incoming(whole, whole_block)
    found.add_incoming(rest, rest_block)
    return found


def first_floats(builder: Any, address: Any, count: Any) -> Any:  # noqa: ANN401
    """The same as float32."""
    found = _first(builder, address, count)
    return found if found.type == FLOATS.vector else builder.uitofp(found, FLOATS.vector)


@intrinsic
def load_first(_typing: Any, array: Any, at: Any, count: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """The first `count` of sixteen samples from index `at`, as float32; nothing behind them is read."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        return first_floats(builder, _data(context, builder, signature.args[0], *values[:2]), values[2])

    return FLOATS(array, types.intp, types.intp), build


@intrinsic
def load_numbers(_typing: Any, array: Any, at: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """The first `count` of sixteen signed whole numbers from index `at`; nothing behind them is read."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        found = _first(builder, _data(context, builder, signature.args[0], *values[:2]), values[2])
        return found if found.type == _INTS else builder.sext(found, _INTS)

    return WHOLES(array, types.intp, types.intp), build


@intrinsic
def has_any(_typing: Any, lanes: Any) -> Any:  # noqa: ANN401
    """True if any of sixteen float32 is not 0."""

    def build(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        each = builder.fcmp_unordered("!=", values[0], constant(FLOATS.vector, 0.0))
        bits = builder.bitcast(each, ir.IntType(COUNT))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(lanes), build


@intrinsic
def copy(_typing: Any, source: Any, at: Any, target: Any, target_at: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """Copy `count` samples of one array to another of the same dtype."""
    if source.dtype != target.dtype:
        message = f"{source.dtype} is not copied to {target.dtype}"
        raise TypeError(message)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        source, at, target, target_at, count = values
        kinds = signature.args
        size = ir.Constant(_INDEX, kinds[0].dtype.bitwidth // 8)
        cgutils.raw_memcpy(
            builder,
            _data(context, builder, kinds[2], target, target_at),
            _data(context, builder, kinds[0], source, at),
            count,
            size,
        )
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp, types.intp), build


@intrinsic
def load_terms(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """What is summed: 32 words where samples have 8 bits, else sixteen float32."""
    kind = WORDS if array.dtype == types.uint8 else FLOATS

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        if kind == FLOATS:
            return loaded(
                builder, _data(context, builder, signature.args[0], *values), ir.Constant(_INDEX, 0)
            )
        address = _data(context, builder, signature.args[0], *values)
        vector = ir.VectorType(ir.IntType(8), MANY)
        return builder.zext(
            builder.load(builder.bitcast(address, vector.as_pointer()), align=1), WORDS.vector
        )

    return kind(array, types.intp), build


@intrinsic
def store_terms(_typing: Any, array: Any, at: Any, lanes: Any) -> Any:  # noqa: ANN401, ARG001
    """Put all lanes: words into an array of uint16, or float32."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        address = _data(context, builder, signature.args[0], *values[:2])
        align = signature.args[0].dtype.bitwidth // 8
        builder.store(values[2], builder.bitcast(address, values[2].type.as_pointer()), align=align)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), build


@intrinsic
def load_pairs_apart(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ANN401, ARG001
    """Of 32 numbers from index `at` the even ones and the odd ones: whole where they are uint16, else float32."""
    is_whole = array.dtype == types.uint16
    pair = types.UniTuple(WHOLES if is_whole else FLOATS, 2)

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        address = _data(context, builder, signature.args[0], *values)
        if is_whole:
            both = builder.load(builder.bitcast(address, _INTS.as_pointer()), align=2)
            found = [builder.and_(both, constant(_INTS, 0xFFFF)), builder.lshr(both, constant(_INTS, 16))]
        else:
            vector = ir.VectorType(ir.FloatType(), MANY)
            both = builder.load(builder.bitcast(address, vector.as_pointer()), align=4)
            found = [
                builder.shuffle_vector(both, both, ir.Constant(_INTS, list(range(part, MANY, 2))))
                for part in range(2)
            ]
        return context.make_tuple(builder, pair, found)

    return pair(array, types.intp), build


@intrinsic
def store_pairs(_typing: Any, array: Any, at: Any, even: Any, odd: Any) -> Any:  # noqa: ANN401, ARG001
    """Put 32 float32: the even ones and, between them, the odd ones."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        address = _data(context, builder, signature.args[0], *values[:2])
        places = [lane // 2 + COUNT * (lane % 2) for lane in range(MANY)]
        both = builder.shuffle_vector(values[2], values[3], ir.Constant(ir.VectorType(_INT, MANY), places))
        builder.store(both, builder.bitcast(address, both.type.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, FLOATS, FLOATS), build
