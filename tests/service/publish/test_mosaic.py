import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from map_rasters import (
    DEGREES,
    EARTH_TILES,
    EQUATOR,
    JEZERO,
    LANDING_MAP,
    NORTH,
    NORTH_POLE,
    STEREO,
    WEST,
    from_origin,
    read_raster,
    smooth,
    textured,
    write_raster,
)
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import MaskFlags
from rasterio.merge import merge
from rasterio.transform import Affine, array_bounds
from rasterio.warp import Resampling, calculate_default_transform, reproject
from rasterio.warp import transform as transform_points
from rasterio.windows import Window
from rio_cogeo import cog_validate

from hinterland.errors import HinterlandError, InputError, NothingToDoError
from hinterland.mosaics.seams import seam_visibility
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest

pytestmark = pytest.mark.filterwarnings(
    "ignore:Use `@` matmul:PendingDeprecationWarning"  # of rasterio's own functions, under affine 3
)


def mosaic(folder: Path, *rasters: Path, **options: Any) -> Path:
    """Make OUT.tif in a folder and return it."""
    out = folder / "out.tif"
    make_mosaic(MosaicRequest(rasters=tuple(rasters), out=out, backend="cpu", **options))
    return out


def gdal_reprojected(source: Path, target: Path, resampling: Resampling) -> NDArray[np.float32]:
    """GDAL's reprojection onto the grid of another raster, nan where it has none.

    GDAL interpolates coordinates along the lines of the target, off by up to 1/8 px: for maps of which one is
    an affine image of the other it is exact.
    """
    with rasterio.open(target) as grid, rasterio.open(source) as dataset:
        found = np.full(grid.shape, np.nan, dtype=np.float32)
        reproject(
            rasterio.band(dataset, 1),
            found,
            dst_transform=grid.transform,
            dst_crs=grid.crs,
            resampling=resampling,
            dst_nodata=np.nan,
        )
    return found


def source_points(source: Path, target: Path) -> NDArray[np.float64]:
    """Line and sample (2, lines, samples) in one raster of each sample of another, by GDAL's PROJ."""
    with rasterio.open(target) as grid, rasterio.open(source) as dataset:
        line, sample = np.mgrid[: grid.height, : grid.width].astype(np.float64) + 0.5
        there = grid.transform
        x, y = there.a * sample + there.c, there.e * line + there.f
        x, y = (
            np.reshape(one, grid.shape)
            for one in transform_points(grid.crs, dataset.crs, x.ravel(), y.ravel())
        )
        here = dataset.transform
    return np.stack([(y - here.f) / here.e, (x - here.c) / here.a]) - 0.5


# -- copies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["first", "last", "min", "max"])
def test_aligned_tiles_become_the_very_raster_that_rasterio_merges(tmp_path: Path, method: str) -> None:
    expected, transform = merge([str(tile) for tile in EARTH_TILES], method=method)
    out = mosaic(tmp_path, *EARTH_TILES, method=method)
    with rasterio.open(out) as dataset:
        assert dataset.transform.almost_equals(transform, precision=1e-9)
        assert dataset.nodata == 0
        np.testing.assert_array_equal(dataset.read(), expected)


@pytest.mark.parametrize("method", ["blend", "mean", "median"])
def test_tiles_of_one_picture_come_back_whatever_joins_them(tmp_path: Path, method: str) -> None:
    expected, _ = merge([str(tile) for tile in EARTH_TILES])
    samples, mask = read_raster(mosaic(tmp_path, *EARTH_TILES, method=method, levelling="none"))
    np.testing.assert_array_equal(mask, (expected > 0).any(axis=0))
    np.testing.assert_array_equal(samples[:, mask], expected[:, mask])


def test_statistics_are_those_of_the_valid_samples(tmp_path: Path) -> None:
    stack = textured(60, 70, dtype="int16", bands=5).astype(np.int16) - 100
    stack[:, 10:20, 10:20] = -9999
    stack[1:, 30:40] = -9999
    paths = [write_raster(tmp_path / f"{i}.tif", one, nodata=-9999) for i, one in enumerate(stack)]
    valid = np.ma.masked_equal(stack.astype(np.float64), -9999)
    deviation = np.ma.median(np.ma.abs(valid - np.ma.median(valid, axis=0)), axis=0)
    expected = {
        "mean": np.ma.mean(valid, axis=0),
        "median": np.ma.median(valid, axis=0),
        "stddev": np.ma.std(valid, axis=0),
        "nmad": 1.4826 * deviation,
        "count": np.ma.masked_equal(valid.count(axis=0), 0),
    }
    for method, wanted in expected.items():
        (found,), mask = read_raster(mosaic(tmp_path, *paths, method=method, overwrite=True))
        np.testing.assert_array_equal(mask, ~np.ma.getmaskarray(wanted))
        if found.dtype.kind == "f":
            # float32 holds seven digits
            np.testing.assert_allclose(found[mask], wanted.compressed(), rtol=2e-7, atol=2e-7)
        else:
            np.testing.assert_array_equal(found[mask], np.rint(wanted.compressed()))


def test_dtypes_go_to_the_widest_and_grey_joins_colour(tmp_path: Path) -> None:
    grey = write_raster(tmp_path / "grey.tif", textured(40, 50))
    colour = write_raster(
        tmp_path / "colour.tif",
        textured(40, 50, seed=1, bands=3, dtype="uint16"),
        affine=from_origin(WEST + 300, NORTH, 6),
    )
    samples, _ = read_raster(mosaic(tmp_path, grey, colour, method="first"))
    assert samples.dtype == np.uint16
    np.testing.assert_array_equal(samples[:, :, :50], np.repeat(read_raster(grey)[0], 3, axis=0))
    np.testing.assert_array_equal(samples[:, :, 50:], read_raster(colour)[0])


def test_doubles_become_floats_and_that_is_said(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "double.tif", smooth(30, 30).astype(np.float64))
    report = make_mosaic(MosaicRequest(rasters=(raster,), out=tmp_path / "out.tif"))
    assert report["dtype"] == "float32"
    assert report["notes"] == ["double.tif: float64 samples become float32"]


@pytest.mark.parametrize("kind", ["nodata", "nan", "mask", "alpha"])
def test_what_has_no_data_shows_what_lies_below(tmp_path: Path, kind: str) -> None:
    top, below = textured(50, 60, dtype="float32"), textured(50, 60, seed=2, dtype="float32")
    hole = np.zeros((50, 60), dtype=np.bool_)
    hole[20:30, 15:40] = True
    options: dict[str, Any] = {}
    if kind == "nodata":
        top[0, hole], options["nodata"] = -32767.0, -32767.0
    elif kind == "nan":
        top[0, hole] = np.nan
    elif kind == "mask":
        options["mask"] = ~hole
    else:
        top = np.concatenate([top, np.where(hole, 0.0, 255.0)[None].astype(np.float32)])
        options["alpha"] = "YES"
    rasters = [
        write_raster(tmp_path / "top.tif", top, **options),
        write_raster(tmp_path / "below.tif", below),
    ]
    samples, mask = read_raster(mosaic(tmp_path, *rasters, method="first"))
    assert mask.all()
    np.testing.assert_array_equal(samples[0], np.where(hole, below[0], top[0]))


# -- reprojection ----------------------------------------------------------------------------------------------


def test_nearest_takes_the_samples_that_gdal_takes(tmp_path: Path) -> None:
    """On a tie both take the sample of the higher index."""
    raster = write_raster(tmp_path / "in.tif", textured(210, 230, dtype="float32"))
    out = mosaic(tmp_path, raster, method="first", kernel="nearest", crs=JEZERO)
    (samples,), mask = read_raster(out)
    expected = gdal_reprojected(raster, out, Resampling.nearest)
    np.testing.assert_array_equal(mask, np.isfinite(expected))
    np.testing.assert_array_equal(samples[mask], expected[mask])


@pytest.mark.parametrize("crs", [STEREO, DEGREES, NORTH_POLE])
def test_nearest_takes_the_sample_that_each_point_lies_in(tmp_path: Path, crs: str) -> None:
    picture = textured(210, 230, dtype="float32")
    raster = write_raster(tmp_path / "in.tif", picture)
    out = mosaic(tmp_path, raster, method="first", kernel="nearest", crs=crs)
    (samples,), mask = read_raster(out)
    line, sample = np.floor(source_points(raster, out) + 0.5).astype(int)
    inside = (line >= 0) & (line < 210) & (sample >= 0) & (sample < 230)
    np.testing.assert_array_equal(mask, inside)
    np.testing.assert_array_equal(samples[inside], picture[0, line[inside], sample[inside]])


@pytest.mark.parametrize(
    ("kernel", "resampling"), [("bilinear", Resampling.bilinear), ("bicubic", Resampling.cubic)]
)
def test_kernels_give_what_gdal_gives(tmp_path: Path, kernel: str, resampling: Resampling) -> None:
    """Within float32's rounding of values about 1000, a few times over; bicubic gives way to bilinear at edges."""
    raster = write_raster(tmp_path / "in.tif", smooth(210, 230))
    # 5.7 m from 6 m: a coarser grid widens the kernels, and GDAL begins to at another place
    out = mosaic(tmp_path, raster, method="first", kernel=kernel, crs=JEZERO, resolution=5.7)
    (samples,), mask = read_raster(out)
    expected = gdal_reprojected(raster, out, resampling)
    np.testing.assert_array_equal(mask, np.isfinite(expected))
    np.testing.assert_allclose(samples[4:-4, 4:-4], expected[4:-4, 4:-4], rtol=0.0, atol=5e-4)


@pytest.mark.parametrize("crs", [STEREO, DEGREES, NORTH_POLE])
def test_resampled_points_are_exact_to_a_64th_of_a_sample(tmp_path: Path, crs: str) -> None:
    """A ramp of 1 a line and 1000 a sample gives back the point itself; float32 is good to 0.02 up there."""
    line, sample = np.mgrid[:210, :230]
    raster = write_raster(tmp_path / "in.tif", (line + 1000.0 * sample).astype(np.float32))
    out = mosaic(tmp_path, raster, method="first", crs=crs)
    (samples,), mask = read_raster(out)
    exact = source_points(raster, out)
    inner = mask & (exact >= 1).all(axis=0) & (exact[0] <= 208) & (exact[1] <= 228)
    assert inner.sum() > 0.9 * mask.sum()
    off = samples[inner] - (exact[0] + 1000.0 * exact[1])[inner]
    assert np.abs(off).max() < 1001.0 / 64.0


def test_the_standard_parallel_of_jezero_is_not_that_of_the_equator(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "in.tif", smooth(60, 60))
    report = make_mosaic(
        MosaicRequest(rasters=(raster,), out=tmp_path / "out.tif", crs=JEZERO, method="first", resolution=6.0)
    )
    west = report["grid"]["bounds"][0]
    assert west == pytest.approx(WEST * math.cos(math.radians(18.4663)), abs=6.0)


def test_a_coarse_mosaic_shows_means_of_a_fine_raster(tmp_path: Path) -> None:
    """Independent noise of spread 72 averaged over 16 x 16 samples keeps about 72 / 16; aliased it keeps 72."""
    raster = write_raster(tmp_path / "in.tif", textured(640, 640, dtype="float32"))
    (samples,), mask = read_raster(mosaic(tmp_path, raster, crs=JEZERO, resolution=96.0, method="first"))
    assert samples[mask].mean() == pytest.approx(125.0, abs=2.0)
    assert samples[mask].std() < 2 * 72.0 / 16.0


# -- blend -----------------------------------------------------------------------------------------------------


def _cut(
    folder: Path, name: str, columns: slice, gain: float, offset: float, crs: str
) -> tuple[Path, tuple[float, ...]]:
    """Columns of the landing map's middle, in other tones and on another map, sampled more finely."""
    window = Window(1500, 1800, 700, 500)
    with rasterio.open(LANDING_MAP) as dataset:
        original = dataset.read(window=window).astype(np.float32)
        transform, own = dataset.window_transform(window), dataset.crs
    part = original[:, :, columns]
    at = transform @ Affine.translation(columns.start, 0)
    bounds = array_bounds(*part.shape[1:], at)
    affine, width, height = calculate_default_transform(
        own, CRS.from_user_input(crs), part.shape[2], part.shape[1], *bounds, resolution=0.06
    )
    there = np.full((3, height, width), -1.0, dtype=np.float32)
    reproject(
        part,
        there,
        src_transform=at,
        src_crs=own,
        dst_transform=affine,
        dst_crs=CRS.from_user_input(crs),
        resampling=Resampling.cubic,
        dst_nodata=-1.0,
    )
    mask = (there >= 0.0).all(axis=0)
    toned = np.where(mask, np.clip(np.rint(there * gain + offset), 1, 255), 0).astype(np.uint8)
    write_raster(folder / name, toned, crs=crs, affine=affine, mask=mask)
    return folder / name, array_bounds(500, 700, transform)


def test_levelled_blend_returns_a_picture_from_cuts_in_other_tones_and_maps(tmp_path: Path) -> None:
    """A mosaic's tone as a whole is free: the one gain and offset that fit it to the original are taken off."""
    one, bounds = _cut(tmp_path, "a.tif", slice(0, 420), 0.85, 18.0, JEZERO)
    other, _ = _cut(tmp_path, "b.tif", slice(280, 700), 1.15, -10.0, STEREO)
    with rasterio.open(LANDING_MAP) as dataset:
        wkt, transform = dataset.crs.to_wkt(), dataset.transform
        original = dataset.read(window=Window(1500, 1800, 700, 500)).astype(np.float64)
    west, south, east, north = bounds
    out = mosaic(
        tmp_path,
        one,
        other,
        crs=wkt,
        extent=(west, south, east, north),
        resolution=transform.a,
        kernel="bicubic",
    )
    with rasterio.open(out) as dataset, rasterio.open(tmp_path / "out.sources.tif") as sources:
        samples, mask, owners = dataset.read(), dataset.dataset_mask() > 0, sources.read(1)
        there = np.empty((3, *dataset.shape))
        reproject(
            original,
            there,
            src_transform=Affine(transform.a, 0.0, west, 0.0, transform.e, north),
            src_crs=dataset.crs,
            dst_transform=dataset.transform,
            dst_crs=dataset.crs,
            resampling=Resampling.cubic,
        )
    inner = mask.copy()
    inner[:8] = inner[-8:] = inner[:, :8] = inner[:, -8:] = False
    assert inner.sum() > 0.9 * mask.size
    for band in range(3):
        wanted, found = there[band][inner], samples[band][inner].astype(np.float64)
        gain, offset = np.polyfit(found, wanted, 1)
        assert gain == pytest.approx(1.0, abs=0.1)
        assert np.sqrt(np.mean((gain * found + offset - wanted) ** 2)) < 0.015 * wanted.mean()
    visibility = seam_visibility(samples, mask, owners)
    assert visibility is not None
    assert visibility < 1.3


def test_fine_lies_over_coarse_and_the_maps_beside_say_so(tmp_path: Path) -> None:
    coarse = write_raster(tmp_path / "coarse.tif", smooth(50, 50), size=96.0)
    middle = write_raster(
        tmp_path / "middle.tif", smooth(200, 200), affine=from_origin(WEST + 960, NORTH - 960, 12)
    )
    fine = write_raster(
        tmp_path / "fine.tif", smooth(200, 200), affine=from_origin(WEST + 1440, NORTH - 1440, 3)
    )
    out = mosaic(tmp_path, coarse, middle, fine)
    (samples,), mask = read_raster(out)
    (sources,), _ = read_raster(tmp_path / "out.sources.tif")
    (resolution,), _ = read_raster(tmp_path / "out.resolution.tif")
    assert samples.shape == (1600, 1600)
    assert mask.all()
    labels = {"fine": (580, 580), "middle": (400, 400), "coarse": (100, 100)}
    assert {name: int(sources[place]) for name, place in labels.items()} == {
        "fine": 3,
        "middle": 2,
        "coarse": 1,
    }
    # metres along the equator are shorter at 18.5 degrees: the root of the cosine
    ground = math.sqrt(math.cos(NORTH / 3396190.0))
    for size, name in ((3.0, "fine"), (12.0, "middle"), (96.0, "coarse")):
        line, sample = labels[name]
        assert resolution[line // 64, sample // 64] == pytest.approx(size * ground, rel=2e-3)
    # a square in which two show has what the coarser one resolves
    down, across = 400 // 64, int(np.argmax(sources[400] == 2)) // 64
    assert set(np.unique(sources[64 * down : 64 * down + 64, 64 * across : 64 * across + 64])) == {1, 2}
    assert resolution[down, across] == pytest.approx(96.0 * ground, rel=2e-3)
    with rasterio.open(out) as whole, rasterio.open(tmp_path / "out.resolution.tif") as squares:
        assert squares.transform == whole.transform * Affine.scale(64)


def test_floats_measure_and_keep_their_values_unless_levelling_is_asked_for(tmp_path: Path) -> None:
    one = write_raster(tmp_path / "a.tif", smooth(150, 500))
    other = write_raster(
        tmp_path / "b.tif", smooth(150, 500) * np.float32(1.2), affine=from_origin(WEST + 1800, NORTH, 6)
    )
    report = make_mosaic(MosaicRequest(rasters=(one, other), out=tmp_path / "out.tif"))
    assert [raster["gain"] for raster in report["rasters"]] == [None, None]
    (samples,), _ = read_raster(tmp_path / "out.tif")
    # beyond the reach of the blend, 128 samples, from where the second raster begins
    np.testing.assert_array_equal(samples[:, :170], smooth(150, 500)[:, :170])


# -- the files -------------------------------------------------------------------------------------------------


def test_the_mosaic_is_a_valid_cog_with_a_report(tmp_path: Path) -> None:
    out = mosaic(tmp_path, *EARTH_TILES, method="first")
    valid, errors, warnings = cog_validate(out, strict=True, quiet=True)
    assert (valid, errors, warnings) == (True, [], [])
    with rasterio.open(out) as dataset:
        assert dataset.mask_flag_enums[0] == [MaskFlags.per_dataset]
    report = json.loads((tmp_path / "out.json").read_text())
    assert [raster["product"] for raster in report["rasters"]] == [tile.name for tile in EARTH_TILES]
    assert all(raster["used"] and not raster["resampled"] for raster in report["rasters"])
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "out.json",
        "out.resolution.tif",
        "out.sources.tif",
        "out.tif",
    ]


def test_a_plain_file_holds_the_same_samples(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "in.tif", smooth(300, 300))
    (tmp_path / "plain").mkdir()
    (tmp_path / "cog").mkdir()
    plain = mosaic(tmp_path / "plain", raster, method="mean", crs=STEREO, compress="none", overviews=False)
    cog = mosaic(tmp_path / "cog", raster, method="mean", crs=STEREO)
    with rasterio.open(plain) as dataset:
        assert dataset.compression is None
        assert dataset.overviews(1) == []
    (one, one_mask), (other, other_mask) = read_raster(plain), read_raster(cog)
    np.testing.assert_array_equal(one_mask, other_mask)
    np.testing.assert_array_equal(one[:, one_mask], other[:, one_mask])


def test_a_plain_merge_waits_for_no_compiler(tmp_path: Path) -> None:
    rasters = ", ".join(repr(str(tile)) for tile in EARTH_TILES)
    program = (
        "import sys; from pathlib import Path; from hinterland.publish.mosaic import make_mosaic;"
        "from hinterland.publish.mosaic_request import MosaicRequest;"
        f"rasters = tuple(map(Path, [{rasters}])); out = Path({str(tmp_path / 'out.tif')!r});"
        "make_mosaic(MosaicRequest(rasters=rasters, out=out,"
        "method='first', compress='none', overviews=False, backend='cpu'));"
        "print({'numba', 'scipy', 'PIL'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_a_mosaic_that_is_there_is_replaced_only_if_asked(tmp_path: Path) -> None:
    out = mosaic(tmp_path, *EARTH_TILES, method="first")
    with pytest.raises(InputError, match="--overwrite"):
        mosaic(tmp_path, *EARTH_TILES, method="first")
    mosaic(tmp_path, *EARTH_TILES, method="count", overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.json", "out.tif"]
    assert read_raster(out)[0].max() == 4


def test_a_failure_leaves_nothing_and_keeps_the_old_mosaic(tmp_path: Path) -> None:
    out = mosaic(tmp_path, *EARTH_TILES, method="first")
    before = out.read_bytes()
    broken = tmp_path / "broken.tif"
    broken.write_bytes(EARTH_TILES[0].read_bytes()[:-200_000])
    with pytest.raises(InputError, match=r"broken\.tif"):
        mosaic(tmp_path, broken, method="last", overwrite=True)
    assert out.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_raster_off_the_extent_is_named_in_the_report(tmp_path: Path) -> None:
    here = write_raster(tmp_path / "here.tif", smooth(50, 50))
    there = write_raster(tmp_path / "there.tif", smooth(50, 50), affine=from_origin(WEST + 9000, NORTH, 6))
    extent = (WEST, NORTH - 300, WEST + 300, NORTH)
    report = make_mosaic(
        MosaicRequest(rasters=(here, there), out=tmp_path / "out.tif", extent=extent, method="first")
    )
    assert [raster["used"] for raster in report["rasters"]] == [True, False]
    assert report["rasters"][1]["reason"] == "off the extent"


# -- hard cases ------------------------------------------------------------------------------------------------


def test_a_rotated_raster_is_laid_out_north_up(tmp_path: Path) -> None:
    turned = Affine.translation(WEST, NORTH) @ Affine.rotation(30.0) @ Affine.scale(6.0, -6.0)
    raster = write_raster(tmp_path / "in.tif", textured(200, 200, dtype="float32"), affine=turned)
    out = mosaic(tmp_path, raster, method="first", kernel="nearest")
    (samples,), mask = read_raster(out)
    expected = gdal_reprojected(raster, out, Resampling.nearest)
    np.testing.assert_array_equal(mask, np.isfinite(expected))
    np.testing.assert_array_equal(samples[mask], expected[mask])


def test_rasters_on_both_sides_of_the_antimeridian_meet(tmp_path: Path) -> None:
    """One raster counts from 0 to 360 degrees, the other to 180 either way."""
    picture = smooth(80, 200)
    west = write_raster(
        tmp_path / "w.tif", picture[:, :100], crs=DEGREES, affine=from_origin(175.0, 10.0, 0.1)
    )
    east = write_raster(
        tmp_path / "e.tif", picture[:, 100:], crs=DEGREES, affine=from_origin(-175.0, 10.0, 0.1)
    )
    (samples,), mask = read_raster(mosaic(tmp_path, west, east, method="first"))
    assert mask.all()
    np.testing.assert_array_equal(samples, picture)


def test_a_raster_across_the_antimeridian_is_whole_on_a_map_that_is_cut_there(tmp_path: Path) -> None:
    raster = write_raster(
        tmp_path / "in.tif", smooth(80, 200), crs=DEGREES, affine=from_origin(170.0, 10.0, 0.1)
    )
    out = mosaic(tmp_path, raster, crs=EQUATOR, method="first", kernel="nearest")
    (samples,), mask = read_raster(out)
    assert mask.mean() > 0.97
    assert samples[mask].mean() == pytest.approx(float(smooth(80, 200).mean()), abs=2.0)


def test_a_polar_raster_fills_its_cap_of_a_cylindrical_map(tmp_path: Path) -> None:
    half = 600_000.0
    raster = write_raster(
        tmp_path / "in.tif",
        smooth(240, 240),
        crs=NORTH_POLE,
        affine=from_origin(-half, half, 5000.0),
    )
    out = mosaic(tmp_path, raster, crs=DEGREES, resolution=0.25, method="first")
    (_,), mask = read_raster(out)
    with rasterio.open(out) as dataset:
        west, _, east, north = dataset.bounds
    assert (round(east - west), round(north)) == (360, 90)
    assert mask[:36].all()  # 600 km are 10 degrees of latitude


def test_a_cylindrical_raster_closes_round_the_pole(tmp_path: Path) -> None:
    raster = write_raster(
        tmp_path / "in.tif", smooth(100, 3600), crs=DEGREES, affine=from_origin(-180.0, 90.0, 0.1)
    )
    half = 400_000.0  # the raster ends 593 km from the pole
    out = mosaic(
        tmp_path,
        raster,
        crs=NORTH_POLE,
        extent=(-half, -half, half, half),
        resolution=5000.0,
        kernel="nearest",
        method="first",
    )
    (samples,), mask = read_raster(out)
    assert mask.all()
    line, sample = np.floor(source_points(raster, out) + 0.5).astype(int)
    np.testing.assert_array_equal(samples, smooth(100, 3600)[line, sample % 3600])


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos3"])
def test_the_ends_of_a_cylindrical_raster_meet_unblurred_round_the_pole(tmp_path: Path, kernel: str) -> None:
    sample = np.arange(3600)
    waves = 128.0 + 50.0 * np.sin(2.0 * np.pi * 90.0 * sample / 3600.0)  # 40 samples each
    picture = np.broadcast_to(waves, (100, 3600)).astype(np.float32)
    half = 400_000.0
    found = []
    for name, west, columns in (
        ("from_180.tif", -180.0, picture),
        ("from_0.tif", 0.0, np.roll(picture, 1800, 1)),
    ):
        raster = write_raster(tmp_path / name, columns, crs=DEGREES, affine=from_origin(west, 90.0, 0.1))
        out = mosaic(
            tmp_path, raster, crs=NORTH_POLE, extent=(-half, -half, half, half), resolution=2000.0,
            kernel=kernel, method="first", overwrite=True,
        )  # fmt: skip
        found.append(read_raster(out)[0][0])
    line, column = np.mgrid[:400, :400] - 199.5
    # nearer to the pole a sample of the mosaic spans a wave. At its ends a raster lacks half of a kernel: up to
    # 4 off; a mean over more than a wave, as where a sample is thought to span the whole turn, is 13 and more
    far = np.hypot(line, column) > 100.0
    assert np.abs(found[0] - found[1])[far].max() < 6.0


def test_more_rasters_than_may_be_open_are_mosaicked(tmp_path: Path) -> None:
    picture = textured(90, 1200, dtype="uint8")
    rasters = [
        write_raster(
            tmp_path / f"{i:03}.tif",
            picture[:, :, 10 * i : 10 * i + 10],
            affine=from_origin(WEST + 60 * i, NORTH, 6),
        )
        for i in range(120)
    ]
    samples, mask = read_raster(mosaic(tmp_path, *rasters, method="first"))
    assert mask.all()
    np.testing.assert_array_equal(samples, picture)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an extent that no raster reaches": ({"extent": (0.0, 0.0, 6e3, 6e3)}, "no raster reaches"),
    "an extent without area": ({"extent": (WEST, NORTH, WEST, NORTH)}, "--extent"),
    "an extent that is not finite": ({"extent": (WEST, NORTH - 60, math.inf, NORTH)}, "--extent"),
    "a resolution absurd for the rasters": ({"resolution": 1e-6}, "--resolution"),
    "an extent absurd for the resolution": (
        {"extent": (-1e7, -5e6, 1e7, 5e6), "resolution": 0.1},
        "--resolution",
    ),
    "an extent beyond all whole numbers": ({"extent": (-1e300, -1e300, 1e300, 1e300)}, "absurd"),
    "no resolution": ({"resolution": 0.0}, "--resolution"),
    "a sample larger than the mosaic": ({"resolution": 1e9}, "--resolution"),
    "a resolution that is no number": ({"resolution": math.nan}, "--resolution"),
    "a coordinate system that is none": ({"crs": "IAU_2015:1"}, "--crs IAU_2015:1"),
    "a coordinate system of another body": ({"crs": "EPSG:32618"}, "radius"),
    "an unknown method": ({"method": "average"}, "--method average"),
    "too little memory": ({"memory_bytes": 1 << 20}, "--memory"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_requests_that_make_no_sense_are_refused_at_once(tmp_path: Path, case: str) -> None:
    options, fragment = REFUSED[case]
    raster = write_raster(tmp_path / "in.tif", smooth(50, 50))
    with pytest.raises(HinterlandError) as refused:
        mosaic(tmp_path, raster, **options)
    assert fragment in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.tif"]


def test_mixed_bands_are_refused_by_name(tmp_path: Path) -> None:
    two = write_raster(tmp_path / "two.tif", textured(9, 9, bands=2))
    one = write_raster(tmp_path / "one.tif", textured(9, 9))
    with pytest.raises(InputError, match=r"one\.tif has 1, two\.tif has 2"):
        mosaic(tmp_path, two, one)


def test_rasters_without_a_valid_sample_are_nothing_to_do(tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "in.tif", np.zeros((40, 40), dtype=np.uint8), nodata=0)
    with pytest.raises(NothingToDoError, match="valid sample"):
        mosaic(tmp_path, raster, method="mean")
