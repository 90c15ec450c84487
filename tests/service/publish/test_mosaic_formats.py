"""Map products of other formats than GeoTIFF, written by GDAL, become the mosaic that the same GeoTIFF becomes."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from map_rasters import (
    EQUATOR,
    JEZERO,
    NORTH_POLE,
    STEREO,
    WEST,
    from_origin,
    read_raster,
    textured,
    write_raster,
)

from hinterland.errors import InputError
from hinterland.products.georeferenced import inspect_raster
from hinterland.publish.mosaic import MosaicRequest, make_mosaic

DRIVERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "JPEG 2000": ("JP2OpenJPEG", ".jp2", {"REVERSIBLE": "YES", "QUALITY": "100"}),
    "PDS4": ("PDS4", ".xml", {}),
    "ISIS3": ("ISIS3", ".cub", {}),
    "ISIS3 with a detached label": ("ISIS3", ".lbl", {"DATA_LOCATION": "EXTERNAL"}),
    "ISIS3 in tiles": ("ISIS3", ".cub", {"TILED": "YES", "BLOCKXSIZE": "16", "BLOCKYSIZE": "16"}),
    "VICAR": ("VICAR", ".vic", {}),
    "VICAR with GeoTIFF's keys": ("VICAR", ".vic", {"GEOREF_FORMAT": "GEOTIFF"}),
}
EXACT = 1e-9
"""Of a sample: what remains of coordinates written as decimal degrees, as VICAR's labels have them."""


def converted(source: Path, name: str) -> Path:
    driver, suffix, options = DRIVERS[name]
    path = source.with_name(f"converted{suffix}")
    rasterio.shutil.copy(source, path, driver=driver, **options)
    return path


def mosaic(path: Path, *rasters: Path, **options: Any) -> tuple[Any, Any, rasterio.Affine]:
    """Samples, mask and affine of a mosaic."""
    make_mosaic(MosaicRequest(rasters=rasters, out=path, backend="cpu", **options))
    with rasterio.open(path) as dataset:
        affine = dataset.transform
    return *read_raster(path), affine


@pytest.mark.parametrize("name", DRIVERS)
def test_a_product_of_any_format_becomes_the_mosaic_of_the_same_geotiff(tmp_path: Path, name: str) -> None:
    source = write_raster(tmp_path / "in.tif", textured(40, 60, dtype="int16"), crs=JEZERO)
    expected, mask, affine = mosaic(tmp_path / "one.tif", source)
    found, same_mask, same_affine = mosaic(tmp_path / "two.tif", converted(source, name))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(same_mask, mask)
    np.testing.assert_allclose(same_affine, affine, rtol=0.0, atol=6.0 * EXACT)


@pytest.mark.parametrize("crs", [JEZERO, NORTH_POLE])
@pytest.mark.parametrize("name", DRIVERS)
def test_its_place_on_another_map_is_that_of_the_geotiff(tmp_path: Path, name: str, crs: str) -> None:
    if name == "VICAR" and crs == NORTH_POLE:
        pytest.skip("VICAR's own keys know no polar stereographic map")
    affine = from_origin(-6000.0, 5000.0, 200.0) if crs == NORTH_POLE else None
    source = write_raster(tmp_path / "in.tif", textured(40, 60), crs=crs, affine=affine)
    onto = {"crs": NORTH_POLE if crs == NORTH_POLE else EQUATOR, "kernel": "nearest", "resolution": 7.0}
    expected = mosaic(tmp_path / "one.tif", source, **onto)
    found = mosaic(tmp_path / "two.tif", converted(source, name), **onto)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_allclose(found[2], expected[2], rtol=0.0, atol=7.0 * EXACT)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_standard_parallel_stretches_x_by_the_cosine_it_should(tmp_path: Path, name: str) -> None:
    source = write_raster(tmp_path / "in.tif", textured(40, 60), crs=JEZERO)
    _, _, affine = mosaic(tmp_path / "out.tif", converted(source, name), crs=EQUATOR, resolution=6.0)
    # 5 % of the easting, 240 km, is what a map without it would be off; outlines are found to a few samples
    assert affine.c == pytest.approx(WEST / math.cos(math.radians(18.4663)), abs=20.0)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("JPEG 2000", "uint8"),
        ("JPEG 2000", "uint16"),
        ("PDS4", "uint8"),
        ("PDS4", "float32"),
        ("ISIS3", "uint8"),
        ("ISIS3", "int16"),
        ("ISIS3", "float32"),
    ],
)
def test_missing_samples_of_a_product_are_missing_in_the_mosaic(
    tmp_path: Path, name: str, dtype: str
) -> None:
    picture = textured(40, 60, dtype=dtype)
    picture[:, 5:12, 7:19] = 0
    source = write_raster(tmp_path / "in.tif", picture, nodata=0)
    expected, _, _ = mosaic(tmp_path / "one.tif", source)
    found, mask, _ = mosaic(tmp_path / "two.tif", converted(source, name))
    np.testing.assert_array_equal(mask, picture[0] != 0)
    np.testing.assert_array_equal(found[:, mask], expected[:, mask])


def test_every_constant_of_a_pds4_product_is_missing(tmp_path: Path) -> None:
    picture = textured(40, 60)
    path = converted(write_raster(tmp_path / "in.tif", picture, nodata=7), "PDS4")
    label = path.read_text()
    constant = "<missing_constant>7</missing_constant>"
    assert constant in label
    path.write_text(label.replace(constant, constant + "<invalid_constant>9</invalid_constant>"))
    _, mask, _ = mosaic(tmp_path / "out.tif", path)
    np.testing.assert_array_equal(mask, ~np.isin(picture[0], (7, 9)))


@pytest.mark.parametrize("name", ["PDS4", "ISIS3", "VICAR"])
def test_a_projection_that_a_format_cannot_hold_is_refused_not_misplaced(tmp_path: Path, name: str) -> None:
    source = write_raster(tmp_path / "in.tif", textured(40, 60), crs=STEREO, affine=from_origin(-300, 200, 6))
    with pytest.raises(InputError, match=r"converted.*(no coordinate system|projection).*gdal_edit"):
        inspect_raster(converted(source, name))
