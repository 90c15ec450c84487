"""Orbital mosaics: warp beside gdalwarp, merge beside rasterio, feather beside OTB, and peak memory."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import Affine

from benchmarks.harness import Figure, Settings, paired, run_process
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest

_SOURCE = "+proj=eqc +lat_ts=45 +R=3396190 +units=m"
_TARGET = "+proj=stere +lat_0=45 +R=3396190 +units=m"
_METRES = 100.0
_CENTRE_Y = 2_667_361.0
_BUDGET_BYTES = 512 << 20
_PLAIN = ("--compress", "none", "--no-overviews")
_ROUNDS = 3
_RASTERIO_MERGE = """
import sys
from rasterio.merge import merge
merge(sys.argv[2:], dst_path=sys.argv[1], mem_limit=256, method="first")
"""


def run(settings: Settings) -> list[Figure]:
    """Figures of all; small makes maps of 512 samples a side and a mosaic below the budget."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_warp(settings, folder), *_merge(settings, folder), *_memory(settings, folder)]


def write_picture(
    path: Path,
    lines: int,
    samples: int,
    west: float,
    north: float,
    dtype: str = "float32",
    gain: float = 1.0,
    **options: Any,  # noqa: ANN401 - of rasterio
) -> Path:
    """A picture with detail of every size."""
    i, j = (axis.astype(np.float32) for axis in np.ogrid[:lines, :samples])
    picture = 1000.0 + 200.0 * np.sin(i / 17.0) + 150.0 * np.cos(j / 23.0 + i / 50.0) + 9.0 * np.sin(i * j)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=lines,
        width=samples,
        dtype=dtype,
        crs=_SOURCE,
        transform=Affine(_METRES, 0.0, west, 0.0, -_METRES, north),
        **options,
    ) as dataset:
        dataset.write((gain * picture).astype(dtype), 1)
    return path


def _warp(settings: Settings, folder: Path) -> list[Figure]:
    """One map to another, from an uncompressed GeoTIFF to one, against gdalwarp where it is installed."""
    side = 512 if settings.small else 8192
    half = 0.5 * side * _METRES
    margin = 1.05 * half
    source = write_picture(
        folder / "source.tif", *(2 * [int(2.1 * half / _METRES)]), -margin, _CENTRE_Y + margin
    )
    extent = (-half, -half, half, half)
    ours_tif, peer_tif = folder / "ours.tif", folder / "peer.tif"

    def ours() -> None:
        make_mosaic(
            MosaicRequest(
                rasters=(source,),
                out=ours_tif,
                crs=_TARGET,
                resolution=_METRES,
                extent=extent,
                method="mean",
                compress="none",
                overviews=False,
                overwrite=True,
                memory_bytes=4 << 30,
                backend=settings.backend.name,
            )
        )

    command = ["gdalwarp", "-q", "-overwrite", "-t_srs", _TARGET, "-te", *map(str, extent)]
    command += ["-ts", str(side), str(side), "-r", "bilinear", "-multi", "-wo", "NUM_THREADS=ALL_CPUS"]
    command += ["-wm", "1000", "-co", "TILED=YES", str(source), str(peer_tif)]

    def peer() -> None:
        subprocess.run(command, check=True)

    name = f"map to map, float32, bilinear, {side} x {side}, file to file"
    has_peer = shutil.which("gdalwarp") is not None
    rounds = min(_ROUNDS, settings.rounds)
    pair = paired(ours, peer if has_peer else lambda: None, rounds)
    options = [
        "--crs",
        _TARGET,
        "--resolution",
        str(_METRES),
        "--extent",
        *map(str, extent),
        "--method",
        "mean",
    ]
    return [
        Figure(
            name=name,
            value=side * side / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="gdalwarp -multi, all threads" if has_peer else None,
            ratio=pair.ratio if has_peer else None,
            details={"ours_s": pair.ours_s, "peer_s": pair.peer_s if has_peer else None},
        ),
        _processes(
            f"{name}, whole process",
            side * side,
            _command([str(source)], ours_tif, settings, *options, *_PLAIN, "--memory", str(4 << 30)),
            "gdalwarp -multi, all threads" if has_peer else None,
            command,
            rounds,
        ),
    ]


def _merge(settings: Settings, folder: Path) -> list[Figure]:
    """Sixteen rasters on one grid, a quarter of each over the next: merged, and levelled and feathered."""
    side = 128 if settings.small else 4096
    apart = 3 * side // 4
    rasters = []
    for index in range(16):
        i, j = divmod(index, 4)
        west, north = j * apart * _METRES, _CENTRE_Y - i * apart * _METRES
        path = folder / f"tile{index:02}.tif"
        rasters.append(str(write_picture(path, side, side, west, north, "uint16", 1.0 + 0.02 * index)))
    samples = (3 * apart + side) ** 2
    name = f"16 rasters, uint16, to {3 * apart + side} x {3 * apart + side}"
    rounds = min(_ROUNDS, settings.rounds)
    merge = [sys.executable, "-c", _RASTERIO_MERGE, str(folder / "peer.tif"), *rasters]
    otb = ["otbcli_Mosaic", "-il", *rasters, "-comp.feather", "large", "-harmo.method", "band"]
    otb += ["-nodata", "0", "-ram", "1024", "-out", str(folder / "otb.tif"), "uint16"]
    return [
        _processes(
            f"{name}, first, whole process",
            samples,
            _command(rasters, folder / "first.tif", settings, *_PLAIN, "--method", "first"),
            "rasterio.merge, mem_limit=256",
            merge,
            rounds,
        ),
        _processes(
            f"{name}, levelled and feathered, whole process",
            samples,
            _command(
                rasters, folder / "feather.tif", settings, *_PLAIN, "--join", "feather", "--level", "gain"
            ),
            "OTB Mosaic, large feather, harmonised" if shutil.which(otb[0]) else None,
            otb,
            1,  # the peer takes half a minute
        ),
    ]


def _command(rasters: list[str], out: Path, settings: Settings, *options: str) -> list[str]:
    """The command that makes a mosaic."""
    command = [sys.executable, "-m", "hinterland.cli", "mosaic", *rasters, "-o", str(out), *options]
    return [*command, "--overwrite", "--progress", "none", "--backend", settings.backend.name]


def _processes(
    name: str, samples: int, ours: list[str], peer: str | None, command: list[str], rounds: int
) -> Figure:
    """Our mosaic and a peer's as processes of their own, in turns; without a peer ours alone."""
    run_process(ours)  # compiled loops and files come into the caches
    pairs = [(run_process(ours), run_process(command) if peer else None) for _ in range(rounds)]
    ours_s = statistics.median(mine.seconds for mine, _ in pairs)
    return Figure(
        name=name,
        value=samples / ours_s / 1e6,
        unit="Mpix/s",
        peer=peer,
        ratio=statistics.median(other.seconds / mine.seconds for mine, other in pairs if other)
        if peer
        else None,
        details={
            "ours_s": ours_s,
            "ours_cpu_s": statistics.median(mine.cpu_seconds for mine, _ in pairs),
            "ours_peak_mib": max(mine.peak_rss_bytes for mine, _ in pairs) / 2**20,
            "peer_s": statistics.median(other.seconds for _, other in pairs if other) if peer else None,
            "peer_cpu_s": statistics.median(other.cpu_seconds for _, other in pairs if other)
            if peer
            else None,
            "peer_peak_mib": max(other.peak_rss_bytes for _, other in pairs if other) / 2**20
            if peer
            else None,
        },
    )


def _memory(settings: Settings, folder: Path) -> list[Figure]:
    """Peak resident memory over the budget, for mosaics of 0.1, 1 and 4 Gpx that are mostly empty."""
    rasters = []
    side = 256 if settings.small else 2048
    for index in range(4):
        apart = 0.9 * side * _METRES
        west, north = apart * (index % 2), _CENTRE_Y - apart * (index // 2)
        rasters.append(str(write_picture(folder / f"{index}.tif", side, side, west, north)))
    figures = []
    for gigapixels in (0.01,) if settings.small else (0.1, 1.0, 4.0):
        edge = _METRES * (1e9 * gigapixels) ** 0.5
        extent = map(str, (0.0, _CENTRE_Y - edge, edge, _CENTRE_Y))
        method = "median" if gigapixels > 1.0 else "blend"
        options = ["--extent", *extent, "--method", method, "--memory", str(_BUDGET_BYTES)]
        peak = run_process(_command(rasters, folder / "mosaic.tif", settings, *options)).peak_rss_bytes
        figures.append(
            Figure(
                name=f"mosaic of {gigapixels:g} Gpx",
                value=peak / _BUDGET_BYTES,
                unit="of the budget at the peak",
                details={"peak_mib": peak / 2**20, "budget_mib": _BUDGET_BYTES / 2**20},
            )
        )
    return figures
