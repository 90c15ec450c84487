"""Numba's cache of compiled loops, read without what only compiling needs.

Before Numba loads a loop it fills the tables by which it types and lowers Python: it imports a hundred modules,
SciPy's linear algebra among them, and that takes longer than to load all loops. A loaded loop looks nothing up
there. Where a loop is not kept, Numba's compiler fills the tables itself.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from numba.core import caching, environment
from numba.core.runtime import rtsys

_REBUILD = "numba.core.environment", "_rebuild_env"


class LoopCache(caching.FunctionCache):  # type: ignore[misc]  # Numba is untyped
    """The compiled forms of a loop, in Numba's files.

    Parameters
    ----------
    function : callable
        The loop, before it is compiled.
    """

    def __init__(self, function: Any) -> None:  # noqa: ANN401 - Numba's
        super().__init__(function)
        self._cache_file = _Files(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401 - Numba's
        """Load the form of a signature; None if it is not kept."""
        rtsys.initialize(target_context)  # arrays are counted by it
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


class _Files(caching.IndexDataCacheFile):  # type: ignore[misc]  # Numba is untyped
    def _load_data(self, name: str) -> Any:  # noqa: ANN401 - Numba's
        path = Path(self._data_path(name))
        with path.open("rb") as file:
            form = _Unpickler(file).load()
        caching._cache_log("[cache] data loaded from %r", path)  # noqa: SLF001 - NUMBA_DEBUG_CACHE tells of it
        return form


class _Unpickler(pickle.Unpickler):
    """Does not import the module of each Python function that Numba has put into a loop."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - whatever is pickled
        if (module, name) == _REBUILD:
            return _rebuilt_environment
        return super().find_class(module, name)


def _rebuilt_environment(module: str, constants: list[Any], name: str) -> Any:  # noqa: ANN401 - Numba's
    """What Numba makes, but of modules that are not there by their name alone.

    Compiled code without objects has taken over the globals' values: it asks the environment for none.
    """
    if module in sys.modules or environment.lookup_environment(name) is not None:
        return environment._rebuild_env(module, constants, name)  # noqa: SLF001 - Numba has no public way
    made = environment.Environment({"__name__": module})
    made.consts[:] = constants
    made.env_name = name
    environment.Environment._memo[name] = made  # noqa: SLF001 - the same
    return made
