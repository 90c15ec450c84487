from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic_valley import STOP, photograph, valley, view, write_bundle, write_dem

from hinterland.errors import InputError
from hinterland.maps.heading import check_panorama, heading_json, read_terrain, turned
from hinterland.maps.local_frame import LocalFrame
from hinterland.maps.panorama_image import PanoramaImage, read_panorama
from hinterland.maps.panorama_view import read_report, view_of

FRAME = LocalFrame(longitude_deg=STOP[0], latitude_deg=STOP[1], radius_m=3396190.0)
OFF_DEG = 1.37


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heading")
    write_dem(folder / "dem.tif", valley())
    return write_bundle(folder / "bundle", view(), photograph(valley(), view(), OFF_DEG))


def image_of(bundle: Path) -> PanoramaImage:
    image = read_panorama(bundle, read_report(bundle))
    assert image is not None
    return image


def test_the_heading_of_a_panorama_rendered_from_the_terrain_is_found(bundle: Path) -> None:
    check = check_panorama(image_of(bundle), read_terrain(bundle.parent / "dem.tif", FRAME), FRAME, 2.0)
    assert check.reason is None
    assert check.correction_deg == pytest.approx(OFF_DEG, abs=0.05)  # half a sample


def test_a_turned_view_agrees_with_the_terrain(bundle: Path) -> None:
    view, image = turned(view_of(read_report(bundle), "bundle"), image_of(bundle), OFF_DEG)
    assert view.azimuth_min_deg == pytest.approx(200.0 + OFF_DEG)
    assert view.azimuth_width_deg == pytest.approx(150.0)
    check = check_panorama(image, read_terrain(bundle.parent / "dem.tif", FRAME), FRAME, 2.0)
    assert check.correction_deg == pytest.approx(0.0, abs=0.05)
    again, nothing = turned(view, None, 200.0)
    assert again.azimuth_min_deg == pytest.approx(41.37)
    assert nothing is None


def test_without_a_picture_there_is_no_check_and_a_reason(bundle: Path) -> None:
    check = check_panorama(None, read_terrain(bundle.parent / "dem.tif", FRAME), FRAME, 2.0)
    assert check.correction_deg is None
    assert check.reason == "the bundle has no panorama.tif in a cylindrical projection"


def test_terrain_that_does_not_hold_the_stop_is_refused(bundle: Path) -> None:
    elsewhere = replace(FRAME, longitude_deg=11.0)
    with pytest.raises(InputError, match=r"dem\.tif: does not hold longitude 11"):
        read_terrain(bundle.parent / "dem.tif", elsewhere)


def test_the_report_rounds_and_says_whether_it_was_applied(bundle: Path) -> None:
    check = check_panorama(image_of(bundle), read_terrain(bundle.parent / "dem.tif", FRAME), FRAME, 2.0)
    said = heading_json(check, is_applied=True)
    assert set(said) == {
        "correction_deg", "uncertainty_deg", "reason", "elevation_offset_deg", "horizon_m", "applied"
    }  # fmt: skip
    assert said["correction_deg"] == round(float(np.float64(check.correction_deg)), 4)
    assert 600.0 < said["horizon_m"] < 1300.0
    assert said["applied"] is True
