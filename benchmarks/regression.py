"""Is anything slower than in the last run on the same machine?

Only ratios to peers are compared: they are steadier than times, which swing with what else a machine does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def latest(lines: Iterable[Mapping[str, Any]]) -> dict[str, Kept]:
    """The last figure of each name; lines are in order of time."""
    return {
        figure["name"]: Kept(figure=figure, time=line["time"], commit=line["commit"])
        for line in lines
        for figure in line["figures"]
    }


def slower(figures: Sequence[Figure], before: Mapping[str, Kept]) -> list[str]:
    """What lost more against its peer than is tolerated, a sentence each."""
    found = []
    for figure in figures:
        earlier = before.get(figure.name)
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
