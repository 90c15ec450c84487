"""A valley that is known exactly, and panoramas taken in it whose heading is off by a known angle."""

import json
import math
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine
from scipy import ndimage

from hinterland.model.grids import CylindricalGrid
from hinterland.products.elevation import Dem

CELL_M = 10.0
MARS = 3396190.0
STOP = (10.0, 0.0)
MIDDLE = 150.0


def hills() -> NDArray[np.float64]:
    """A plain ringed by hills 700 to 1150 m away, 3 km across."""
    lines, samples = np.mgrid[:301, :301]
    north, east = CELL_M * (MIDDLE - lines), CELL_M * (samples - MIDDLE)
    heights = np.zeros(lines.shape)
    generator = np.random.default_rng(17)
    for azimuth in np.arange(0.0, 2.0 * math.pi, 0.25):
        away = generator.uniform(700.0, 1150.0)
        width = generator.uniform(50.0, 110.0)
        height = generator.uniform(25.0, 90.0)
        off = (north - away * math.cos(azimuth)) ** 2 + (east - away * math.sin(azimuth)) ** 2
        heights = np.maximum(heights, height * np.exp(-off / (2.0 * width**2)))
    return heights


def valley(heights: NDArray[np.float64] | None = None) -> Dem:
    """Heights around the stop, by default the hills."""
    heights = hills() if heights is None else heights
    step_deg = math.degrees(CELL_M / MARS)
    return Dem(
        product="valley.tif",
        heights=heights.astype(np.float32),
        mask=np.ones(heights.shape, dtype=np.bool_),
        affine=(
            step_deg,
            0.0,
            STOP[0] - (MIDDLE + 0.5) * step_deg,
            0.0,
            -step_deg,
            STOP[1] + (MIDDLE + 0.5) * step_deg,
        ),
        crs_wkt=pyproj.CRS.from_proj4(f"+proj=longlat +R={MARS} +no_defs").to_wkt(),
        longitude_deg=STOP[0],
        latitude_deg=STOP[1],
        metres_per_line=CELL_M,
        metres_per_sample=CELL_M,
        up_azimuth=0.0,
        radius_m=MARS,
    )


def skyline_of(dem: Dem, azimuths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest elevation (rad) in each direction, sampled every 2 m by SciPy on a plane dropped by d**2 / 2R."""
    distances = np.arange(5.0, 1480.0, 2.0)
    lines = MIDDLE - distances * np.cos(azimuths)[:, None] / CELL_M
    samples = MIDDLE + distances * np.sin(azimuths)[:, None] / CELL_M
    heights = ndimage.map_coordinates(dem.heights.astype(np.float64), [lines, samples], order=1)
    eye = float(dem.heights[int(MIDDLE), int(MIDDLE)]) + 2.0
    return np.asarray(np.arctan((heights - eye - distances**2 / (2.0 * MARS)) / distances).max(axis=1))


def photograph(
    dem: Dem, grid: CylindricalGrid, off_deg: float, *, dark_sky: bool = False
) -> NDArray[np.float32]:
    """A panorama whose azimuths are `off_deg` too small: noise on smooth sky, rough ground below it."""
    generator = np.random.default_rng(23)
    azimuths = grid.directions(
        np.stack([np.zeros(grid.samples), np.arange(grid.samples, dtype=np.float64)], axis=-1)
    )[:, 0]
    edge = np.degrees(skyline_of(dem, azimuths + math.radians(off_deg)))
    lines = (grid.elevation_top_deg - edge) * grid.pixels_per_degree - 0.5
    below = np.clip(np.arange(grid.lines)[:, None] - lines[None, :] + 0.5, 0.0, 1.0)  # share of ground
    sky = (5.0 if dark_sky else 150.0) + np.linspace(0.0, 10.0, grid.lines)[:, None]
    rocks = ndimage.gaussian_filter(generator.normal(size=grid.shape), 1.5) * 90.0
    picture = (1.0 - below) * sky + below * (90.0 + rocks) + generator.normal(scale=1.5, size=grid.shape)
    return picture.astype(np.float32)


def view(left_deg: float = 200.0, width_deg: float = 150.0) -> CylindricalGrid:
    scale = 10.0
    return CylindricalGrid(
        azimuth_left_deg=left_deg,
        elevation_top_deg=12.0,
        pixels_per_degree=scale,
        lines=200,
        samples=round(width_deg * scale),
    )


def write_dem(path: Path, dem: Dem) -> Path:
    """The elevation model as a GeoTIFF."""
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=dem.shape[0], width=dem.shape[1], dtype="float32",
        crs=dem.crs_wkt, transform=Affine(*dem.affine),
    ) as dataset:  # fmt: skip
        dataset.write(dem.heights, 1)
    return path


def write_bundle(folder: Path, grid: CylindricalGrid, picture: NDArray[np.float32]) -> Path:
    """A bundle of what the overview reads: the report and the panorama."""
    folder.mkdir()
    right = (grid.azimuth_left_deg + grid.samples / grid.pixels_per_degree) % 360.0
    report = {
        "projection": {
            "kind": "cylindrical", "azimuth_left_deg": grid.azimuth_left_deg,
            "elevation_top_deg": grid.elevation_top_deg, "pixels_per_degree": grid.pixels_per_degree,
            "lines": grid.lines, "samples": grid.samples, "origin_m": [0.0, 0.0, -2.0],
        },
        "view": {
            "azimuth_min_deg": grid.azimuth_left_deg, "azimuth_max_deg": right,
            "elevation_min_deg": grid.elevation_top_deg - grid.lines / grid.pixels_per_degree,
            "elevation_max_deg": grid.elevation_top_deg,
        },
        "frames": [{"index": 1, "sol": 7, "site": 1, "drive": 0, "used": True}],
        "stop": {"mission": "M2020", "site": 1, "drive": 0},
        "credits": [],
    }  # fmt: skip
    (folder / "panorama.json").write_text(json.dumps(report))
    with rasterio.open(
        folder / "panorama.tif", "w", driver="GTiff", count=1, height=grid.lines, width=grid.samples,
        dtype="uint8",
    ) as dataset:  # fmt: skip
        dataset.write(np.clip(np.rint(picture), 1, 255).astype(np.uint8), 1)
    return folder
