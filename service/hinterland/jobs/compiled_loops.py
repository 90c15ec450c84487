"""Compiled loops in a process that may not write them: loaded before it is confined, and never kept by it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from numba.core import caching
from numba.core.dispatcher import Dispatcher

import hinterland_kernels


def load_compiled() -> Iterator[str]:
    """Load what the cache holds for this processor, one form of a loop at each step; yields the loop's name.

    A loop that is first called in a job costs the job 10 ms, and the first of all half a second for the tables of
    Numba's types.
    """
    for dispatcher in _loops():
        cache = dispatcher._cache  # noqa: SLF001 - Numba has no public way to its index
        here = dispatcher.targetctx.codegen()
        for kept in cache._cache_file._load_index():  # noqa: SLF001 - the same
            signature = kept[0]
            if cache._index_key(signature, here) == kept:  # noqa: SLF001 - the same
                dispatcher.compile(signature)
                yield dispatcher.__name__


def keep_no_compiled() -> None:
    """Use what is compiled from now on, and do not keep it: other jobs would run it.

    Numba asks to write its cache when it opens it, which a confined process may not.
    """
    keep: Callable[..., None] = caching.Cache.save_overload

    def try_to_keep(*arguments: Any) -> None:  # noqa: ANN401 - as Numba calls it
        with suppress(OSError):
            keep(*arguments)

    caching.Cache.save_overload = try_to_keep


def _loops() -> Iterator[Any]:
    prefix = f"{hinterland_kernels.__name__}."
    for found in pkgutil.walk_packages(hinterland_kernels.__path__, prefix):
        if not found.name.endswith("._cuda"):
            importlib.import_module(found.name)
    for name, module in list(sys.modules.items()):
        if name.startswith(prefix):
            for value in vars(module).values():
                is_own = isinstance(value, Dispatcher) and value.__module__ == name
                cache = getattr(value, "_cache", None)  # formulas have none: each loop holds its own copy
                if is_own and isinstance(cache, caching.FunctionCache):
                    yield value
