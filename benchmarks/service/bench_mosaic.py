"""Orbital mosaics: the warp of one map to another against gdalwarp, and peak memory against the budget."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

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
_RUN = """
import json, pathlib, re, sys
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest
options = json.loads(sys.argv[1])
options |= {"out": pathlib.Path(options["out"]), "rasters": tuple(map(pathlib.Path, options["rasters"]))}
make_mosaic(MosaicRequest(**options))
print(re.search(r"VmHWM:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def run(settings: Settings) -> list[Figure]:
    """Figures of both; small makes a map of 512 samples a side and a mosaic below the budget."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [*_warp(settings, folder), *_memory(settings, folder)]


def _write(path: Path, lines: int, samples: int, west: float, north: float) -> Path:
    """A picture with detail of every size, float32."""
    i, j = np.ogrid[:lines, :samples]
    picture = 1000.0 + 200.0 * np.sin(i / 17.0) + 150.0 * np.cos(j / 23.0 + i / 50.0) + 9.0 * np.sin(i * j)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=lines,
        width=samples,
        dtype="float32",
        crs=_SOURCE,
        transform=Affine(_METRES, 0.0, west, 0.0, -_METRES, north),
    ) as dataset:
        dataset.write(picture.astype(np.float32), 1)
    return path


def _warp(settings: Settings, folder: Path) -> list[Figure]:
    """One map to another, from an uncompressed GeoTIFF to one, against gdalwarp where it is installed."""
    side = 512 if settings.small else 8192
    half = 0.5 * side * _METRES
    margin = 1.05 * half
    source = _write(folder / "source.tif", *(2 * [int(2.1 * half / _METRES)]), -margin, _CENTRE_Y + margin)
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

    def peer() -> None:
        command = ["gdalwarp", "-q", "-overwrite", "-t_srs", _TARGET, "-te", *map(str, extent)]
        command += ["-ts", str(side), str(side), "-r", "bilinear", "-multi", "-wo", "NUM_THREADS=ALL_CPUS"]
        command += ["-wm", "1000", "-co", "TILED=YES", "-dstnodata", "nan", str(source), str(peer_tif)]
        subprocess.run(command, check=True)

    has_peer = shutil.which("gdalwarp") is not None
    pair = paired(ours, peer if has_peer else lambda: None, settings.rounds)
    options = {"rasters": [str(source)], "out": str(ours_tif), "crs": _TARGET, "resolution": _METRES}
    options |= {"extent": list(extent), "method": "mean", "compress": "none", "overviews": False}
    command = [sys.executable, "-c", _RUN, json.dumps(options | {"overwrite": True, "memory_bytes": 4 << 30})]
    process = statistics.median(run_process(command).seconds for _ in range(min(3, settings.rounds)))
    return [
        Figure(
            name=f"map to map, float32, bilinear, {side} x {side}, file to file",
            value=side * side / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="gdalwarp -multi, all threads" if has_peer else None,
            ratio=pair.ratio if has_peer else None,
            details={
                "ours_s": pair.ours_s,
                "peer_s": pair.peer_s if has_peer else None,
                "ours_as_a_process_s": process,
            },
        )
    ]


def _memory(settings: Settings, folder: Path) -> list[Figure]:
    """Peak resident memory over the budget, for mosaics of 1, 10 and 100 times the budget."""
    rasters = []
    side = 256 if settings.small else 2048
    for index in range(4):
        apart = 0.9 * side * _METRES
        west, north = apart * (index % 2), _CENTRE_Y - apart * (index // 2)
        rasters.append(str(_write(folder / f"{index}.tif", side, side, west, north)))
    figures = []
    for times in (1,) if settings.small else (1, 10, 100):
        samples = 0.1 * times * _BUDGET_BYTES / 4 if settings.small else times * _BUDGET_BYTES / 4
        edge = _METRES * samples**0.5
        options = {
            "rasters": rasters,
            "out": str(folder / "mosaic.tif"),
            "extent": [0.0, _CENTRE_Y - edge, edge, _CENTRE_Y],
            "method": "median" if times > 1 else "blend",
            "memory_bytes": _BUDGET_BYTES,
            "overwrite": True,
            "backend": "cpu",
        }
        command = [sys.executable, "-c", _RUN, json.dumps(options)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peak = 1024 * int(done.stdout.split()[-1])
        figures.append(
            Figure(
                name=f"mosaic of {times} x the memory budget",
                value=peak / _BUDGET_BYTES,
                unit="of the budget at the peak",
                details={"peak_mib": peak / 2**20, "budget_mib": _BUDGET_BYTES / 2**20},
            )
        )
    return figures
