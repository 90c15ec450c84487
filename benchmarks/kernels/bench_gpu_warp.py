"""Reprojecting a whole map on a GPU, coordinates included, beside peers that are given them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.energy import joules_of
from benchmarks.harness import Figure, Pair, Settings, floor_share, paired, seconds_of
from benchmarks.kernels.bench_warp_map import FULL_SCALE, given_maps, two_maps, waves_picture
from hinterland_kernels.lattice import build_lattice, choose_step
from hinterland_kernels.warp import warp

_AGREE = 0.01
"""Of full scale, at the median: `grid_sample` weighs in float32 from coordinates of float32."""
_CALLS = 20
"""In one timing: one call takes less than a millisecond."""
_DTYPES = ("uint8", "uint16", "float32")


def run(settings: Settings) -> list[Figure]:
    """8192 x 8192 pixels, bilinear, one band of each type."""
    return [figure for dtype in _DTYPES for figure in _figures(dtype, settings)]


def _figures(dtype: str, settings: Settings) -> list[Figure]:
    backend, of = settings.backend, two_maps(96 if settings.small else 8192)
    side, whole = of.target.lines, (0, 0, *of.target.shape)
    samples = waves_picture(of.source.shape) * np.float32(FULL_SCALE[dtype])
    samples = samples if dtype == "float32" else np.rint(samples).astype(dtype)
    step = choose_step(of.exact_map, whole, of.source.shape, is_gentle=True)
    lattice = build_lattice(of.exact_map, whole, of.source.shape, step=step, is_gentle=True)
    coordinates = given_maps(lattice, side)
    calls = 1 if settings.small else _CALLS
    with backend.own_stream():
        source, on_device = backend.to_device(samples[None]), backend.to_device(lattice)
        mask = backend.to_device(np.ones(of.source.shape, np.bool_))
        out = backend.xp.empty((1, side, side), dtype=dtype), backend.xp.empty((side, side), dtype=np.bool_)

        def ours() -> None:
            for _ in range(calls):
                warp(source, mask, on_device, whole, dtype=dtype, out=out, is_whole=True, backend=backend)
            settings.finish()

        ours()
        found = backend.to_host(out[0])[0].astype(np.float64)
        pairs: dict[str | None, Pair] = {}
        for name, prepare in _PEERS.items():
            peer = prepare(samples, *coordinates, settings)
            if peer is not None:
                _compare(name, found, peer(1), FULL_SCALE[dtype])
                pairs[name] = paired(ours, lambda peer=peer: peer(calls), settings.rounds)
        if not pairs:
            seconds = min(seconds_of(ours) for _ in range(settings.rounds))
            pairs[None] = Pair(ours_s=seconds, peer_s=0.0, ratio=1.0)
        joules = joules_of(ours)
    pixels = side * side
    return [
        Figure(
            name=f"gpu map bilinear {dtype}",
            value=calls * pixels / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer=peer,
            ratio=None if peer is None else pair.ratio,
            floor=floor_share(calls * pixels * 2 * samples.itemsize, pair.ours_s, settings),
            details={
                "ours_s": pair.ours_s / calls,
                "peer_s": None if peer is None else pair.peer_s / calls,
                "joules": None if joules is None else joules / calls,
                "step": lattice.step,
            },
        )
        for peer, pair in pairs.items()
    ]


Peer = Callable[[int], NDArray[Any]]
"""Runs so many times, waits, and gives the result as the host's (lines, samples)."""


def _grid_sample(
    samples: NDArray[Any], sample_map: NDArray[np.float32], line_map: NDArray[np.float32], _: Settings
) -> Peer | None:
    """torch's; float32 alone, so whole numbers are made floats before it is timed."""
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = torch.from_numpy(samples.astype(np.float32))[None, None].to(device)
    lines, columns = samples.shape
    # its coordinates run from -1 to 1 between the middles of the first and the last sample
    grid = np.stack([sample_map * 2 / (columns - 1) - 1, line_map * 2 / (lines - 1) - 1], axis=-1)
    grid = torch.from_numpy(grid.astype(np.float32))[None].to(device)

    def peer(calls: int) -> NDArray[Any]:
        for _ in range(calls):
            found = torch.nn.functional.grid_sample(source, grid, mode="bilinear", align_corners=True)
        if device == "cuda":
            torch.cuda.synchronize()
        return found  # type: ignore[no-any-return]

    return peer


def _map_coordinates(
    samples: NDArray[Any], sample_map: NDArray[np.float32], line_map: NDArray[np.float32], settings: Settings
) -> Peer | None:
    """CuPy's, in the type of the samples."""
    try:
        ndimage = importlib.import_module("cupyx.scipy.ndimage")
    except ImportError:
        return None
    xp = settings.backend.xp
    source, coordinates = xp.asarray(samples), xp.asarray(np.stack([line_map, sample_map]))
    out = xp.empty(sample_map.shape, dtype=samples.dtype)

    def peer(calls: int) -> NDArray[Any]:
        for _ in range(calls):
            ndimage.map_coordinates(source, coordinates, output=out, order=1, mode="constant")
        settings.finish()
        return out  # type: ignore[no-any-return]

    return peer


_PEERS = {
    "torch grid_sample, float32, coordinates given": _grid_sample,
    "cupyx map_coordinates, coordinates given": _map_coordinates,
}


def _compare(name: str | None, ours: NDArray[np.float64], peer: Any, full_scale: float) -> None:  # noqa: ANN401
    """Refuse to time two that do not make the same."""
    theirs = peer.cpu().numpy() if hasattr(peer, "cpu") else peer.get() if hasattr(peer, "get") else peer
    inside = np.s_[8:-8, 8:-8]
    apart = np.median(np.abs(ours - theirs.reshape(ours.shape).astype(np.float64))[inside])
    if apart > _AGREE * full_scale:
        message = f"gpu map: ours and {name} differ by {apart:.3g}"
        raise RuntimeError(message)
