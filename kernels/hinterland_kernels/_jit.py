"""The three decorators of this package, typed as the identity so that mypy and debuggers see plain functions.

Numba's on-disk cache looks at the file that holds a loop and not at the formulas inlined into it. So the
cache lives in a folder named after a digest of every source file of the package: a changed formula is
compiled anew.

Numba takes longer to import than many a command to run. It is imported when the first loop is called.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

F = TypeVar("F", bound="Callable[..., object]")

_lock = threading.RLock()


def _cache_folder() -> str:
    """Folder of compiled loops for exactly these sources, under the user's cache folder."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return str(Path(base) / "hinterland" / f"kernels-{digest.hexdigest()[:16]}")


@functools.cache
def load_numba() -> ModuleType:
    """Import Numba, and have it keep what it compiles in a folder of these sources."""
    numba = importlib.import_module("numba")
    if not numba.config.CACHE_DIR:  # NUMBA_CACHE_DIR, where the user set it, is obeyed
        numba.config.CACHE_DIR = _cache_folder()
    return numba


class Compiled:
    """Stands for a function that Numba compiles; Numba is imported when it is first called or asked about.

    Other compiled code takes it for the function itself: Numba asks it for its type.

    Parameters
    ----------
    function : callable
        What is compiled.
    is_kept : bool
        What is compiled is kept on disk.
    **options
        Of `numba.njit`.
    """

    def __init__(
        self,
        function: Callable[..., object],
        *,
        is_kept: bool = False,
        **options: Any,  # noqa: ANN401 - Numba's
    ) -> None:
        functools.update_wrapper(self, function)
        self._is_kept = is_kept
        self._options = options

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - the function's
        """Run the compiled function."""
        return self.compiled(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - Numba's
        """What Numba's function has: `py_func`, `signatures`, its type in compiled code."""
        if name.startswith("__"):  # Python's own questions, to which nothing is to be imported
            raise AttributeError(name)
        return getattr(self.compiled, name)

    @functools.cached_property
    def compiled(self) -> Any:  # noqa: ANN401 - Numba's
        """Numba's function; the plain one where NUMBA_DISABLE_JIT says so."""
        with _lock:  # two threads must not make two of one
            if "compiled" not in vars(self):
                numba = load_numba()
                made = numba.njit(**self._options)(self.__wrapped__)
                if self._options.get("inline") is None and not numba.config.DISABLE_JIT:
                    _pass_over_literals(made)
                if self._is_kept and not numba.config.DISABLE_JIT:
                    from hinterland_kernels._loop_cache import LoopCache  # noqa: PLC0415 - it imports Numba

                    made._cache = LoopCache(self.__wrapped__)  # noqa: SLF001 - as njit's cache=True does
                vars(self)["compiled"] = made
            return vars(self)["compiled"]


def _pass_over_literals(made: Any) -> None:  # noqa: ANN401 - Numba's
    """Have a call with a constant take the form for any number: Numba would compile one for each constant."""
    from numba import types  # noqa: PLC0415 - Numba is there

    template = made.get_call_template
    made.get_call_template = lambda args, kws: template(
        tuple(types.unliteral(one) for one in args), {name: types.unliteral(one) for name, one in kws.items()}
    )


_loops: list[Compiled] = []


def _is_for_device(_call: object, _caller: object, _callee: object) -> bool:
    """True where a formula is put into a CUDA kernel as source; a loop takes it compiled, once for all loops."""
    from numba.core.target_extension import current_target  # noqa: PLC0415 - Numba asks, so it is there

    return bool(current_target() != "cpu")


def pixel_function(function: F) -> F:
    """Mark a formula that CPU loops and CUDA kernels inline.

    On the CPU, LLVM inlines what takes numbers alone: it is typed once and not anew in every loop, which takes
    several times as long to compile. What takes arrays, annotated `Any`, is put in by Numba, since a call would
    count the references to them at each pixel.
    """
    if "Any" in function.__annotations__.values():
        return Compiled(function, inline="always", error_model="numpy")  # type: ignore[return-value]
    return Compiled(  # type: ignore[return-value]
        function, inline=_is_for_device, forceinline=True, error_model="numpy"
    )


def loop(function: F) -> F:
    """Compile a loop for the CPU: without the interpreter lock, kept on disk, never `fastmath`.

    Without `fastmath` each sample is the same sum in the same order whatever the tile or thread.
    """
    made = Compiled(function, is_kept=True, nogil=True, error_model="numpy")
    _loops.append(made)
    return made  # type: ignore[return-value]


def kept_loops() -> list[Compiled]:
    """All loops of the modules that are imported, those too that stand in no module by a name."""
    return list(_loops)


def part_of_loop(function: F) -> F:
    """Compile what loops do to a stretch of a line, put into each of them: a call would hand over every array."""
    return Compiled(function, nogil=True, forceinline=True, error_model="numpy")  # type: ignore[return-value]
