"""Labels that overlap nothing: each takes the best free place around its point, or is left out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_DIRECTIONS = (0.0, 180.0, 45.0, 315.0, 135.0, 225.0, 90.0, 270.0)
"""Counter-clockwise from the right, best first: beside, then across corners, then above and below."""
_RINGS = (1.0, 2.5, 5.0)
_RING_COST = 6.0
_DIRECTION_COST = 0.5
_LEADER_STEP_PX = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of the picture, pixels."""

    left: float
    """Smallest x."""
    bottom: float
    """Smallest y."""
    right: float
    """Largest x."""
    top: float
    """Largest y."""

    def overlaps(self, other: Box) -> bool:
        """True if they share an area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def contains(self, other: Box) -> bool:
        """True if no part of the other sticks out."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.bottom <= other.bottom
            and other.top <= self.top
        )

    def grown(self, margin: float) -> Box:
        """A rectangle larger on every side."""
        return Box(
            left=self.left - margin,
            bottom=self.bottom - margin,
            right=self.right + margin,
            top=self.top + margin,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where a label goes."""

    box: Box
    """Its rectangle."""
    leader: NDArray[np.float64] | None
    """(2, 2) ends of the line to its point, x and y; None where the label is beside it."""


@dataclass(slots=True, kw_only=True)
class Placer:
    """Gives labels their places, in the order they ask: the important ones first."""

    frame: Box
    """Labels stay inside."""
    margin: float
    """Room kept between labels, pixels."""
    taken: list[Box] = field(default_factory=list)
    """What labels may not touch: furniture and marks."""
    avoided: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    """(n, 2) points of lines that a label covers only if it must."""
    labels: list[Box] = field(default_factory=list)
    """Those placed: no leader crosses them."""
    leaders: list[NDArray[np.float64]] = field(default_factory=list)
    """(n, 2) points along those placed: no label covers them."""

    def reserve(self, boxes: Iterable[Box]) -> None:
        """Keep labels off some rectangles."""
        self.taken.extend(boxes)

    def place(self, x: float, y: float, width: float, height: float, gap: float) -> Placed | None:
        """Find a place for a label and take it.

        Parameters
        ----------
        x, y : float
            The point it belongs to, pixels.
        width, height : float
            Of the label.
        gap : float
            From the point to the label where it is nearest.

        Returns
        -------
        Placed or None
            None if every place is taken.
        """
        best: tuple[float, Placed] | None = None
        for ring_rank, ring in enumerate(_RINGS):
            for rank, angle in enumerate(_DIRECTIONS):
                cost = _RING_COST * ring_rank + _DIRECTION_COST * rank
                if best is not None and cost >= best[0]:
                    continue
                box = _beside(x, y, width, height, gap * ring, math.radians(angle))
                leader = _leader(x, y, box) if ring_rank else None
                if not self._is_free(box, leader):
                    continue
                cost += _count_inside(box, self.avoided)
                if best is None or cost < best[0]:
                    best = cost, Placed(box=box, leader=leader)
        if best is None:
            return None
        self.labels.append(best[1].box)
        if best[1].leader is not None:
            self.leaders.append(_along(best[1].leader))
        return best[1]

    def _is_free(self, box: Box, leader: NDArray[np.float64] | None) -> bool:
        roomy = box.grown(self.margin)
        return (
            self.frame.contains(box)
            and not any(roomy.overlaps(other) for other in (*self.taken, *self.labels))
            and not any(_count_inside(roomy, points) for points in self.leaders)
            and (
                leader is None
                or not any(_count_inside(label.grown(self.margin), _along(leader)) for label in self.labels)
            )
        )


def _leader(x: float, y: float, box: Box) -> NDArray[np.float64]:
    """From a point to where the box is nearest."""
    nearest = min(max(x, box.left), box.right), min(max(y, box.bottom), box.top)
    return np.array([(x, y), nearest])


def _along(leader: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points along a leader, closer than a letter is high."""
    count = max(2, math.ceil(float(np.hypot(*(leader[1] - leader[0]))) / _LEADER_STEP_PX))
    points: NDArray[np.float64] = leader[0] + np.linspace(0.0, 1.0, count)[:, None] * (leader[1] - leader[0])
    return points


def _count_inside(box: Box, points: NDArray[np.float64]) -> int:
    x, y = points.T
    return int(np.count_nonzero((x > box.left) & (x < box.right) & (y > box.bottom) & (y < box.top)))


def _beside(x: float, y: float, width: float, height: float, gap: float, angle: float) -> Box:
    """The rectangle that lies in a direction from a point, its nearest edge or corner at the gap."""
    across, up = math.cos(angle), math.sin(angle)
    center_x = x + across * gap + 0.5 * width * _sign(across)
    center_y = y + up * gap + 0.5 * height * _sign(up)
    return Box(
        left=center_x - 0.5 * width,
        bottom=center_y - 0.5 * height,
        right=center_x + 0.5 * width,
        top=center_y + 0.5 * height,
    )


def _sign(value: float) -> float:
    return 0.0 if abs(value) < 1e-6 else math.copysign(1.0, value)
