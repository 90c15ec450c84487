"""Multi-band blending (Burt and Adelson 1983) of images on one window of the grid.

With a hard owner at full size the spline has a closed form: where image k owns, the result is `I_k + expand(C_1)`,
and from the coarsest level up `C_l = B_l - D_l + expand(C_l+1)`, with `D_l` the detail (Laplacian) of image k at
level l and `B_l` the mean of all images' details, weighted by reduced ownership. So no full-size Laplacian, weight
or sum exists, and where one image is alone the change is exactly 0: nothing is computed there, see `_blocks`.

Every step is local: a sample depends on the window only within `halo(levels)` pixels. A window that starts on
a multiple of `2**levels` of the grid and carries that halo gives the same samples as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hinterland_kernels.backend import CPU, CUDA_NAME, Backend
from hinterland_kernels.blend._layers import MOST_LEVELS, NOBODY, Layer, halo, loops_of
from hinterland_kernels.blend._levels import blend_window, read_windows
from hinterland_kernels.blend._names import fill_names

__all__ = [
    "MOST_LEVELS",
    "NOBODY",
    "Layer",
    "assign_owners",
    "halo",
    "multiband",
    "name_owners",
    "needed_windows",
]

PIECE_PX = 1024
"""Edge of what the CPU blends at a time: larger pieces repeat less of their halo but leave the cache."""

Window = tuple[int, int, int, int]
"""Line, sample, lines, samples."""


def assign_owners(
    labels: Any,  # noqa: ANN401 - an array of the backend
    layers: Sequence[Layer],
    layer_labels: Sequence[int],
    origin: tuple[int, int],
    factor: int,
    *,
    wraps: bool,
    backend: Backend = CPU,
) -> Any:  # noqa: ANN401
    """Carry labels that were cut at reduced resolution to the pixels of a window.

    Parameters
    ----------
    labels : (label_lines, label_samples) int16
        Labels of the whole grid, one for each `factor` x `factor` pixels.
    layers : sequence of Layer
        The images on the window.
    layer_labels : sequence of int
        Label of each layer.
    origin : (line, sample)
        Where the window starts on the grid.
    factor : int
        Pixels of the grid along one label.
    wraps : bool
        True if the grid closes.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    (lines, samples) int16
        Index into `layers`, `NOBODY` where none is valid. Between labels the border is the bilinear one.
    """
    masks = backend.xp.stack([layer.mask for layer in layers])
    owners = backend.xp.empty(masks.shape[1:], dtype=np.int16)
    loops_of(backend).assign_owners(
        labels,
        masks,
        backend.to_device(np.asarray(layer_labels, dtype=np.int16)),
        origin[0],
        origin[1],
        factor,
        wraps,
        owners,
    )
    return owners


def needed_windows(
    owners: Any,  # noqa: ANN401 - an array of the backend
    images: int,
    levels: int,
    *,
    core: Window | None = None,
    backend: Backend = CPU,
) -> list[Window | None]:
    """Find the part of each image that `multiband` reads.

    Parameters
    ----------
    owners : (lines, samples) int16
        Who owns each pixel of the window, from 0, or `NOBODY`.
    images : int
        How many images there are.
    levels : int
        Of the blend.
    core : (line, sample, lines, samples), optional
        The part of the window that is wanted; the whole by default.
    backend : Backend
        Where the owners live.

    Returns
    -------
    list of (line, sample, lines, samples), or None
        On the window, whole blocks of `2**levels` pixels; None for an image that has no part in the result.
    """
    core = (0, 0, *owners.shape) if core is None else core
    return read_windows(owners, images, levels, core, loops_of(backend), backend)


def name_owners(owners: NDArray[np.int16], names: Sequence[int]) -> NDArray[np.uint16]:
    """Name the owner of each pixel on the host.

    Parameters
    ----------
    owners : (lines, samples) int16
        Who owns each pixel, from 0, or `NOBODY`.
    names : sequence of int
        From 1, one for each owner.

    Returns
    -------
    (lines, samples) uint16
        0 where nobody owns.
    """
    named = np.empty(owners.shape, dtype=np.uint16)
    fill_names(np.ascontiguousarray(owners), np.array([0, *names], dtype=np.uint16), named)
    return named


def multiband(
    layers: Sequence[Layer],
    owners: Any,  # noqa: ANN401 - an array of the backend
    levels: int,
    *,
    core: Window | None = None,
    dtype: DTypeLike = np.float32,
    workers: int = 1,
    backend: Backend = CPU,
) -> Any:  # noqa: ANN401
    """Blend images across the borders of who owns what.

    Parameters
    ----------
    layers : sequence of Layer
        The images, of one dtype and number of bands.
    owners : (lines, samples) int16
        Of each pixel of the window: index into `layers` of the image that owns it, `NOBODY` where none does.
        An owner is valid where it owns.
    levels : int
        Pyramid levels above the full size, at most `MOST_LEVELS`; detail of wavelength w blends over about w, at
        most `2**levels` pixels. 0 is a hard cut.
    core : (line, sample, lines, samples), optional
        The part of the window that is wanted, from a multiple of `2**levels` on; the whole by default.
    dtype : dtype
        Of the result: float32, or uint8 or uint16, to which samples are rounded and clipped.
    workers : int
        Threads on the CPU; they change no sample.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    (bands, lines, samples) of `dtype`
        The blend of the core; 0 where nobody owns.

    Raises
    ------
    ValueError
        If there are no layers, a layer's shapes do not fit each other, the core begins elsewhere, or there are too
        many levels.
    """
    core = (0, 0, *owners.shape) if core is None else core
    _check(layers, levels, core)
    out = backend.xp.zeros((layers[0].values.shape[0], *core[2:]), dtype=dtype)
    if backend.name == CUDA_NAME:
        blend_window(layers, owners, levels, core, out, core[:2], loops_of(backend), backend)
        return out

    layers = [layer._replace(values=np.ascontiguousarray(layer.values)) for layer in layers]

    def blend_piece(piece: Window) -> None:
        line, sample, lines, samples = _with_halo(piece, owners.shape, levels)
        blend_window(
            [layer._replace(line=layer.line - line, sample=layer.sample - sample) for layer in layers],
            np.ascontiguousarray(owners[line : line + lines, sample : sample + samples]),
            levels,
            (piece[0] - line, piece[1] - sample, *piece[2:]),
            out,
            (core[0] - line, core[1] - sample),
            loops_of(backend),
            backend,
        )

    pieces = _pieces(core)
    if workers == 1 or len(pieces) == 1:
        for piece in pieces:
            blend_piece(piece)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(blend_piece, pieces):
                pass  # a piece that failed says so here
    return out


def _check(layers: Sequence[Layer], levels: int, core: Window) -> None:
    if not 0 <= levels <= MOST_LEVELS:
        message = f"a blend has 0 to {MOST_LEVELS} levels, got {levels}"
        raise ValueError(message)
    if core[0] % (1 << levels) or core[1] % (1 << levels):
        message = f"a core begins on multiples of {1 << levels} with {levels} levels, got {core[:2]}"
        raise ValueError(message)
    if not layers:
        message = "a blend needs layers, got none"
        raise ValueError(message)
    kinds = {(layer.values.dtype.name, layer.values.shape[0]) for layer in layers}
    if len(kinds) != 1:
        message = f"layers must have one dtype and number of bands, got {sorted(kinds)}"
        raise ValueError(message)
    for index, layer in enumerate(layers):
        if layer.values.shape[1:] != layer.mask.shape:
            message = f"layer {index}: values {layer.values.shape} do not fit the mask {layer.mask.shape}"
            raise ValueError(message)


def _pieces(core: Window) -> list[Window]:
    """What is blended at a time on the CPU, so that the scratch memory stays small."""
    line, sample, lines, samples = core
    return [
        (i, j, min(PIECE_PX, line + lines - i), min(PIECE_PX, sample + samples - j))
        for i in range(line, line + lines, PIECE_PX)
        for j in range(sample, sample + samples, PIECE_PX)
    ]


def _with_halo(piece: Window, shape: tuple[int, int], levels: int) -> Window:
    """The window of a piece with all that can change it, from a whole block on."""
    line, sample, lines, samples = piece
    top, left = (max(0, first - halo(levels)) >> levels << levels for first in (line, sample))
    bottom = min(shape[0], line + lines + halo(levels))
    right = min(shape[1], sample + samples + halo(levels))
    return top, left, bottom - top, right - left
