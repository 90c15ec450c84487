"""Seams: which image owns each pixel where several overlap.

The labelling minimises what the seams show plus what the owners forgo in preference, by expansion moves; each
move is an exact minimum cut. Seams are found on a reduced grid of about a megapixel at most, and the cut is a
serial search, so there is no CUDA twin.

References: Kwatra et al., "Graphcut textures", SIGGRAPH 2003 (the mismatch); Boykov, Veksler, Zabih, "Fast approximate
energy minimization via graph cuts", PAMI 2001 (the moves).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hinterland_kernels.seams import _cpu
from hinterland_kernels.seams._cut import DOWN, LEFT, RIGHT, SOURCE, UP, push_flow

MOST_IMAGES = 32767
"""Labels are 16 bits wide."""

_LARGEST_CAPACITY = 1 << 28
# the residuals of an edge and the terminal sums of a pixel stay within 32 bits
_LARGEST_PREFERENCE = float(_LARGEST_CAPACITY // _cpu.UNIT)
_LARGEST_LENGTH_COST = float(_cpu.LARGEST // _cpu.UNIT)


class ImageWindow(NamedTuple):
    """One image on the canvas: the window of the grid it covers."""

    line: int
    """First canvas line."""
    sample: int
    """First canvas sample; on a canvas that wraps the window may run over its right edge."""
    values: NDArray[np.float32]
    """(bands, lines, samples): what is compared, in units of its noise."""
    mask: NDArray[np.bool_]
    """(lines, samples): True where the image may own the pixel."""
    preference: NDArray[np.float32]
    """(lines, samples): what owning the pixel is worth, in the units of `values`."""


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
    flow : int
        What the cut edges carry.

    Raises
    ------
    ValueError
        If the shapes differ, or a capacity is negative, no integer or above 2**28.

    References
    ----------
    Boykov, Kolmogorov, PAMI 2004.
    """
    shape = source.shape
    for capacity in (source, sink, right, left, down, up):
        if capacity.shape != shape or len(shape) != 2 or not np.issubdtype(capacity.dtype, np.integer):
            message = f"capacities are integers of one shape (lines, samples), got {capacity.dtype} {capacity.shape}"
            raise ValueError(message)
        if capacity.size and not 0 <= int(capacity.min()) <= int(capacity.max()) <= _LARGEST_CAPACITY:
            message = f"capacities must lie in 0 .. 2**28, got {capacity.min()} .. {capacity.max()}"
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
    tree = np.empty((lines + 2) * samples, dtype=np.int8)
    flow = push_flow(residual.reshape(-1, 4), terminal.reshape(-1), tree, samples, wraps)
    side = tree.reshape(lines + 2, samples)[1:-1] == SOURCE
    return side, int(flow) + int(np.minimum(source, sink).sum(dtype=np.int64))


def label_seams(
    windows: Sequence[ImageWindow],
    shape: tuple[int, int],
    *,
    wraps: bool,
    weight: NDArray[np.float32] | None = None,
    length_cost: float = 1.0,
    sweeps: int = 2,
) -> NDArray[np.int16]:
    """Choose the owner of each pixel so that the seams show least.

    Neighbours p and q owned by images a and b cost ``w(p) |a(p) - b(p)| + w(q) |a(q) - b(q)| + length_cost``,
    with the mean over bands of the absolute differences. Where only one of the two pixels has both images
    it counts twice; where neither has, twice ``|a(p) - b(q)|``, the step that will be seen.

    Parameters
    ----------
    windows : sequence of ImageWindow
        The images on the canvas, all with the same number of bands.
    shape : (lines, samples)
        Size of the canvas.
    wraps : bool
        The canvas closes: its last sample is the neighbour of its first.
    weight : (lines, samples) float32, optional
        Factor of the mismatch in each pixel, 0 to 1: less where the scene hides a seam. None is 1 everywhere.
    length_cost : float
        Cost of each pair of neighbours with different owners, in the units of the values.
    sweeps : int
        Rounds of expansion moves; fewer if a round changes nothing. 0 leaves each pixel to the image that
        prefers it most.

    Returns
    -------
    (lines, samples) int16
        Index into `windows`, -1 where no image is valid. An image may own nothing. For two images it is the
        cheapest labelling there is.

    Raises
    ------
    ValueError
        If a window does not fit the canvas or its arrays do not fit each other, or a valid value or
        preference is not finite.

    References
    ----------
    Kwatra et al., SIGGRAPH 2003, section 3; Boykov, Veksler, Zabih, PAMI 2001, section 5.
    """
    images = _gather(windows, shape, wraps=wraps, weight=weight, length_cost=length_cost)
    labels = np.full(shape, -1, dtype=np.int16)
    _cpu.start_labels(images, labels)
    _cpu.improve(images, labels, sweeps)
    return labels


def seams_cost(
    labels: NDArray[np.int16],
    windows: Sequence[ImageWindow],
    *,
    wraps: bool,
    weight: NDArray[np.float32] | None = None,
    length_cost: float = 1.0,
) -> tuple[float, float]:
    """Price a labelling as `label_seams` does.

    Parameters
    ----------
    labels : (lines, samples) int16
        Owners: indices into `windows`, each valid where it owns; -1 where there is none.
    windows, wraps, weight, length_cost
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
    images = _gather(windows, labels.shape, wraps=wraps, weight=weight, length_cost=length_cost)
    if not _cpu.owners_are_valid(images, labels):
        message = "a label names an image that is not valid at its pixel"
        raise ValueError(message)
    seams, preference = _cpu.labels_cost(images, labels)
    return seams / _cpu.UNIT, preference / _cpu.UNIT


def _check(index: int, window: ImageWindow, shape: tuple[int, int], bands: int, *, wraps: bool) -> None:
    """Refuse a window that does not fit."""
    lines, samples = window.mask.shape
    if window.values.shape != (bands, lines, samples) or window.preference.shape != (lines, samples):
        message = (
            f"image {index}: values {window.values.shape} and preference {window.preference.shape} "
            f"do not fit the mask {window.mask.shape} and {bands} bands"
        )
        raise ValueError(message)
    runs_over = window.sample + samples > shape[1] and not wraps
    if not (0 <= window.line <= shape[0] - lines and 0 <= window.sample < shape[1]) or samples > shape[1] or runs_over:
        message = (
            f"image {index}: a window of {lines} x {samples} at line {window.line}, sample {window.sample} "
            f"does not fit a canvas of {shape[0]} x {shape[1]}"
        )
        raise ValueError(message)
    finite = np.isfinite(window.values).all(axis=0) & (np.abs(window.preference) <= _LARGEST_PREFERENCE)
    if not finite[window.mask].all():
        message = f"image {index}: a valid value is not finite, or a preference is not within 2**18"
        raise ValueError(message)


def _gather(
    windows: Sequence[ImageWindow],
    shape: tuple[int, int],
    *,
    wraps: bool,
    weight: NDArray[np.float32] | None,
    length_cost: float,
) -> _cpu.Images:
    """Check the windows and lay them end to end."""
    if not 0 < len(windows) <= MOST_IMAGES:
        message = f"seams need 1 to {MOST_IMAGES} images, got {len(windows)}"
        raise ValueError(message)
    if weight is None:
        weight = np.ones(shape, dtype=np.float32)
    if weight.shape != shape or not ((weight >= 0) & (weight <= 1)).all():
        message = f"the weight must be of shape {shape} and within 0 .. 1"
        raise ValueError(message)
    if not 0 <= length_cost <= _LARGEST_LENGTH_COST:
        message = f"the length cost must be within 0 .. {_LARGEST_LENGTH_COST}, got {length_cost}"
        raise ValueError(message)
    bands = windows[0].values.shape[0]
    for index, window in enumerate(windows):
        _check(index, window, shape, bands, wraps=wraps)
    sizes = np.array([window.mask.size for window in windows], dtype=np.int64)
    values = np.empty((sizes.sum(), bands), dtype=np.float32)
    preference = np.zeros(sizes.sum(), dtype=np.int32)
    mask = np.concatenate([window.mask.reshape(-1) for window in windows])
    first = np.cumsum(sizes) - sizes
    for begin, size, window in zip(first, sizes, windows, strict=True):
        part = slice(begin, begin + size)
        values[part] = window.values.reshape(bands, -1).T
        np.rint(window.preference.reshape(-1) * _cpu.UNIT, out=preference[part], casting="unsafe", where=mask[part])
    return _cpu.Images(
        values=values,
        mask=mask,
        preference=preference,
        first=first,
        windows=np.array([(w.line, w.sample, *w.mask.shape) for w in windows], dtype=np.int64),
        weight=np.ascontiguousarray(weight, dtype=np.float32),
        length_cost=round(length_cost * _cpu.UNIT),
        wraps=wraps,
    )
