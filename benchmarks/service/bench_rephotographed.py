"""A known picture, photographed again by four Navcam frames, that the command must give back."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from navcam_rig import navcam_cameras
from panorama_measures import displacement, radiometric_rms
from published import read_bundle
from rephotograph import navcam_picture, rephotograph, write_frames

from benchmarks.harness import Figure, Settings, run_process

_POINTING_ERROR_DEG = 0.1


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
        found = read_bundle(bundle)
    truth, seen = picture.on_grid(found.grid)
    raw = displacement(found.panorama, truth, found.mask & seen)
    rest, rotation = raw.without_rotation(found.grid)
    turned, turned_seen = picture.on_grid(found.grid, rotation.T)
    levels = (found.panorama, turned, found.mask & turned_seen)
    name = f"rephotographed, {len(files)} x {cameras[0].samples}"
    return [
        Figure(
            name=f"{name}, start to bundle",
            value=done.seconds,
            unit="s",
            details={
                "cpu_s": done.cpu_seconds,
                "peak_rss_mib": done.peak_rss_bytes / 2**20,
                "panorama_mpix": found.mask.size / 1e6,
                **{f"{stage}_s": seconds for stage, seconds in found.report["timing_s"].items()},
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
            value=100.0 * radiometric_rms(*levels),
            unit="% of range",
            details={"smoothed_over_8_px": 100.0 * radiometric_rms(*levels, 8.0)},
        ),
    ]
