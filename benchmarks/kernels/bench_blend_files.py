"""Multi-band blending of TIFFs with alpha, as a process, beside enblend."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from benchmarks.harness import Figure, Settings, run_process
from benchmarks.kernels.bench_blend import Mosaic, large_mosaic, mosaics

_DPI = 150
_TAGS = {"x_resolution": 282, "y_resolution": 283, "unit": 296, "x_position": 286, "y_position": 287}
_INCH = 2


def run(settings: Settings) -> list[Figure]:
    """Canvas megapixels a second of the whole process, files included; ours alone without enblend."""
    figures = [_figure(mosaic, 1 if settings.small else 3) for mosaic in mosaics(settings)]
    if not settings.small:
        figures.append(_figure(large_mosaic(settings), 1))  # the peer takes a minute and a half
    return figures


def _write(mosaic: Mosaic, folder: Path) -> list[tuple[str, int, int]]:
    """Frames as TIFFs that say where they lie, as nona writes them; and the same in numbers."""
    written = []
    for index, layer in enumerate(mosaic.layers):
        path = str(folder / f"in{index:02}.tif")
        alpha = np.where(layer.mask, 255, 0).astype(np.uint8)
        picture = Image.fromarray(np.dstack([*layer.values, alpha]))
        tags: dict[int, float] = {
            _TAGS["x_resolution"]: _DPI,
            _TAGS["y_resolution"]: _DPI,
            _TAGS["unit"]: _INCH,
            _TAGS["x_position"]: layer.sample / _DPI,
            _TAGS["y_position"]: layer.line / _DPI,
        }
        picture.save(path, tiffinfo=tags)
        written.append((path, layer.line, layer.sample))
    return written


def _figure(mosaic: Mosaic, rounds: int) -> Figure:
    has_peer = shutil.which("enblend") is not None
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        files = _write(mosaic, folder)
        ours_out, peer_out = str(folder / "ours.tif"), str(folder / "peer.tif")
        ours = [sys.executable, "-m", "benchmarks.kernels.blend_files", ours_out]
        ours += [f"{path}:{line}:{sample}" for path, line, sample in files]
        peer = ["enblend", "--compression=none", "-o", peer_out, *(path for path, _, _ in files)]
        run_process(ours)  # compiled loops and files come into the caches
        pairs = [(run_process(ours), run_process(peer) if has_peer else None) for _ in range(rounds)]
        for path in (ours_out, peer_out) if has_peer else (ours_out,):
            with rasterio.open(path) as file:
                if file.shape != mosaic.owners.shape or not file.read(4).all():
                    message = f"{Path(path).name}: {file.shape} instead of a full {mosaic.owners.shape}"
                    raise RuntimeError(message)
    mine, others = [first for first, _ in pairs], [second for _, second in pairs if second]
    ours_s = statistics.median(process.seconds for process in mine)
    return Figure(
        name=f"multi-band blend, {mosaic.name}, file to file, whole process",
        value=mosaic.owners.size / ours_s / 1e6,
        unit="Mpix/s",
        peer="enblend --compression=none" if others else None,
        ratio=statistics.median(peer.seconds / own.seconds for own, peer in zip(mine, others, strict=True))
        if others
        else None,
        details={
            "ours_s": ours_s,
            "ours_cpu_s": statistics.median(process.cpu_seconds for process in mine),
            "ours_peak_mib": max(process.peak_rss_bytes for process in mine) / 2**20,
            "peer_s": statistics.median(process.seconds for process in others) if others else None,
            "peer_cpu_s": statistics.median(process.cpu_seconds for process in others) if others else None,
            "peer_peak_mib": max(process.peak_rss_bytes for process in others) / 2**20 if others else None,
        },
    )
