"""Arrays that compiled loops are told of by the addresses of their samples, where a loop takes any number of them.

Whoever hands over an address keeps the array, which is contiguous, until the loop has ended. `like` is any array
of its dtype.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from hinterland_kernels._compiled_lines import first_floats
from hinterland_kernels._lane_memory import bring_near
from hinterland_kernels._lanes import FLOATS

_INDEX = ir.IntType(64)


@intrinsic
def pointer_to(_typing: Any, like: Any, address: Any) -> Any:  # noqa: ANN401, ARG001 - types of a call
    """A pointer for `numba.carray`."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        return builder.inttoptr(values[1], context.get_value_type(signature.return_type))

    return types.CPointer(like.dtype)(like, types.int64), build


@intrinsic
def load_first_at(_typing: Any, like: Any, address: Any, at: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """The first `count` of sixteen samples from index `at` of the array at an address, as float32."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        samples = builder.inttoptr(values[1], context.get_data_type(signature.args[0].dtype).as_pointer())
        return first_floats(builder, builder.gep(samples, [values[2]]), values[3])

    return FLOATS(like, types.int64, types.intp, types.intp), build


@intrinsic
def prefetch_at(_typing: Any, address: Any) -> Any:  # noqa: ANN401, ARG001
    """Have what is at an address brought near, should there be anything; see `_lane_memory.prefetch`."""

    def build(context: Any, builder: Any, _signature: Any, values: Any) -> Any:  # noqa: ANN401
        bring_near(builder, builder.inttoptr(values[0], ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64), build


@intrinsic
def copy_from(_typing: Any, address: Any, target: Any, at: Any, count: Any) -> Any:  # noqa: ANN401, ARG001
    """Copy `count` samples at an address to an array of the same dtype, from index `at` on."""

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
        kind = signature.args[1]
        data = context.make_array(kind)(context, builder, values[1]).data
        source = builder.inttoptr(values[0], data.type)
        size = ir.Constant(_INDEX, kind.dtype.bitwidth // 8)
        cgutils.raw_memcpy(builder, builder.gep(data, [values[2]]), source, values[3], size)
        return context.get_dummy_value()

    return types.void(types.int64, target, types.intp, types.intp), build
