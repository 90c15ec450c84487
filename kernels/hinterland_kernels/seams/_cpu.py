"""Loops of seam finding: what a labelling costs, and the moves that make it cheaper."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels._jit import loop, part_of_loop
from hinterland_kernels.seams._cut import DOWN, LEFT, RIGHT, SINK, UP, neighbour
from hinterland_kernels.seams._images import UNIT, Images, locate

LARGEST = 1 << 22
"""Mismatch of one pixel is cut off here, so that a pixel's capacities stay within 32 bits."""

EVERYWHERE = -1
"""A reach without end."""

NO_NODE = -1


@part_of_loop
def _mismatch(images: Images, a: int, b: int) -> int:
    """Mean square by which two images differ in one pixel, given as indices into their values."""
    total = 0.0
    for band in range(images.values.shape[1]):
        difference = images.values[a, band] - images.values[b, band]
        total += difference * difference
    return int(min(total * UNIT / images.values.shape[1] + 0.5, float(LARGEST)))


@part_of_loop
def _step(images: Images, line: int, sample: int, direction: int) -> tuple[int, int]:
    """Canvas pixel beside another; line -1 where the canvas ends."""
    line += int(direction == DOWN) - int(direction == UP)
    sample += int(direction == RIGHT) - int(direction == LEFT)
    if images.wraps:
        sample = (sample + images.samples) % images.samples
    inside = 0 <= line < images.lines and 0 <= sample < images.samples
    return (line, sample) if inside else (-1, -1)


@part_of_loop
def _pair_cost(images: Images, p: tuple[int, int], q: tuple[int, int], owner_p: int, owner_q: int) -> int:
    """What it costs that neighbours p and q have these owners.

    Both images are compared in both pixels. Where one ends between the two, the pixel they share counts
    twice; where they share none, the step that will be seen does.
    """
    if owner_p == owner_q:
        return 0
    a_p, b_q = locate(images, owner_p, *p), locate(images, owner_q, *q)
    b_p, a_q = locate(images, owner_q, *p), locate(images, owner_p, *q)
    cost = images.length_cost
    if b_p < 0 and a_q < 0:
        return cost + 2 * _mismatch(images, a_p, b_q)
    if b_p >= 0:
        cost += _mismatch(images, a_p, b_p) * (2 if a_q < 0 else 1)
    if a_q >= 0:
        cost += _mismatch(images, a_q, b_q) * (2 if b_p < 0 else 1)
    return cost


@loop
def start_labels(images: Images, labels: NDArray[np.int16]) -> None:
    """Give each pixel to the image that prefers it most, the first of equals; -1 where there is none."""
    best = np.empty(labels.shape, dtype=np.int32)
    labels[:] = -1
    for image in range(len(images.first)):
        line, sample, height, width = images.windows[image]
        for row in range(height):
            for column in range(width):
                index = images.first[image] + row * width + column
                pixel = (line + row, (sample + column) % labels.shape[1])
                if images.mask[index] and (labels[pixel] < 0 or images.preference[index] > best[pixel]):
                    labels[pixel] = image
                    best[pixel] = images.preference[index]


@loop
def owners_are_valid(images: Images, labels: NDArray[np.int16]) -> bool:
    """True if each pixel's owner is an image that is valid there."""
    for line in range(labels.shape[0]):
        for sample in range(labels.shape[1]):
            owner = labels[line, sample]
            if owner >= len(images.first) or (owner >= 0 and locate(images, owner, line, sample) < 0):
                return False
    return True


@loop
def labels_cost(images: Images, labels: NDArray[np.int16]) -> tuple[int, int]:
    """Cost of all pairs with different owners; sum of the owners' preferences."""
    seams, preference = 0, 0
    for line in range(labels.shape[0]):
        for sample in range(labels.shape[1]):
            owner = labels[line, sample]
            if owner < 0:
                continue
            preference += images.preference[locate(images, owner, line, sample)]
            for direction in (RIGHT, DOWN):
                q = _step(images, line, sample, direction)
                if q[0] >= 0 and labels[q] >= 0:
                    seams += _pair_cost(images, (line, sample), q, owner, labels[q])
    return seams, preference


@loop
def mark_nodes(
    images: Images,
    labels: NDArray[np.int16],
    near: NDArray[np.bool_],
    image: int,
    mismatch: NDArray[np.int32],
    nodes: NDArray[np.int32],
) -> int:
    """Find the near pixels that the image may take over, in their order; returns how many.

    Their mismatch of owner and image is filled in; elsewhere it is `NO_NODE`.
    """
    line, sample, height, width = images.windows[image]
    mismatch[:] = NO_NODE
    count = 0
    for row in range(height):
        for column in range(width):
            index = images.first[image] + row * width + column
            pixel = (line + row, (sample + column) % labels.shape[1])
            node = (row + 1) * width + column
            if near[pixel] and images.mask[index] and labels[pixel] != image:
                owned = locate(images, labels[pixel], *pixel)
                mismatch[node] = _mismatch(images, index, owned)
                nodes[count] = node
                count += 1
    return count


@part_of_loop
def _capacities(changed_p: int, changed_q: int, present: int) -> tuple[int, int, int, int]:
    """Capacities to and fro between p and q, and of their terminals, from the cost of the pair in each case.

    Kolmogorov, Zabih, "What energy functions can be minimized via graph cuts?", PAMI 2004. Where the
    present pair costs more than both changed pairs together, as squares can, it counts as much as they do:
    a lower cost of what is there already cannot make a move raise the cost.
    """
    present = min(present, changed_p + changed_q)
    both = changed_p + changed_q - present
    back = min(max(changed_p - present // 2, 0), both)
    return both - back, back, changed_p - present - back, back - changed_p


@loop
def build_move(
    images: Images,
    labels: NDArray[np.int16],
    image: int,
    nodes: NDArray[np.int32],
    mismatch: NDArray[np.int32],
    residual: NDArray[np.int32],
    terminal: NDArray[np.int32],
) -> None:
    """Fill the capacities of a move, in which a pixel cut from the source goes to the image.

    Of `residual` and `terminal`, which may hold anything, the nodes and what lies beside them are filled in.
    """
    line, sample, _, width = images.windows[image]
    closes = images.wraps and width == labels.shape[1]
    for node in nodes:
        residual[node] = 0
        terminal[node] = 0
        for direction in range(4):
            residual[neighbour(node, direction, width, closes)] = 0
    for node in nodes:
        row, column = node // width - 1, node % width
        p = (line + row, (sample + column) % labels.shape[1])
        owner = labels[p]
        index = images.first[image] + row * width + column
        terminal[node] += images.preference[locate(images, owner, *p)] - images.preference[index]
        for direction in range(4):
            q = _step(images, p[0], p[1], direction)
            if q[0] < 0 or labels[q] < 0:
                continue
            outside = (direction == LEFT and column == 0) or (direction == RIGHT and column == width - 1)
            other = neighbour(node, direction, width, closes)
            stays = (outside and not closes) or mismatch[other] == NO_NODE
            if not stays and direction in (LEFT, UP):
                continue
            if not stays and labels[q] == owner:
                out = back = mismatch[node] + mismatch[other] + images.length_cost
                residual[node, direction], residual[other, direction ^ 1] = out, back
                continue
            present = _pair_cost(images, p, q, owner, labels[q])
            changed_p = _pair_cost(images, p, q, image, labels[q])
            if stays:
                terminal[node] += changed_p - present
                continue
            changed_q = _pair_cost(images, p, q, owner, image)
            out, back, add_p, add_q = _capacities(changed_p, changed_q, present)
            residual[node, direction], residual[other, direction ^ 1] = out, back
            terminal[node] += add_p
            terminal[other] += add_q


@loop
def take_over(
    images: Images, labels: NDArray[np.int16], image: int, nodes: NDArray[np.int32], tree: NDArray[np.int8]
) -> int:
    """Give the image what the cut leaves on the sink's side, the smallest there is; returns how many pixels."""
    line, sample, _, width = images.windows[image]
    count = 0
    for node in nodes:
        if tree[node] == SINK:
            labels[line + node // width - 1, (sample + node % width) % labels.shape[1]] = image
            count += 1
    return count


@loop
def mark_near(labels: NDArray[np.int16], reach: int, wraps: bool, near: NDArray[np.bool_]) -> None:
    """Pixels within `reach` lines and samples of a change of owner; all of them for `EVERYWHERE`."""
    lines, samples = labels.shape
    near[:] = reach == EVERYWHERE
    if reach == EVERYWHERE:
        return
    for line in range(lines):
        below = min(line + 1, lines - 1)
        for sample in range(samples):
            right = sample + 1 if sample + 1 < samples else (0 if wraps else sample)
            owner, first, second = labels[line, sample], labels[below, sample], labels[line, right]
            if owner < 0 or ((first == owner or first < 0) and (second == owner or second < 0)):
                continue
            for l in range(max(line - reach, 0), min(line + reach + 1, lines)):
                for s in range(max(sample - reach, 0), min(sample + reach + 1, samples)):
                    near[l, s] = True
                if wraps:
                    for s in range(sample - reach, 0):
                        near[l, s % samples] = True
                    for s in range(samples, sample + reach + 1):
                        near[l, s % samples] = True
