"""Minimum cut on a grid: the search-tree algorithm of Boykov and Kolmogorov, on arrays.

A pixel is an index into flat arrays with one line of unconnected pixels before the first line and one after
the last, so that a neighbour's index never leaves the arrays; edges are implicit in the grid. Two trees grow,
one from the source and one from the sink. Where they touch, flow is pushed along the path, and the pixels
that saturated edges cut off look for a new parent, as near to the terminal as they can be.

References: Boykov, Kolmogorov, "An experimental comparison of min-cut/max-flow algorithms for energy
minimization in vision", PAMI 2004; the marking heuristic: Kolmogorov, thesis (Cornell 2003), section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop

RIGHT, LEFT, DOWN, UP = 0, 1, 2, 3
"""Directions; the opposite of `d` is `d ^ 1`."""

FREE, SOURCE, SINK = 0, 1, 2
"""Which tree a pixel is in."""

_TERMINAL, _NOTHING = 4, 5
# parents that are no neighbour: the tree's terminal; none

Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]


@part_of_loop
def neighbour(p: int, direction: int, width: int, wraps: bool) -> int:
    """Index of the pixel beside `p`; with `wraps`, right of a line's last sample is its first."""
    if direction >= DOWN:
        return p + (2 * (DOWN - direction) + 1) * width
    q = p + 2 * (RIGHT - direction) + 1
    if wraps:
        first = p // width * width
        q = first + (q - first + width) % width
    return q


@part_of_loop
def _carries(residual: Ints, p: int, q: int, direction: int, mine: int) -> int:
    """What the edge from `p` in this direction to `q` still carries, if `q` is the nearer to the terminal."""
    return int(residual[q, direction ^ 1] if mine == SOURCE else residual[p, direction])


@part_of_loop
def _augment(
    residual: Ints,
    terminal: Ints,
    parent: Bytes,
    orphans: Ints,
    bridge: tuple[int, int],
    width: int,
    wraps: bool,
) -> int:
    """Push all that the path through the bridge (pixel of the source tree, direction) carries.

    Returns the number of pixels, now in `orphans`, whose edge to their parent is saturated.
    """
    first, direction = bridge
    second = neighbour(first, direction, width, wraps)
    flow = residual[first, direction]
    for mine in (SOURCE, SINK):
        p = first if mine == SOURCE else second
        while parent[p] != _TERMINAL:
            q = neighbour(p, parent[p], width, wraps)
            flow = min(flow, _carries(residual, p, q, parent[p], mine))
            p = q
        flow = min(flow, abs(terminal[p]))

    residual[first, direction] -= flow
    residual[second, direction ^ 1] += flow
    count = 0
    for mine in (SOURCE, SINK):
        p = first if mine == SOURCE else second
        sign = 1 if mine == SOURCE else -1
        while parent[p] != _TERMINAL:
            towards = parent[p]
            q = neighbour(p, towards, width, wraps)
            residual[q, towards ^ 1] -= sign * flow
            residual[p, towards] += sign * flow
            if _carries(residual, p, q, towards, mine) == 0:
                parent[p] = _NOTHING
                orphans[count] = p
                count += 1
            p = q
        terminal[p] -= sign * flow
        if terminal[p] == 0:
            parent[p] = _NOTHING
            orphans[count] = p
            count += 1
    return count


@part_of_loop
def _distance_to_terminal(
    parent: Bytes, distance: Ints, stamp: Ints, p: int, now: int, width: int, wraps: bool
) -> int:
    """Steps from `p` to its terminal, -1 if its tree is cut off; marks the way with the time."""
    steps = 0
    q = p
    while stamp[q] != now:
        if parent[q] == _NOTHING:
            return -1
        if parent[q] == _TERMINAL:
            stamp[q] = now
            distance[q] = 1
            break
        q = neighbour(q, parent[q], width, wraps)
        steps += 1
    total = steps + distance[q]
    left = total
    while stamp[p] != now:
        stamp[p] = now
        distance[p] = left
        left -= 1
        p = neighbour(p, parent[p], width, wraps)
    return int(total)


@part_of_loop
def _find_parent(
    residual: Ints,
    tree: Bytes,
    parent: Bytes,
    distance: Ints,
    stamp: Ints,
    p: int,
    now: int,
    width: int,
    wraps: bool,
) -> tuple[int, int]:
    """Direction of the neighbour in the same tree that is nearest to the terminal, and its distance."""
    best, nearest = _NOTHING, 0
    for direction in range(4):
        q = neighbour(p, direction, width, wraps)
        if tree[q] == tree[p] and _carries(residual, p, q, direction, tree[p]) > 0:
            steps = _distance_to_terminal(parent, distance, stamp, q, now, width, wraps)
            if steps >= 0 and (best == _NOTHING or steps < nearest):
                best, nearest = direction, steps
    return best, nearest


@part_of_loop
def _adopt(
    residual: Ints,
    tree: Bytes,
    parent: Bytes,
    distance: Ints,
    stamp: Ints,
    orphans: Ints,
    count: int,
    queue: Ints,
    queued: NDArray[np.bool_],
    tail: int,
    now: int,
    width: int,
    wraps: bool,
) -> int:
    """Give each orphan a new parent in its tree or set it free; returns the queue's new tail."""
    head = 0
    while count > 0:
        p = orphans[head]
        head = head + 1 if head + 1 < orphans.size else 0
        count -= 1
        best, nearest = _find_parent(residual, tree, parent, distance, stamp, p, now, width, wraps)
        if best != _NOTHING:
            parent[p] = best
            stamp[p] = now
            distance[p] = nearest + 1
            continue
        mine = tree[p]
        tree[p] = FREE
        for direction in range(4):
            q = neighbour(p, direction, width, wraps)
            if tree[q] != mine:
                continue
            if _carries(residual, p, q, direction, mine) > 0 and not queued[q]:
                queued[q] = True
                queue[tail] = q
                tail = tail + 1 if tail + 1 < queue.size else 0
            if parent[q] == direction ^ 1:
                parent[q] = _NOTHING
                last = head + count
                orphans[last if last < orphans.size else last - orphans.size] = q
                count += 1
    return tail


@part_of_loop
def _pass_on(
    residual: Ints, terminal: Ints, p: int, direction: int, share: int, width: int, wraps: bool
) -> None:
    """Pass this share of a pixel's terminal capacity on to a neighbour, as far as their edge carries it."""
    q = neighbour(p, direction, width, wraps)
    moved = min(share, residual[p, direction]) if share > 0 else max(share, -residual[q, direction ^ 1])
    residual[p, direction] -= moved
    residual[q, direction ^ 1] += moved
    terminal[p] -= moved
    terminal[q] += moved


@loop
def spread(residual: Ints, terminal: Ints, nodes: Ints, width: int, wraps: bool) -> None:
    """Let supply and demand that lie near each other cancel, in two sweeps to and fro over the pixels in `nodes`.

    A terminal capacity passed on through an edge that carries it changes no cut, so that the cut stays exact.
    Trees then need not grow and break for the many small flows from one pixel to the next.
    """
    for sweep in range(4):
        forward = sweep % 2 == 0
        along, across = (RIGHT, DOWN) if forward else (LEFT, UP)
        for k in range(nodes.size):
            p = nodes[k if forward else nodes.size - 1 - k]
            if terminal[p] != 0:
                _pass_on(residual, terminal, p, along, terminal[p] - terminal[p] // 2, width, wraps)
                _pass_on(residual, terminal, p, across, terminal[p], width, wraps)


@loop
def push_flow(residual: Ints, terminal: Ints, nodes: Ints, tree: Bytes, width: int, wraps: bool) -> None:
    """Saturate the grid; afterwards `tree` is `SOURCE` for the smallest source side of a minimum cut.

    Parameters
    ----------
    residual : (n, 4)
        The capacity from a pixel to each neighbour, nil from and to what is no node; used up. n counts the two
        unconnected lines. Only the nodes' and their neighbours' are read.
    terminal : (n,)
        Capacities of the nodes: positive from the source, negative to the sink; used up.
    nodes : (m,)
        The pixels of the graph, in their order.
    tree : (n,)
        `FREE` everywhere; which tree each node ends in.
    width, wraps
        Of the grid.
    """
    n = terminal.size
    parent = np.empty(n, dtype=np.int8)
    distance = np.empty(n, dtype=np.int32)
    stamp = np.empty(n, dtype=np.int32)
    queued = np.empty(n, dtype=np.bool_)
    places = nodes.size + 1  # one more than ever wait, so that a full ring cannot look empty
    queue = np.empty(places, dtype=np.int32)
    orphans = np.empty(places, dtype=np.int32)
    head, tail = 0, 0
    for p in nodes:
        parent[p] = _NOTHING
        distance[p] = 0
        stamp[p] = 0
        queued[p] = terminal[p] != 0
        if queued[p]:
            tree[p] = SOURCE if terminal[p] > 0 else SINK
            parent[p] = _TERMINAL
            distance[p] = 1
            queue[tail] = p
            tail += 1
    now = 0
    while head != tail:
        p = queue[head]
        head = head + 1 if head + 1 < places else 0
        queued[p] = False
        direction = 0
        while direction < 4 and tree[p] != FREE:
            mine = tree[p]
            q = neighbour(p, direction, width, wraps)
            if _carries(residual, q, p, direction ^ 1, mine) > 0:
                if tree[q] == FREE:
                    tree[q] = mine
                    parent[q] = direction ^ 1
                    stamp[q] = stamp[p]
                    distance[q] = distance[p] + 1
                    if not queued[q]:
                        queued[q] = True
                        queue[tail] = q
                        tail = tail + 1 if tail + 1 < places else 0
                elif tree[q] != mine:
                    bridge = (p, direction) if mine == SOURCE else (q, direction ^ 1)
                    now += 1
                    count = _augment(residual, terminal, parent, orphans, bridge, width, wraps)
                    tail = _adopt(
                        residual,
                        tree,
                        parent,
                        distance,
                        stamp,
                        orphans,
                        count,
                        queue,
                        queued,
                        tail,
                        now,
                        width,
                        wraps,
                    )
                    continue  # the same edge may carry more
                elif stamp[q] <= stamp[p] and distance[q] > distance[p] + 1:
                    parent[q] = direction ^ 1
                    stamp[q] = stamp[p]
                    distance[q] = distance[p] + 1
            direction += 1
