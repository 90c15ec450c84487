"""Round numbers for scale bars and graticules, and how lengths and degrees are written."""

from __future__ import annotations

import math


def round_step(target: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is at most `target`, which is positive."""
    power = 10.0 ** math.floor(math.log10(target) + 1e-9)
    return max(factor for factor in (1.0, 2.0, 5.0) if factor <= target / power * (1.0 + 1e-9)) * power


def graticule_step(extent: float, lines: float = 4.0) -> float:
    """The one of 1, 2, 5 times a power of ten that divides an extent into nearest to so many parts."""
    largest = round_step(extent)
    steps = [largest * factor for factor in (1.0, 0.5, 0.4, 0.2, 0.1, 0.05)]
    rounded = {round_step(step * (1.0 + 1e-6)) for step in steps}
    return min(rounded, key=lambda step: abs(math.log(extent / step / lines)))


def multiples(step: float, low: float, high: float) -> list[float]:
    """Multiples of a step within bounds, ascending."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def length_text(metres: float) -> str:
    """A length as people write it: "9 cm", "0.5 m", "20 m", "1.5 km"."""
    if metres < 0.5:
        return f"{_digits(100.0 * metres)} cm"
    if metres < 1000.0:
        return f"{_digits(metres)} m"
    return f"{_digits(metres / 1000.0)} km"


def longitude_text(degrees: float, step: float) -> str:
    """An east longitude with the decimals that a step needs: "77.450°E"; west of the prime meridian "°W"."""
    turned = (degrees + 180.0) % 360.0 - 180.0
    return f"{abs(turned):.{_decimals(step)}f}°{'W' if turned < 0.0 else 'E'}"


def latitude_text(degrees: float, step: float) -> str:
    """A latitude with the decimals that a step needs: "18.444°N"."""
    return f"{abs(degrees):.{_decimals(step)}f}°{'S' if degrees < 0.0 else 'N'}"


def _digits(value: float) -> str:
    """Two significant digits, and all those before the point."""
    if value >= 10.0:
        return f"{value:.0f}"
    return f"{value:.2g}"


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))
