import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.maps.panorama_image import PanoramaImage, read_panorama
from hinterland.model.grids import CylindricalGrid


def image(mask: NDArray[np.bool_], left_deg: float = 350.0) -> PanoramaImage:
    """One sample a degree, line 0 from 20 degrees down."""
    lines, samples = mask.shape
    return PanoramaImage(
        grid=CylindricalGrid(
            azimuth_left_deg=left_deg, elevation_top_deg=20.0, pixels_per_degree=1.0,
            lines=lines, samples=samples,
        ),
        samples=np.zeros((1, lines, samples), dtype=np.float32),
        mask=mask,
    )  # fmt: skip


def shown(picture: PanoramaImage, azimuth_deg: float, elevation_deg: float) -> bool:
    return bool(picture.shows(np.radians([azimuth_deg]), np.radians([elevation_deg]))[0])


def test_a_direction_is_shown_where_the_mask_is_valid_also_across_north() -> None:
    mask = np.ones((40, 30), dtype=np.bool_)
    mask[10, 12] = False  # azimuth 2 to 3, elevation 9 to 10
    picture = image(mask)
    assert shown(picture, 2.5, 10.5)
    assert not shown(picture, 2.5, 9.5)
    assert not shown(picture, 362.5, 9.5)
    assert shown(picture, 350.01, 19.99)
    assert not shown(picture, 349.99, 10.0)
    assert shown(picture, 19.99, -19.99)
    assert not shown(picture, 20.01, 0.0)
    assert not shown(picture, 5.0, 20.01)
    assert not shown(picture, 5.0, -20.01)
    assert not shown(picture, 5.0, math.nan)


def test_the_span_of_elevations_is_that_of_the_column() -> None:
    mask = np.zeros((40, 30), dtype=np.bool_)
    mask[5:35, 2:] = True
    mask[:, 20] = True
    spans = np.degrees(image(mask).elevation_spans(np.radians([10.0, 10.5, 352.5, 350.1])))
    np.testing.assert_allclose(spans[1:], [[-20.0, 20.0], [-15.0, 15.0], [-15.0, 15.0]], atol=1e-9)


def test_a_picture_without_a_valid_sample_spans_nothing() -> None:
    assert np.isnan(image(np.zeros((4, 5), dtype=np.bool_)).elevation_spans(np.zeros(3))).all()


def test_a_skyline_is_given_in_lines_of_the_full_panorama() -> None:
    grid = CylindricalGrid(
        azimuth_left_deg=0.0, elevation_top_deg=10.0, pixels_per_degree=20.0, lines=600, samples=1000
    )
    generator = np.random.default_rng(5)
    samples = np.full((300, 500), 150.0)
    samples[80:] = generator.uniform(40.0, 110.0, (220, 500))  # lines 160 on of the full panorama
    reduced = PanoramaImage(
        grid=grid, samples=samples[None].astype(np.float32), mask=np.ones((300, 500), dtype=np.bool_)
    )
    lines = reduced.skyline()
    assert lines.shape == (500,)
    # the step lies between two lines of the reduced picture, 159.5; its crest is known to a reduced line
    assert np.nanmedian(lines) == pytest.approx(159.5, abs=2.0)


def test_a_picture_of_the_ground_alone_has_no_skyline() -> None:
    grid = CylindricalGrid(
        azimuth_left_deg=0.0, elevation_top_deg=-25.0, pixels_per_degree=10.0, lines=100, samples=200
    )
    mask = np.ones((100, 200), dtype=np.bool_)
    picture = PanoramaImage(grid=grid, samples=np.ones((1, 100, 200), dtype=np.float32), mask=mask)
    assert np.isnan(picture.skyline()).all()


def report(**changes: Any) -> dict[str, Any]:
    known = {
        "kind": "cylindrical", "azimuth_left_deg": 30.0, "elevation_top_deg": 10.0,
        "pixels_per_degree": 40.0, "lines": 800, "samples": 1600,
    }  # fmt: skip
    return {"projection": known | changes}


def test_a_panorama_is_read_at_ten_samples_a_degree_with_its_mask(tmp_path: Path) -> None:
    mask = np.ones((800, 1600), dtype=np.bool_)
    mask[:, :400] = False
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            tmp_path / "panorama.tif", "w", driver="GTiff", count=3, height=800, width=1600, dtype="uint16"
        ) as dataset,
    ):
        dataset.write(np.full((3, 800, 1600), 700, dtype=np.uint16))
        dataset.write_mask(mask)
    picture = read_panorama(tmp_path, report())
    assert picture is not None
    assert picture.samples.shape == (3, 200, 400)
    assert picture.mask[:, 100:].all()
    assert not picture.mask[:, :100].any()
    assert (picture.samples[:, picture.mask] == 700).all()
    assert picture.grid.azimuth_left_deg == 30.0


def test_a_bundle_without_a_picture_and_one_of_another_projection_have_none(tmp_path: Path) -> None:
    assert read_panorama(tmp_path, report()) is None
    (tmp_path / "panorama.tif").write_text("never opened")
    assert read_panorama(tmp_path, report(kind="polar")) is None


def test_a_damaged_panorama_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "panorama.tif").write_text("no raster")
    with pytest.raises(InputError, match=r"panorama\.tif: cannot be read as a GeoTIFF"):
        read_panorama(tmp_path, report())


def test_a_report_of_absurd_size_takes_no_memory(tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "panorama.tif", "w", driver="GTiff", count=1, height=10, width=10, dtype="uint8"
    ) as dataset:
        dataset.write(np.ones((1, 10, 10), dtype=np.uint8))
    picture = read_panorama(tmp_path, report(pixels_per_degree=0.001, lines=10**9, samples=10**9))
    assert picture is not None
    assert picture.mask.shape == (1800, 3600)
