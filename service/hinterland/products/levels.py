"""Samples as a label means them: which are valid, and what full scale is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hinterland.products.fields import number
from hinterland.products.odl import number_in_base

_CONSTANTS = ("MISSING_CONSTANT", "INVALID_CONSTANT", "CORE_NULL")
_LABEL_DIGITS = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Samples ready for an `Image`."""

    samples: NDArray[np.generic]
    """(bands, lines, samples), uint8, uint16 or float32; 0 where not valid."""
    mask: NDArray[np.bool_]
    """(lines, samples), True where the sample is valid in every band."""
    largest: float
    """Full scale."""
    notes: tuple[str, ...]
    """What does not agree with the label."""


def interpret(raw: NDArray[Any], keywords: Mapping[str, object]) -> Levels:
    """Apply a label's constants for missing samples, its bit mask and its checksum.

    Parameters
    ----------
    raw : (bands, lines, samples) uint8, int16, uint16, int32 or float32
        As they lie in the file.
    keywords : mapping
        MISSING_CONSTANT, INVALID_CONSTANT, CORE_NULL, SAMPLE_BIT_MASK and CHECKSUM where the label has them.

    Returns
    -------
    Levels
        Integers become uint8 or uint16, those beyond 16 bits float32. Negative integers count as missing:
        a camera's DN are not negative.

    Raises
    ------
    FieldError
        If a constant is not a number.
    """
    valid = np.isfinite(raw) if raw.dtype.kind == "f" else raw >= 0
    for name in _CONSTANTS:
        value = keywords.get(name)
        in_base = number_in_base(value) if isinstance(value, str) else None
        constant = number(value, name) if in_base is None else in_base
        if constant is not None:
            valid &= raw != constant
    mask: NDArray[np.bool_] = np.ascontiguousarray(valid.all(axis=0))
    kept = np.where(mask, raw, raw.dtype.type(0))
    brightest = float(kept.max())
    if raw.dtype.kind == "f" or brightest > np.iinfo(np.uint16).max:
        return Levels(
            samples=kept.astype(np.float32),
            mask=mask,
            largest=brightest if brightest > 0.0 else 1.0,
            notes=_checksum_notes(raw, keywords),
        )
    samples = kept if raw.dtype == np.uint8 else kept.astype(np.uint16)
    largest, notes = _full_scale(raw.dtype, brightest, keywords.get("SAMPLE_BIT_MASK"))
    return Levels(samples=samples, mask=mask, largest=largest, notes=notes + _checksum_notes(raw, keywords))


def _full_scale(dtype: np.dtype[Any], brightest: float, bits: object) -> tuple[float, tuple[str, ...]]:
    limit = float(min(np.iinfo(dtype).max, np.iinfo(np.uint16).max))
    if isinstance(bits, str):
        bits = number_in_base(bits)
    if not isinstance(bits, int) or not 0 < bits <= limit:
        return limit, ()
    if brightest > bits:
        return limit, (f"samples reach {brightest:.0f}, beyond SAMPLE_BIT_MASK {bits}",)
    return float(bits), ()


def _checksum_notes(raw: NDArray[Any], keywords: Mapping[str, object]) -> tuple[str, ...]:
    """MIPL labels give the sum of all DN; older ones printed it with six digits."""
    checksum = keywords.get("CHECKSUM")
    if raw.dtype.kind == "f" or not isinstance(checksum, int | float) or checksum <= 0:
        return ()
    total = int(raw.sum(dtype=np.int64))
    margin = 0.0 if isinstance(checksum, int) else _LABEL_DIGITS * checksum
    if abs(total - checksum) <= margin:
        return ()
    return (f"the sum of all DN is {total}, the label's checksum {checksum}: the file may be damaged",)
