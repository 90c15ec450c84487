"""Tie points as bytes, to go on from in a later run."""

from __future__ import annotations

import zipfile
from io import BytesIO

import numpy as np

from hinterland.adjust.tie_points import TiePoints

_NAMES = ("pairs", "counts", "first", "second")
# the last is of archives with compressions or ciphers that zipfile does not know
_UNREADABLE = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, RuntimeError)


def ties_to_bytes(ties: tuple[TiePoints, ...]) -> bytes:
    """Tie points as an .npz of plain arrays: equal tie points give equal bytes."""
    none = np.empty((0, 2))
    stream = BytesIO()
    np.savez(
        stream,
        pairs=np.array([(pair.first, pair.second) for pair in ties], dtype=np.int64).reshape(-1, 2),
        counts=np.array([len(pair) for pair in ties], dtype=np.int64),
        first=np.concatenate([none, *(pair.points_first for pair in ties)]),
        second=np.concatenate([none, *(pair.points_second for pair in ties)]),
    )
    return stream.getvalue()


def ties_from_bytes(kept: bytes, images: int) -> tuple[TiePoints, ...] | None:
    """Tie points that `ties_to_bytes` wrote.

    Parameters
    ----------
    kept : bytes
        As written.
    images : int
        How many images the tie points may name.

    Returns
    -------
    tuple of TiePoints | None
        None if the bytes are none of these.
    """
    try:
        with np.load(BytesIO(kept), allow_pickle=False) as arrays:
            pairs, counts, first, second = (arrays[name] for name in _NAMES)
    except _UNREADABLE:
        return None
    total = int(counts.sum()) if counts.dtype == np.int64 and counts.ndim == 1 else -1
    shapes = (pairs.shape, first.shape, second.shape)
    is_whole = shapes == ((len(counts), 2), (total, 2), (total, 2)) and np.isfinite([*first, *second]).all()
    if not is_whole or (counts < 0).any() or not ((pairs >= 0) & (pairs < images)).all():
        return None
    ends = np.cumsum(counts)
    return tuple(
        TiePoints(int(pair[0]), int(pair[1]), first[end - count : end], second[end - count : end])
        for pair, count, end in zip(pairs, counts, ends, strict=True)
    )
