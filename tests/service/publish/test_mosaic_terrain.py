"""Terrain models through the whole mosaic job: the real one of Jezero cut up, put wrong, and joined again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from map_rasters import (
    EXAMPLES,
    NORTH,
    WEST,
    from_origin,
    read_raster,
    smooth,
    textured,
    write_raster,
)
from numpy.typing import NDArray
from rio_cogeo import cog_validate

from hinterland.errors import HinterlandError
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest

JEZERO_DEM = EXAMPLES / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
NOISE_M = 0.02
PIECES = {
    "a": ((0, 0, 260, 260), (0.0, 0.0, 0.0)),
    "b": ((0, 200, 260, 252), (3.0, 0.004, -0.006)),
    "c": ((200, 0, 252, 260), (-5.0, -0.003, 0.002)),
    "d": ((200, 200, 252, 252), (8.0, 0.01, 0.01)),
}
"""Line, sample, lines, samples; and what is added: in the middle, a line and a sample, m."""
HOLE = (60, 60, 6)
"""In the first piece only: line, sample, radius."""
CRATER = (330, 330, 30)
"""In the last piece only."""


def in_disk(shape: tuple[int, ...], disk: tuple[int, int, int]) -> NDArray[np.bool_]:
    i, j = np.indices(shape)
    return np.hypot(i - disk[0], j - disk[1]) < disk[2]


def jezero() -> NDArray[np.float32]:
    with rasterio.open(JEZERO_DEM) as dataset:
        heights: NDArray[np.float32] = dataset.read(1)
    return heights


def pieces(folder: Path, *, noise_m: float = NOISE_M, is_flat: bool = False) -> list[Path]:
    """The terrain model of the landing site in four pieces that overlap, each at its own height and tilt."""
    with rasterio.open(JEZERO_DEM) as dataset:
        heights, transform, crs = dataset.read(1), dataset.transform, dataset.crs
    gone = in_disk(heights.shape, HOLE) | in_disk(heights.shape, CRATER)
    random = np.random.default_rng(3)
    paths = []
    for name, ((line, sample, lines, samples), (offset, down, across)) in PIECES.items():
        here = np.s_[line : line + lines, sample : sample + samples]
        i, j = np.indices((lines, samples))
        tilt = 0.0 if is_flat else down * (i - lines / 2) + across * (j - samples / 2)
        piece = heights[here] + offset + tilt + random.normal(scale=noise_m, size=(lines, samples))
        cut = np.where(gone[here], np.float32(-32767), piece.astype(np.float32))
        x, y = transform.c + sample * transform.a, transform.f + line * transform.e
        affine = rasterio.Affine(transform.a, 0.0, x, 0.0, transform.e, y)
        paths.append(
            write_raster(folder / f"{name}.tif", cut, crs=crs.to_wkt(), affine=affine, nodata=-32767.0)
        )
    return paths


def terrain(folder: Path, *rasters: Path, **options: Any) -> tuple[Path, dict[str, Any]]:
    out = folder / "out.tif"
    return out, make_mosaic(MosaicRequest(rasters=tuple(rasters), out=out, backend="cpu", **options))


def rms(values: NDArray[np.floating[Any]]) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


@pytest.mark.parametrize("join", ["seams", "feather"])
def test_a_terrain_model_cut_up_tilted_and_holed_comes_back(tmp_path: Path, join: str) -> None:
    out, report = terrain(tmp_path, *pieces(tmp_path), levelling="plane", join=join, fill_m=10.0)
    (heights,), mask = read_raster(out)
    expected = jezero()
    np.testing.assert_array_equal(mask, ~in_disk(mask.shape, CRATER))  # 60 m wide: more than twice the limit
    off = heights - expected
    hole = in_disk(mask.shape, HOLE)
    assert rms(off[mask & ~hole]) < 1.1 * NOISE_M  # what was put in wrong is gone but for the noise
    assert rms(off[hole]) < 0.06  # real ground 12 m across, which nobody saw
    for raster, (_, (offset, down, across)) in zip(report["rasters"], PIECES.values(), strict=True):
        found = raster["height_level"]
        # overlaps of 15000 cells of 0.03 m, carried on four times their width
        assert found["offset_m"] == pytest.approx(-offset, abs=0.02)
        assert found["per_line_m"] == pytest.approx(-down, abs=1e-4)
        assert found["per_sample_m"] == pytest.approx(-across, abs=1e-4)
        assert found["residual_nmad_m"] == pytest.approx(NOISE_M * np.sqrt(2), rel=0.1)
        assert found["overlap_cells"] > 30_000
    (sources,), _ = read_raster(tmp_path / "out.sources.tif")
    assert (sources[hole] == 0).all()  # of no raster
    assert (sources[mask & ~hole] > 0).all()


def test_each_raster_is_levelled_to_a_reference(tmp_path: Path) -> None:
    out, report = terrain(
        tmp_path, *pieces(tmp_path), levelling="plane", reference=JEZERO_DEM, method="median"
    )
    (heights,), mask = read_raster(out)
    assert rms((heights - jezero())[mask]) < 1.05 * NOISE_M
    assert report["options"]["reference"] == JEZERO_DEM.name
    assert all(raster["height_level"]["inlier_share"] > 0.95 for raster in report["rasters"])


def test_an_offset_leaves_the_tilt(tmp_path: Path) -> None:
    out, report = terrain(
        tmp_path, *pieces(tmp_path, is_flat=True), levelling="offset", reference=tmp_path / "a.tif"
    )
    (heights,), mask = read_raster(out)
    assert rms((heights - jezero())[mask]) < 1.1 * NOISE_M
    offsets = [raster["height_level"]["offset_m"] for raster in report["rasters"]]
    assert offsets == pytest.approx([0.0, -3.0, 5.0, -8.0], abs=0.002)


def test_without_levelling_the_steps_stay_and_nmad_shows_them(tmp_path: Path) -> None:
    rasters = pieces(tmp_path, noise_m=0.0)
    (before,), _ = read_raster(terrain(tmp_path, *rasters, method="nmad")[0])
    (after,), _ = read_raster(
        terrain(tmp_path, *rasters, method="nmad", levelling="plane", overwrite=True)[0]
    )
    overlap = np.s_[:190, 205:255]
    assert np.median(before[overlap]) > 1.0
    assert np.median(after[overlap]) < 0.001  # float32 at 2500 m steps by 2.4e-4


def test_a_fit_on_reduced_rasters_is_that_on_all_cells(tmp_path: Path) -> None:
    """The reduced grid of a mosaic with 2000 x 2000 samples has every fourth only."""
    picture = smooth(2000, 2000)
    one = write_raster(tmp_path / "one.tif", picture[:, :1200])
    i, j = np.mgrid[:2000, :1000]
    tilted = picture[:, 1000:] + (4.0 + 1e-3 * i - 2e-3 * j).astype(np.float32)
    other = write_raster(tmp_path / "other.tif", tilted, affine=from_origin(WEST + 6000, NORTH, 6))
    _, report = terrain(tmp_path, one, other, levelling="plane", join="feather")
    found = report["rasters"][1]["height_level"]
    assert found["overlap_cells"] < 2000 * 200 / 4
    assert found["per_line_m"] == pytest.approx(-1e-3, abs=1e-7)
    assert found["per_sample_m"] == pytest.approx(2e-3, abs=1e-7)
    assert found["offset_m"] == pytest.approx(-(4.0 + 1.0 - 1.0), abs=1e-3)


def test_relief_and_slope_stand_beside_the_mosaic_as_cogs_without_joints(tmp_path: Path) -> None:
    rasters = pieces(tmp_path, noise_m=0.0)
    terrain(tmp_path, *rasters, levelling="plane", join="feather", relief=True, slope=True)
    (relief,), drawn = read_raster(tmp_path / "out.relief.tif")
    (slope_deg,), _ = read_raster(tmp_path / "out.slope.tif")
    assert (relief.dtype, slope_deg.dtype) == (np.uint8, np.float32)
    for name in ("relief", "slope"):
        assert cog_validate(tmp_path / f"out.{name}.tif", strict=True, quiet=True)[0]
    whole = tmp_path / "whole"
    whole.mkdir()
    terrain(whole, JEZERO_DEM, relief=True, slope=True)
    (expected,), _ = read_raster(whole / "out.relief.tif")
    (expected_deg,), _ = read_raster(whole / "out.slope.tif")
    inner = drawn & ~in_disk(drawn.shape, (330, 330, 32)) & ~in_disk(drawn.shape, (60, 60, 8))
    # levelled to 2.4e-4 m, over cells of a metre
    assert np.abs(relief.astype(int) - expected)[inner].max() <= 1
    np.testing.assert_allclose(slope_deg[inner], expected_deg[inner], atol=0.05)
    # Horn's gradient from the heights, in metres of this latitude
    heights = jezero().astype(np.float64)
    with rasterio.open(JEZERO_DEM) as dataset:
        t = dataset.transform
    metres = np.radians(1.0) * 3396190.0
    latitude = t.f + t.e * (np.arange(452) + 0.5)
    weights = np.array([1.0, 2.0, 1.0])
    down = sum(w * (heights[2:, k : k + 450] - heights[:-2, k : k + 450]) for k, w in enumerate(weights))
    across = sum(w * (heights[k : k + 450, 2:] - heights[k : k + 450, :-2]) for k, w in enumerate(weights))
    narrow = t.a * metres * np.cos(np.radians(latitude[1:-1, None]))
    steep = np.degrees(np.arctan(np.hypot(down / (8 * t.e * metres), across / (8 * narrow))))
    np.testing.assert_allclose(expected_deg[1:-1, 1:-1], steep, atol=0.01)


def test_the_light_may_come_from_elsewhere(tmp_path: Path) -> None:
    terrain(tmp_path, JEZERO_DEM, relief=True, method="first")
    (usual,), _ = read_raster(tmp_path / "out.relief.tif")
    terrain(tmp_path, JEZERO_DEM, relief=True, method="first", light_deg=(135.0, 45.0), overwrite=True)
    (opposite,), _ = read_raster(tmp_path / "out.relief.tif")
    assert np.corrcoef(usual.ravel(), opposite.ravel())[0, 1] < -0.9


def test_whole_heights_become_floats_where_they_are_levelled(tmp_path: Path) -> None:
    heights = smooth(120, 200).astype(np.int16)
    one = write_raster(tmp_path / "one.tif", heights[:, :130])
    other = write_raster(
        tmp_path / "other.tif", heights[:, 70:] + 40, affine=from_origin(WEST + 420, NORTH, 6)
    )
    out, report = terrain(tmp_path, one, other, levelling="plane", method="first")
    assert report["dtype"] == "float32"
    assert any("int16" in note for note in report["notes"])
    (samples,), _ = read_raster(out)
    np.testing.assert_allclose(samples, heights, atol=0.05)


def test_feathered_pictures_of_16_bits_are_levelled_in_tone(tmp_path: Path) -> None:
    picture = (10.0 * smooth(200, 500)).astype(np.uint16)
    one = write_raster(tmp_path / "one.tif", picture[:, :300])
    dim = np.rint(0.9 * picture[:, 200:]).astype(np.uint16)
    other = write_raster(tmp_path / "other.tif", dim, affine=from_origin(WEST + 1200, NORTH, 6))
    out, report = terrain(tmp_path, one, other, join="feather", feather_px=40.0)
    (samples,), mask = read_raster(out)
    assert (samples.dtype, mask.all()) == (np.uint16, True)
    gain, offset = np.polyfit(samples.ravel().astype(float), picture.ravel().astype(float), 1)
    assert rms(gain * samples + offset - picture) < 0.005 * picture.mean()
    assert report["rasters"][0]["gain"] != report["rasters"][1]["gain"]


def test_old_drawings_do_not_outlive_the_mosaic_they_were_made_of(tmp_path: Path) -> None:
    terrain(tmp_path, JEZERO_DEM, relief=True, slope=True)
    terrain(tmp_path, JEZERO_DEM, method="mean", overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.json", "out.tif"]


def _dem(folder: Path) -> list[Path]:
    return [write_raster(folder / "dem.tif", smooth(60, 70))]


def _far(folder: Path) -> list[Path]:
    far = from_origin(WEST + 90_000, NORTH, 6)
    write_raster(folder / "far.tif", smooth(60, 70), affine=far)
    return _dem(folder)


def _apart(folder: Path) -> list[Path]:
    far = from_origin(WEST + 900, NORTH, 6)
    return [*_dem(folder), write_raster(folder / "apart.tif", smooth(60, 70), affine=far)]


def _strip(folder: Path) -> list[Path]:
    beside = from_origin(WEST + 66 * 6, NORTH, 6)
    return [*_dem(folder), write_raster(folder / "beside.tif", smooth(60, 90), affine=beside)]


def _colour(folder: Path) -> list[Path]:
    return [write_raster(folder / "rgb.tif", textured(60, 70, bands=3))]


def _grey(folder: Path) -> list[Path]:
    return [write_raster(folder / "grey.tif", textured(60, 70))]


REFUSED: dict[str, tuple[Callable[[Path], list[Path]], dict[str, Any], str]] = {
    "a reference that is elsewhere": (_far, {"levelling": "plane", "reference": "far.tif"}, "--reference"),
    "a reference that is not there": (
        _dem,
        {"levelling": "plane", "reference": "no.tif"},
        "there is no such file",
    ),
    "a reference in colour": (
        lambda folder: [*_dem(folder), *_colour(folder)][:1],
        {"levelling": "offset", "reference": "rgb.tif"},
        "--reference",
    ),
    "a reference for nothing": (_dem, {"reference": "dem.tif"}, "--level offset or plane"),
    "rasters that do not meet": (_apart, {"levelling": "offset"}, "apart.tif: cannot be levelled"),
    "a plane on a strip": (_strip, {"levelling": "plane"}, "too narrow for a plane"),
    "a negative limit": (_dem, {"fill_m": -3.0}, "--fill -3"),
    "a limit that is no number": (_dem, {"fill_m": float("nan")}, "--fill nan"),
    "a limit of a thousand kilometres": (_dem, {"fill_m": 1e6}, "--fill 1e+06"),
    "a limit beyond all numbers": (_dem, {"fill_m": float("inf")}, "--fill inf"),
    "relief of colours": (_colour, {"relief": True}, "--relief: rgb.tif has 3 bands of uint8"),
    "slope of grey": (_grey, {"slope": True}, "--slope: grey.tif has 1 band of uint8"),
    "holes of colours": (_colour, {"fill_m": 30.0}, "--fill"),
    "heights of colours": (_colour, {"levelling": "plane"}, "--level"),
    "relief of deviations": (_dem, {"relief": True, "method": "nmad"}, "--method nmad makes no heights"),
    "light from below": (_dem, {"relief": True, "light_deg": (315.0, -10.0)}, "--light"),
    "light on nothing": (_dem, {"light_deg": (315.0, 45.0)}, "--relief too"),
    "a feather without a blend": (_dem, {"join": "feather", "method": "first"}, "--join feather"),
    "a feather without its join": (_dem, {"feather_px": 30.0}, "--join feather too"),
    "a feather without width": (_dem, {"join": "feather", "feather_px": 0.0}, "--feather 0"),
    "a feather that is no number": (_dem, {"join": "feather", "feather_px": float("nan")}, "--feather nan"),
    "an unknown join": (_dem, {"join": "glue"}, "--join glue"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_terrain_that_makes_no_sense_is_refused_in_one_line_and_nothing_is_left(
    tmp_path: Path, case: str
) -> None:
    make, options, fragment = REFUSED[case]
    rasters = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    if "reference" in options:
        options = {**options, "reference": tmp_path / options["reference"]}
    with pytest.raises(HinterlandError) as refused:
        terrain(tmp_path, *rasters, **options)
    assert fragment in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(tmp_path.iterdir()) == before
