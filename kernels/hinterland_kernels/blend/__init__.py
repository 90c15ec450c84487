"""Multi-band blending (Burt and Adelson 1983) of images on one window of the grid.

With a hard owner at full size the spline has a closed form: where image k owns, the result is
`I_k + expand(R_1 - G_k)`, with `R_1` the blended pyramid collapsed to level 1 only and `G_k` level 1 of
image k. So no full-size Laplacian, weight or sum exists, and where one image is alone the change is 0 to a
rounding of float32.

Every step is local: a sample depends on the window only within `halo(levels)` pixels. A window that starts on
a multiple of `2**levels` of the grid and carries that halo gives the same samples as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from hinterland_kernels.backend import CPU, CUDA_NAME, Backend

NOBODY = -1
"""Owner of a pixel that no image covers."""


class Layer(NamedTuple):
    """One image on the window."""

    values: Any
    """(bands, lines, samples) float32."""
    mask: Any
    """(lines, samples) bool, True where valid."""


def halo(levels: int) -> int:
    """Pixels beyond a sample that can change it: reduce reaches 2 (2**levels - 1) up, expand as far down."""
    return 4 << levels


def _loops(backend: Backend) -> ModuleType:
    if backend.name == CUDA_NAME:
        from hinterland_kernels.blend import _cuda  # noqa: PLC0415 - needs numba.cuda

        return _cuda
    from hinterland_kernels.blend import _cpu  # noqa: PLC0415 - the twin

    return _cpu


def _coarser(shape: tuple[int, int]) -> tuple[int, int]:
    return (shape[0] + 1) // 2, (shape[1] + 1) // 2


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
    _loops(backend).assign_owners(
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


def multiband(layers: Sequence[Layer], owners: Any, levels: int, *, backend: Backend = CPU) -> Any:  # noqa: ANN401
    """Blend images across the borders of who owns what.

    Parameters
    ----------
    layers : sequence of Layer
        The images, all of the window's size.
    owners : (lines, samples) int16
        Index into `layers` of the image that owns each pixel, `NOBODY` where none does. An owner is valid
        where it owns.
    levels : int
        Pyramid levels above the full size; detail of wavelength w blends over about w, at most `2**levels`
        pixels. 0 is a hard cut.
    backend : Backend
        Where the arrays live.

    Returns
    -------
    (bands, lines, samples) float32
        The blend; 0 where nobody owns.

    Raises
    ------
    ValueError
        If there are no layers, or their shapes differ.
    """
    if not layers or any(
        layer.mask.shape != owners.shape or layer.values.shape[1:] != owners.shape for layer in layers
    ):
        message = f"layers must all have the owners' shape {owners.shape}"
        raise ValueError(message)
    loops = _loops(backend)
    out = backend.xp.zeros(layers[0].values.shape, dtype=np.float32)
    if levels == 0:
        for index, layer in enumerate(layers):
            backend.xp.copyto(out, layer.values, where=(owners == index)[None])
        return out
    pyramids = [_pyramid(layer, levels, loops, backend) for layer in layers]
    blended = _blend_levels(pyramids, owners, levels, loops, backend)
    change = Layer(backend.xp.empty_like(blended.values), backend.xp.empty_like(blended.mask))
    for index, (layer, pyramid) in enumerate(zip(layers, pyramids, strict=True)):
        half = pyramid[0]
        loops.subtract(blended.values, blended.mask, half.values, half.mask, change.values, change.mask)
        loops.add_change(layer.values, owners, index, change.values, change.mask, out)
    return out


def _pyramid(layer: Layer, levels: int, loops: ModuleType, backend: Backend) -> list[Layer]:
    """Levels 1 to `levels` of one image."""
    pyramid = []
    for _ in range(levels):
        bands, *shape = layer.values.shape
        half = _coarser((shape[0], shape[1]))
        coarser = Layer(
            backend.xp.empty((bands, *half), dtype=np.float32), backend.xp.empty(half, dtype=np.bool_)
        )
        loops.reduce_values(layer.values, layer.mask, coarser.values, coarser.mask)
        pyramid.append(coarser)
        layer = coarser
    return pyramid


def _blend_levels(
    pyramids: Sequence[Sequence[Layer]],
    owners: Any,  # noqa: ANN401
    levels: int,
    loops: ModuleType,
    backend: Backend,
) -> Layer:
    """Blend levels 1 to `levels` of all images and collapse them to level 1."""
    totals = [backend.xp.zeros_like(level.values) for level in pyramids[0]]
    weights = [backend.xp.zeros(level.mask.shape, dtype=np.float32) for level in pyramids[0]]
    for index, pyramid in enumerate(pyramids):
        share = backend.xp.empty_like(weights[0])
        loops.reduce_ownership(owners, index, share)
        for level, layer in enumerate(pyramid):
            if level:
                finer, share = share, backend.xp.empty_like(weights[level])
                loops.reduce_weights(finer, share)
            if level == levels - 1:
                loops.add_base(layer.values, layer.mask, share, totals[level], weights[level])
            else:
                coarser = pyramid[level + 1]
                loops.add_detail(
                    layer.values,
                    layer.mask,
                    coarser.values,
                    coarser.mask,
                    share,
                    totals[level],
                    weights[level],
                )
    masks = [backend.xp.empty(weight.shape, dtype=np.bool_) for weight in weights]
    for total, weight, mask in zip(totals, weights, masks, strict=True):
        loops.normalise(total, weight, mask)
    for level in range(levels - 2, -1, -1):
        loops.collapse(totals[level], masks[level], totals[level + 1], masks[level + 1])
    return Layer(totals[0], masks[0])
