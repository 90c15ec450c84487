"""Compiled loops in a process that may not write them: loaded before it is confined, and never kept by it."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from numba.core import caching

import hinterland_kernels
from hinterland_kernels._jit import kept_loops

_log = logging.getLogger(__name__)


def load_compiled() -> Iterator[str]:
    """Load what the cache holds for this processor, one form of a loop at each step; yields the loop's name.

    A loop that is first called in a job costs the job up to 10 ms, and the first of all the start of Numba. Numba
    asks for each loop whether its cache may be written: of all at once, before anything is yielded, since nobody
    may write any more once the process is confined.
    """
    return _loaded(list(_loops()))


def _loaded(loops: Iterable[Any]) -> Iterator[str]:
    for dispatcher in loops:
        try:
            for signature in _kept(dispatcher):
                dispatcher.compile(signature)
                yield dispatcher.__name__
        except Exception as error:  # noqa: BLE001 - a damaged cache is met by the jobs that need the loop, if any
            _log.warning("%s is not loaded: %r", dispatcher.__name__, error)


def _kept(dispatcher: Any) -> list[Any]:  # noqa: ANN401 - Numba's, untyped
    """Signatures of the forms that the cache holds of a loop, compiled for this processor."""
    cache = dispatcher._cache  # noqa: SLF001 - Numba has no public way to its index
    here = dispatcher.targetctx.codegen()
    found = cache._cache_file._load_index()  # noqa: SLF001 - the same
    return [kept[0] for kept in found if cache._index_key(kept[0], here) == kept]  # noqa: SLF001 - the same


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
    for found in pkgutil.walk_packages(hinterland_kernels.__path__, f"{hinterland_kernels.__name__}."):
        if not found.name.endswith("._cuda"):
            importlib.import_module(found.name)
    for loop in kept_loops():
        if isinstance(getattr(loop, "_cache", None), caching.FunctionCache):
            yield loop.compiled
