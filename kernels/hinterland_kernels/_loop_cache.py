"""Numba's cache of compiled loops, read without what only compiling needs.

Before Numba loads a loop it fills the tables by which it types and lowers Python: it imports a hundred modules,
SciPy's linear algebra among them, and that takes longer than to load all loops. A loaded loop looks nothing up
there. Where a loop is not kept, Numba's compiler fills the tables itself.

Nor does a loaded loop need its bitcode, from which Numba would ask hundreds of names one by one: the names are
kept beside it, and it is parsed when a loop is compiled that calls this one.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from llvmlite import binding
from numba.core import caching, codegen, environment
from numba.core.runtime import rtsys

_REBUILD = "numba.core.environment", "_rebuild_env"


class _Library(codegen.JITCodeLibrary):  # type: ignore[misc]  # Numba is untyped
    """The machine code of a loop, compiled or loaded."""

    _bitcode = b""
    """Of a loaded loop, until it is asked for."""

    @classmethod
    def _unserialize(cls, generator: Any, state: Any) -> Any:  # noqa: ANN401 - Numba's
        name, kind, (machine_code, bitcode, *names) = state
        if not names:  # as Numba itself has kept it
            return super()._unserialize(generator, (name, kind, (machine_code, bitcode)))
        library = generator.create_library(name)
        library.enable_object_caching()
        library._set_compiled_object(machine_code)  # noqa: SLF001 - Numba has no public way
        library._finalize_final_module()  # noqa: SLF001 - the same
        library._bitcode = bitcode  # noqa: SLF001 - our own
        generator._engine._defined_symbols.update(names[0])  # noqa: SLF001 - Numba has no public way
        return library

    def _get_module_for_linking(self) -> Any:  # noqa: ANN401 - Numba's
        if self._bitcode:
            self._shared_module, self._bitcode = binding.parse_bitcode(self._bitcode), b""
        return super()._get_module_for_linking()


class _Forms(caching.CompileResultCacheImpl):  # type: ignore[misc]  # Numba is untyped
    """What is kept of a compiled form: as Numba keeps it, with the names that its code defines."""

    def reduce(self, form: Any) -> Any:  # noqa: ANN401 - Numba's
        (name, kind, kept), *rest = super().reduce(form)
        module = form.library._get_module_for_linking()  # noqa: SLF001 - Numba has no public way
        values = (*module.functions, *module.global_variables)
        names = tuple(value.name for value in values if not value.is_declaration)
        return (name, kind, (*kept, names)), *rest

    def rebuild(self, target_context: Any, kept: Any) -> Any:  # noqa: ANN401 - Numba's
        target_context.codegen()._library_class = _Library  # noqa: SLF001 - Numba has no public way
        return super().rebuild(target_context, kept)


class LoopCache(caching.FunctionCache):  # type: ignore[misc]  # Numba is untyped
    """The compiled forms of a loop, in Numba's files.

    Parameters
    ----------
    function : callable
        The loop, before it is compiled.
    """

    _impl_class = _Forms

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
