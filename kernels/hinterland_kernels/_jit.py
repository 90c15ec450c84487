"""The two decorators of this package, typed as the identity so that mypy and debuggers see plain functions.

Numba's on-disk cache looks at the file that holds a loop and not at the formulas inlined into it. So the
cache lives in a folder named after a digest of every source file of the package: a changed formula is
compiled anew.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numba
from numba.core.target_extension import current_target

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def _cache_folder() -> str:
    """Folder of compiled loops for exactly these sources, under the user's cache folder."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(source.relative_to(package).as_posix().encode())
        digest.update(source.read_bytes())
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return str(Path(base) / "hinterland" / f"kernels-{digest.hexdigest()[:16]}")


if not numba.config.CACHE_DIR:  # NUMBA_CACHE_DIR, where the user set it, is obeyed
    numba.config.CACHE_DIR = _cache_folder()


def _is_for_device(_call: object, _caller: object, _callee: object) -> bool:
    """True where a formula is put into a CUDA kernel as source; a loop takes it compiled, once for all loops."""
    return bool(current_target() != "cpu")


def pixel_function(function: F) -> F:
    """Mark a formula that CPU loops and CUDA kernels inline.

    On the CPU, LLVM inlines what takes numbers alone: it is typed once and not anew in every loop, which takes
    several times as long to compile. What takes arrays, annotated `Any`, is put in by Numba, since a call would
    count the references to them at each pixel.
    """
    if "Any" in function.__annotations__.values():
        return numba.njit(inline="always", error_model="numpy")(function)  # type: ignore[no-any-return]
    mark = numba.njit(inline=_is_for_device, forceinline=True, error_model="numpy")
    return mark(function)  # type: ignore[no-any-return]


def loop(function: F) -> F:
    """Compile a loop for the CPU: without the interpreter lock, kept on disk, never `fastmath`.

    Without `fastmath` each sample is the same sum in the same order whatever the tile or thread.
    """
    return numba.njit(nogil=True, cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
