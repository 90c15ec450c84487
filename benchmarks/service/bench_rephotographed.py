"""A known picture, photographed again by four Navcam frames, that the command must give back."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from navcam_rig import navcam_cameras
from panorama_measures import displacement, radiometric_rms
from rephotograph import navcam_picture, rephotograph, write_frames

from benchmarks.harness import Figure, Settings, run_process
from hinterland.model.grids import CylindricalGrid

_POINTING_ERROR_DEG = 0.1
_KEYS = ("azimuth_left_deg", "elevation_top_deg", "pixels_per_degree", "lines", "samples")


def run(settings: Settings) -> list[Figure]:
    """Frames of 1280 x 960 (320 x 240 where small) with wrong pointings, gains and offsets."""
    picture = navcam_picture().reduced(4) if settings.small else navcam_picture()
    cameras = navcam_cameras(240, 320) if settings.small else navcam_cameras(960, 1280)
    photographs = rephotograph(picture, cameras, seed=1, pointing_error_deg=_POINTING_ERROR_DEG, noise_dn=0.5)
    with tempfile.TemporaryDirectory() as folder:
        files, feed = write_frames(photographs, Path(folder))
        bundle = Path(folder) / "bundle"
        command = [
            sys.executable,
            "-m",
            "hinterland.cli",
            "panorama",
            *map(str, files),
            "--metadata",
            str(feed),
        ]
        options = ["--surface", "infinity", "--progress", "none", "--backend", settings.backend.name]
        done = run_process([*command, *options, "-o", str(bundle)])
        report = json.loads((bundle / "panorama.json").read_text())
        with rasterio.open(bundle / "panorama.tif") as opened:
            panorama, mask = opened.read().astype(np.float32), opened.dataset_mask() > 0
    grid = CylindricalGrid(**{key: report["projection"][key] for key in _KEYS})
    truth, seen = picture.on_grid(grid)
    raw = displacement(panorama, truth, mask & seen)
    rest = raw.without_rotation(grid)
    name = f"rephotographed, {len(files)} x {cameras[0].samples}"
    return [
        Figure(
            name=f"{name}, start to bundle",
            value=done.seconds,
            unit="s",
            details={
                "cpu_s": done.cpu_seconds,
                "peak_rss_mib": done.peak_rss_bytes / 2**20,
                "panorama_mpix": mask.size / 1e6,
                **{f"{stage}_s": seconds for stage, seconds in report["timing_s"].items()},
            },
        ),
        Figure(
            name=f"{name}, displacement, median",
            value=rest.percentile(50),
            unit="px",
            details={"blocks": len(rest.points), "before_rotation_px": raw.percentile(50)},
        ),
        Figure(
            name=f"{name}, displacement, 95 %",
            value=rest.percentile(95),
            unit="px",
            details={"before_rotation_px": raw.percentile(95)},
        ),
        Figure(
            name=f"{name}, radiometric RMS",
            value=100.0 * radiometric_rms(panorama, truth, mask & seen),
            unit="% of range",
        ),
    ]
