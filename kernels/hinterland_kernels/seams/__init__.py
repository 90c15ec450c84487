"""Seams: which image owns each pixel where several overlap.

The labelling minimises what the seams show plus what the owners forgo in preference, by expansion moves; each
move is an exact minimum cut. Seams are found on a reduced grid of about a megapixel at most, and the cut is a
serial search, so there is no CUDA twin.

References: Kwatra et al., "Graphcut textures", SIGGRAPH 2003 (the mismatch); Boykov, Veksler, Zabih, "Fast
approximate energy minimization via graph cuts", PAMI 2001 (the moves).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.seams import _cpu
from hinterland_kernels.seams._cut import DOWN, FREE, LEFT, RIGHT, SOURCE, UP, push_flow, spread
from hinterland_kernels.seams._images import UNIT, Images
from hinterland_kernels.seams._windows import (
    MOST_LEVELS,
    ImageWindow,
    check_canvas,
    gather,
    groups_apart,
    halved,
    touching_images,
)

__all__ = ["MOST_LEVELS", "ImageWindow", "label_seams", "minimum_cut", "seams_cost"]

REACH = 12
"""At full size a seam is looked for this far, in pixels, on either side of where it ran at half size."""

_LARGEST_CAPACITY = 1 << 26
# a pixel's edges and terminals together stay within 32 bits

_SHIFTS = {RIGHT: (-1, 1), LEFT: (1, 1), DOWN: (-1, 0), UP: (1, 0)}
# np.roll by these lays each pixel's neighbour on it


def minimum_cut(
    source: NDArray[np.integer],
    sink: NDArray[np.integer],
    right: NDArray[np.integer],
    left: NDArray[np.integer],
    down: NDArray[np.integer],
    up: NDArray[np.integer],
    *,
    wraps: bool = False,
) -> tuple[NDArray[np.bool_], int]:
    """Cut a grid of pixels in two, through the least capacity.

    Parameters
    ----------
    source, sink : (lines, samples) integer
        Capacity from the source to each pixel, and from each pixel to the sink.
    right, left, down, up : (lines, samples) integer
        Capacity from each pixel to that neighbour. What leads off the grid is not used.
    wraps : bool
        The last sample's right neighbour is the first of its line.

    Returns
    -------
    side : (lines, samples) bool
        True on the source's side, the smallest there is among all minimum cuts.
    capacity : int
        Of the cut: the most that flows from source to sink.

    Raises
    ------
    ValueError
        If the shapes differ, or a capacity is negative, no integer or above 2**26.

    References
    ----------
    Boykov, Kolmogorov, PAMI 2004.
    """
    shape = source.shape
    for capacity in (source, sink, right, left, down, up):
        if capacity.shape != shape or len(shape) != 2 or not np.issubdtype(capacity.dtype, np.integer):
            message = f"capacities are integers of one shape {shape}, got {capacity.dtype} {capacity.shape}"
            raise ValueError(message)
        if capacity.size and not 0 <= int(capacity.min()) <= int(capacity.max()) <= _LARGEST_CAPACITY:
            message = f"capacities must lie in 0 .. 2**26, got {capacity.min()} .. {capacity.max()}"
            raise ValueError(message)
    if source.size == 0:
        return np.zeros(shape, dtype=np.bool_), 0
    lines, samples = shape
    residual = np.zeros((lines + 2, samples, 4), dtype=np.int32)
    inside = residual[1:-1]
    for direction, capacity in ((RIGHT, right), (LEFT, left), (DOWN, down), (UP, up)):
        inside[..., direction] = capacity
    inside[0, :, UP] = inside[-1, :, DOWN] = 0
    if not wraps:
        inside[:, -1, RIGHT] = inside[:, 0, LEFT] = 0
    terminal = np.zeros((lines + 2, samples), dtype=np.int32)
    terminal[1:-1] = source.astype(np.int32) - sink.astype(np.int32)
    nodes = np.arange(samples, samples + source.size, dtype=np.int32)
    tree = _trees(residual.reshape(-1, 4).copy(), terminal.reshape(-1), nodes, samples, wraps=wraps)
    side = tree.reshape(lines + 2, samples)[1:-1] == SOURCE
    cut = int(source[~side].sum(dtype=np.int64)) + int(sink[side].sum(dtype=np.int64))
    for direction, (shift, axis) in _SHIFTS.items():
        crosses = side & ~np.roll(side, shift, axis)
        cut += int(inside[crosses, direction].sum(dtype=np.int64))
    return side, cut


def _trees(
    residual: NDArray[np.int32],
    terminal: NDArray[np.int32],
    nodes: NDArray[np.int32],
    width: int,
    *,
    wraps: bool,
) -> NDArray[np.int8]:
    """Cut the grid; which tree each node ends in: the source's, the sink's or neither."""
    tree = np.full(len(terminal), FREE, dtype=np.int8)
    spread(residual, terminal, nodes, width, wraps)
    push_flow(residual, terminal, nodes, tree, width, wraps)
    return tree


def label_seams(
    windows: Sequence[ImageWindow],
    shape: tuple[int, int],
    *,
    wraps: bool,
    length_cost: float = 1.0,
    sweeps: int = 2,
    levels: int = 2,
    workers: int = 1,
) -> NDArray[np.int16]:
    """Choose the owner of each pixel so that the seams show least.

    Neighbours p and q owned by images a and b cost ``(a(p) - b(p))**2 + (a(q) - b(q))**2 + length_cost``, with
    the mean over bands of the squares. Where only one of the two pixels has both images it counts twice;
    where neither has, twice ``(a(p) - b(q))**2``, the step that will be seen. Squares, since one bad spot
    shows more than many slight ones; each is cut off at 4096.

    Parameters
    ----------
    windows : sequence of ImageWindow
        The images on the canvas, all with the same number of bands.
    shape : (lines, samples)
        Size of the canvas.
    wraps : bool
        The canvas closes: its last sample is the neighbour of its first.
    length_cost : float
        Cost of each pair of neighbours with different owners, in the units of the squares.
    sweeps : int
        Rounds of expansion moves, fewer if a round changes nothing; where a smaller size has shown where to
        look, one is made. 0 leaves each pixel to the image that prefers it most.
    levels : int
        How often the size is halved to find where the seams run, 0 to `MOST_LEVELS`; each larger size then
        looks near them only. 0 looks everywhere at full size.

    Returns
    -------
    (lines, samples) int16
        Index into `windows`, -1 where no image is valid. An image may own nothing. For two images and no
        levels it is the cheapest labelling there is.

    Raises
    ------
    ValueError
        If a window does not fit the canvas or its arrays do not fit each other, a valid value is not finite,
        or an option is out of its range.

    References
    ----------
    Kwatra et al., SIGGRAPH 2003, section 3; Boykov, Veksler, Zabih, PAMI 2001, section 5.
    """
    canvas = check_canvas(windows, shape, wraps=wraps, length_cost=length_cost)
    if not 0 <= levels <= MOST_LEVELS or sweeps < 0:
        message = f"levels must be 0 to {MOST_LEVELS} and sweeps not negative, got {levels} and {sweeps}"
        raise ValueError(message)
    if sweeps == 0:
        levels = 0
    with ThreadPoolExecutor(workers) as pool:
        images = gather(windows, canvas, length_cost, pool, wraps=wraps)
        return _label(images, levels, sweeps, pool)


def seams_cost(
    labels: NDArray[np.int16],
    windows: Sequence[ImageWindow],
    *,
    wraps: bool,
    length_cost: float = 1.0,
) -> tuple[float, float]:
    """Price a labelling as `label_seams` does.

    Parameters
    ----------
    labels : (lines, samples) int16
        Owners: indices into `windows`, each valid where it owns; -1 where there is none.
    windows, wraps, length_cost
        As in `label_seams`.

    Returns
    -------
    seams : float
        Cost of all pairs of neighbours with different owners.
    preference : float
        Sum of the owners' preferences. `label_seams` minimises `seams - preference`.

    Raises
    ------
    ValueError
        As in `label_seams`, or if a pixel's owner is not valid there.
    """
    canvas = check_canvas(windows, labels.shape, wraps=wraps, length_cost=length_cost)
    with ThreadPoolExecutor(1) as pool:
        images = gather(windows, canvas, length_cost, pool, wraps=wraps)
    labels = np.ascontiguousarray(labels, dtype=np.int16)
    if not _cpu.owners_are_valid(images, labels):
        message = "a label names an image that is not valid at its pixel"
        raise ValueError(message)
    seams, preference = _cpu.labels_cost(images, labels)
    return seams / UNIT, preference / UNIT


def _label(images: Images, levels: int, sweeps: int, pool: ThreadPoolExecutor) -> NDArray[np.int16]:
    """Solve at half size, then near the seams found there; without levels, look everywhere."""
    labels = np.empty((images.lines, images.samples), dtype=np.int16)
    _cpu.start_labels(images, labels)
    reach, rounds = _cpu.EVERYWHERE, sweeps
    if levels > 0 and min(labels.shape) > 1:
        coarse = _label(halved(images, pool), levels - 1, sweeps, pool)
        fine = coarse.repeat(2, axis=0).repeat(2, axis=1)
        np.copyto(labels[: fine.shape[0], : fine.shape[1]], fine, where=fine >= 0)
        reach, rounds = REACH, 1
    _improve(images, labels, reach, rounds, pool)
    return labels


def _improve(
    images: Images, labels: NDArray[np.int16], reach: int, sweeps: int, pool: ThreadPoolExecutor
) -> None:
    """Expand each image in turn, until a whole round changes nothing.

    An image's turn comes when those that touch it have had theirs, so that threads change no label; it passes
    where nothing about it has changed since its last. Of two that lie apart neither sees what the other changes.
    """
    near = np.empty(labels.shape, dtype=np.bool_)
    _cpu.mark_near(labels, reach, images.wraps, near)
    touching = touching_images(images.windows, images.samples, wraps=images.wraps)
    order = [image for group in groups_apart(touching) for image in group]
    turns: dict[int, Future[int]] = {}

    def turn(image: int, before: list[Future[int]], *, is_first: bool) -> int:
        # all of these wait before it in the pool's queue: the foremost never has to wait
        changed = [one.result() for one in before]
        return _expand(images, labels, near, image) if is_first or any(changed) else 0

    for sweep in range(sweeps):
        for image in order:
            before = [turns[other] for other in (image, *touching[image]) if other in turns]
            turns[image] = pool.submit(turn, image, before, is_first=sweep == 0)
    for last in turns.values():
        last.result()


def _expand(images: Images, labels: NDArray[np.int16], near: NDArray[np.bool_], image: int) -> int:
    """Let one image take over those of the near pixels that lower the cost most; returns their number.

    Of equally cheap moves it makes the one that changes least.
    """
    height, width = (int(n) for n in images.windows[image, 2:])
    pixels = (height + 2) * width
    mismatch, nodes = np.empty(pixels, dtype=np.int32), np.empty(pixels, dtype=np.int32)
    nodes = nodes[: _cpu.mark_nodes(images, labels, near, image, mismatch, nodes)]
    if not len(nodes):
        return 0
    residual, terminal = np.empty((pixels, 4), dtype=np.int32), np.empty(pixels, dtype=np.int32)
    _cpu.build_move(images, labels, image, nodes, mismatch, residual, terminal)
    tree = _trees(residual, terminal, nodes, width, wraps=images.wraps and width == labels.shape[1])
    return _cpu.take_over(images, labels, image, nodes, tree)
