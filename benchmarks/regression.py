"""Is anything slower than in the last run on the same machine?

Only ratios to peers are compared: they are steadier than times, which swing with what else a machine does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.harness import Figure

TOLERATED = 0.8
"""Of the ratio before: medians of seven pairs differ by a tenth from run to run on a shared machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A figure of an earlier run."""

    figure: Mapping[str, Any]
    """As `Figure` has it."""
    time: str
    """Of the run."""
    commit: str | None
    """That was measured."""


Key = tuple[str, str]
"""A figure's name, and its peer's without version and options."""


def _key(name: str, peer: str | None) -> Key:
    return name, (peer or "").split(" ")[0]


def latest(lines: Sequence[Mapping[str, Any]]) -> dict[Key, Kept]:
    """The last figure of each name and peer; lines are in order of time.

    Those before the last whole run are left out: what it did not measure is measured no more.
    """
    whole = [number for number, line in enumerate(lines) if line.get("is_whole")]
    return {
        _key(figure["name"], figure["peer"]): Kept(figure=figure, time=line["time"], commit=line["commit"])
        for line in lines[whole[-1] if whole else 0 :]
        for figure in line["figures"]
    }


def slower(figures: Sequence[Figure], before: Mapping[Key, Kept]) -> list[str]:
    """What lost more against its peer than is tolerated, a sentence each."""
    found = []
    for figure in figures:
        earlier = before.get(_key(figure.name, figure.peer))
        if earlier is None or figure.ratio is None or not earlier.figure.get("ratio"):
            continue
        if figure.peer != earlier.figure["peer"]:
            continue
        if figure.ratio < TOLERATED * earlier.figure["ratio"]:
            found.append(
                f"{figure.name}: {figure.ratio:.2f} times {figure.peer}, "
                f"{earlier.figure['ratio']:.2f} on {earlier.time[:10]}"
            )
    return found
