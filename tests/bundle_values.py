"""A small solved stop and its report, with values that no default has."""

from pathlib import Path
from typing import Any

from hinterland.model.cameras import CameraModel
from hinterland.model.grids import CylindricalGrid
from hinterland.model.products import Dropped, Product, Stop
from hinterland.model.solution import Correction, Residuals, Solution, SolvedFrame, SurfaceModel
from hinterland.publish.report import make_report
from hinterland.publish.view import View

# the left Navcam of NLF_0024_0669080250_..., as its label prints it
CAHVORE = CameraModel(
    kind="CAHVORE",
    center=(0.75367, 0.324109, -1.83023),
    axis=(0.34915, -0.284121, 0.892964),
    horizontal=(697.199, 386.234, 576.596),
    vertical=(-339.241, 283.166, 766.229),
    optical=(0.349973, -0.282954, 0.893012),
    radial=(2e-06, 0.049535, -0.015973),
    entrance=(-0.003612, 0.013016, -0.023961),
    model_type=2,
    lines=960,
    samples=1280,
)


def product(number: int, **changes: Any) -> Product:
    values: dict[str, Any] = {
        "product_id": f"NLF_0014_066719230{number}_846ECM",
        "path": Path(f"{number}.png"),
        "sha256": f"{number}" * 64,
        "camera": CAHVORE,
        "attitude": (1.0, 0.0, 0.0, 0.0),
        "stop": Stop(mission="M2020", site=3, drive=110),
        "exposure": f"{number}",
        "instrument": "NAVCAM_LEFT",
        "sol": 14,
        "time_utc": f"2021-03-05T10:1{number}:00.250",
        "url": f"https://example.org/{number}.png",
        "page": f"https://example.org/{number}",
        "credit": "NASA/JPL-Caltech",
    }
    return Product(**values | changes)


def solution(*products: Product, **changes: Any) -> Solution:
    frames = tuple(
        SolvedFrame(
            product=each,
            camera=each.camera,
            correction=Correction(azimuth_deg=0.041, elevation_deg=-0.013, twist_deg=0.002),
            gain=(1.25,),
            offset=(-3.5,),
            tie_points=17,
            residual_median_px=0.31,
        )
        for each in products
    )
    values: dict[str, Any] = {
        "frames": frames,
        "surface": SurfaceModel(kind="plane", distance=0.125, source="nominal"),
        "viewpoint": (0.8, 0.5, -1.9),
        "residuals": Residuals(tie_points=17, median_px=0.29, p95_px=0.83, prior_median_px=4.7),
    }
    return Solution(**values | changes)


GRID = CylindricalGrid(
    azimuth_left_deg=225.0, elevation_top_deg=10.0, pixels_per_degree=20.0, lines=600, samples=1800
)
VIEW = View(
    azimuth_min_deg=225.0,
    azimuth_width_deg=90.0,
    azimuth_center_deg=270.0,
    elevation_min_deg=-20.0,
    elevation_max_deg=10.0,
)


def report(solved: Solution, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "solution": solved,
        "grid": GRID,
        "view": VIEW,
        "unused": {},
        "dropped": [Dropped(product="NLF_0014_thumb", path=None, reason="thumbnail")],
        "visibility": 0.12,
        "level_step": 0.034,
        "timing_s": {"read": 1.25, "solve": 2.5, "total": 4.0},
        "backend": "cpu",
        "versions": {"hinterland": "0.1.0"},
        "options": {"surface": "auto"},
    }
    return make_report(**values | changes)
