"""The environment of children that open untrusted files: it must be there before GDAL is loaded."""

from __future__ import annotations

import functools
import os
import secrets
import subprocess
import sys

ALLOWED_DRIVERS = frozenset(
    {"GTiff", "COG", "JP2OpenJPEG", "JPEG", "PNG", "VICAR", "ISIS3", "PDS4", "PDS", "MEM", "Memory"}
)
"""What `hinterland.products` reads and writes; none of them opens an address or a file of its header's choice
that is not listed among its dataset's files. `Memory`, which opens nothing, holds the outlines of areas while they
are traced; since GDAL 3.11 it is part of `MEM`."""

_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "PYTHONPATH",
    "PYTHONHASHSEED",
    "LD_LIBRARY_PATH",
    "XDG_CACHE_HOME",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_PATH",
    "CUDA_HOME",
    "NUMBA_NUM_THREADS",
    "NUMBA_ENABLE_CUDASIM",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "HINTERLAND_FAILPOINTS",
)
"""No password, address or token of the server is among them."""

_LIST_DRIVERS = "import rasterio.env as e\nwith e.Env() as env: print('\\n'.join(env.drivers()))"
_LIST_TIMEOUT_S = 120.0


def child_environment() -> dict[str, str]:
    """Environment for a child: little of ours, and a GDAL that knows the allowed drivers and no network.

    Made anew for each child: the one suffix that its GDAL would fetch from the network is a secret.

    Raises
    ------
    OSError, subprocess.SubprocessError
        If GDAL cannot be asked which drivers it has.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "GDAL_SKIP": " ".join(name for name in _unwanted_drivers() if " " not in name),
        "OGR_SKIP": ",".join(_unwanted_drivers()),
        "GDAL_DRIVER_PATH": "disable",
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_PAM_ENABLED": "NO",
        "GDAL_VRT_ENABLE_PYTHON": "NO",
        "GDAL_XML_VALIDATION": "NO",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": f".{secrets.token_hex(16)}",
        "CPL_CURL_ENABLE_VSIMEM": "NO",
        "PROJ_NETWORK": "OFF",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@functools.cache
def _unwanted_drivers() -> tuple[str, ...]:
    """All drivers of this GDAL but the allowed ones; asked of a child, for the caller never loads GDAL."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    listed = subprocess.run(  # noqa: S603 - Python itself, with a program of ours
        [sys.executable, "-P", "-c", _LIST_DRIVERS],
        env=kept,
        capture_output=True,
        text=True,
        check=True,
        timeout=_LIST_TIMEOUT_S,
    )
    return tuple(sorted(set(listed.stdout.split("\n")) - ALLOWED_DRIVERS - {""}))
