import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from product_files import (
    CURIOSITY_LABEL,
    EAST,
    HAZCAM_LABEL,
    SOUTH_EAST,
    label_of,
    pds3_product,
    with_image_keyword,
    with_keyword,
)

from hinterland.errors import InputError
from hinterland.model.products import Dropped, Image, Stop
from hinterland.products.odl import parse_label
from hinterland.products.pds3 import read_pds3
from hinterland.products.sources import Source, read_source

# six printed digits of the vectors make 6e-5 degrees; half a pixel is 0.023
DERIVED_TOLERANCE_DEG = 3e-4
SHADES = np.arange(1, 481, dtype=np.int16).reshape(1, 20, 24)


def image(data: bytes) -> Image:
    found = read_pds3(Source(path=Path("x.IMG"), data=data, sha256=""))
    assert isinstance(found, Image)
    return found


def full_size(label: bytes) -> Image:
    """An image of the label's own size."""
    return image(pds3_product(label, np.ones((1, 1024, 1024), dtype=np.int16)))


def pointing_deg(ray: NDArray[np.float64]) -> tuple[float, float]:
    """Azimuth from +X towards +Y, in [0, 360), and elevation, positive towards -Z."""
    return math.degrees(math.atan2(ray[1], ray[0])) % 360.0, -math.degrees(math.asin(ray[2]))


def test_the_middle_of_the_image_looks_where_curiositys_label_says() -> None:
    # 0-based: the middle of 1024 pixels is 511.5. 1-based models would miss by 0.03 degrees
    product = full_size(label_of(CURIOSITY_LABEL)).product
    middle = [[511.5, 511.5]]
    rover = pointing_deg(product.camera.look(middle)[1][0])
    site = pointing_deg(product.camera_in_local_level.look(middle)[1][0])
    assert rover == pytest.approx((335.59, -48.1447), abs=DERIVED_TOLERANCE_DEG)
    assert site == pytest.approx((87.8434, -42.7327), abs=DERIVED_TOLERANCE_DEG)


@pytest.mark.parametrize(("path", "azimuth_deg"), [(EAST, 90.0019), (SOUTH_EAST, 126.005)])
def test_the_middle_of_the_image_looks_where_opportunitys_mast_points(path: Path, azimuth_deg: float) -> None:
    # the derived pointing is the mast's, elevation positive down; the camera sits on it to half a degree
    product = image(path.read_bytes()).product
    azimuth, elevation = pointing_deg(product.camera_in_local_level.look([[511.5, 511.5]])[1][0])
    assert azimuth == pytest.approx(azimuth_deg, abs=0.1)
    assert elevation == pytest.approx(-17.0, abs=0.5)


@pytest.mark.parametrize("path", [EAST, SOUTH_EAST])
def test_pixels_are_those_that_gdal_reads(path: Path) -> None:
    with rasterio.open(path) as dataset:
        expected = dataset.read()
    found = image(path.read_bytes())
    assert found.samples.dtype == np.uint16
    assert np.array_equal(found.samples, expected)
    assert found.mask.all()
    assert found.largest == 4095.0
    assert found.product.notes == ()


def test_a_product_says_what_its_label_says() -> None:
    source = read_source(EAST)
    found = read_pds3(source)
    assert isinstance(found, Image)
    product = found.product
    assert product.product_id == "1N491020376ILFCNY9P0706L0M1"
    assert product.stop == Stop(mission="MER1", site=195, drive=973)
    assert product.exposure == "NAVCAM_LEFT 491020376.621"
    assert (product.instrument, product.sol) == ("NAVCAM_LEFT", 4087)
    assert product.time_utc == "2015-07-24T14:28:03.539Z"
    assert product.attitude == (0.580525, 0.0333603, -0.128929, 0.803278)
    assert product.credit == "MULTIMISSION IMAGE PROCESSING SUBSYSTEM, JET PROPULSION LAB"
    assert product.sha256 == source.sha256
    assert product.camera.kind == "CAHVOR"
    assert product.camera.center == (0.442604, -0.0611635, -1.25106)
    assert product.camera.radial == (0.00096, -0.002183, 0.018547)


def test_a_hazcam_has_its_general_fisheye_model() -> None:
    camera = full_size(label_of(HAZCAM_LABEL)).product.camera
    assert (camera.kind, camera.model_type, camera.parameter) == ("CAHVORE", 3, 0.37)
    assert camera.linearity == 0.37
    assert camera.entrance == (0.001442, 0.001522, 0.000483)
    # the label's lens sees 120 degrees and more across the image's diagonal
    _, rays = camera.look([[0.0, 0.0], [1023.0, 1023.0]])
    assert math.degrees(math.acos(float(rays[0] @ rays[1]))) > 120.0


def test_components_follow_the_order_of_their_ids() -> None:
    label = label_of(CURIOSITY_LABEL)
    swapped = with_keyword(label, "MODEL_COMPONENT_ID", '("C","A","V","H","O","R")')
    swapped = with_keyword(swapped, "MODEL_COMPONENT_3", "(-516.53,236.564,1195.65)")
    swapped = with_keyword(swapped, "MODEL_COMPONENT_4", "(821.375,970.203,375.842)")
    assert full_size(swapped).product.camera == full_size(label).product.camera


def test_an_archived_labels_group_names_are_understood() -> None:
    label = label_of(CURIOSITY_LABEL)
    archived = label.replace(b"GEOMETRIC_CAMERA_MODEL\r", b"GEOMETRIC_CAMERA_MODEL_PARMS\r")
    archived = archived.replace(b"= ROVER_COORDINATE_SYSTEM\r", b"= ROVER_COORDINATE_SYSTEM_PARMS\r")
    assert full_size(archived).product == full_size(label).product


def test_the_motion_counters_names_say_where_site_and_drive_are() -> None:
    label = with_keyword(label_of(CURIOSITY_LABEL), "ROVER_MOTION_COUNTER_NAME", '("DRIVE","SITE")')
    label = with_keyword(label, "ROVER_MOTION_COUNTER", "(924,61)")
    assert full_size(label).product.stop == Stop(mission="MSL", site=61, drive=924)


def test_missing_and_negative_samples_are_masked() -> None:
    shades = SHADES.copy()
    shades[0, 2, 3], shades[0, 5, 7], shades[0, 11, 13] = 0, -17, 300
    found = image(pds3_product(label_of(CURIOSITY_LABEL), shades, {"INVALID_CONSTANT": "300.0"}))
    masked = {(int(line), int(sample)) for line, sample in np.argwhere(~found.mask)}
    assert masked == {(2, 3), (5, 7), (11, 13), (12, 11)}  # 300 stands at (12, 11) too
    assert not found.samples[:, ~found.mask].any()
    assert np.array_equal(found.samples[:, found.mask], shades[:, found.mask])


@pytest.mark.parametrize(
    ("dtype", "sample_type", "largest"),
    [
        (np.int16, "MSB_INTEGER", 32767.0),
        (np.uint16, "MSB_UNSIGNED_INTEGER", 65535.0),
        (np.uint8, "UNSIGNED_INTEGER", 255.0),
    ],
)
def test_full_scale_is_that_of_the_samples_without_a_bit_mask(
    dtype: type[np.generic], sample_type: str, largest: float
) -> None:
    shades = np.clip(SHADES, 1, 255).astype(dtype)
    claims = {"SAMPLE_TYPE": sample_type, "SAMPLE_BIT_MASK": '"N/A"'}
    found = image(pds3_product(label_of(CURIOSITY_LABEL), shades, claims))
    assert found.largest == largest
    assert np.array_equal(found.samples, shades)
    assert found.samples.dtype == (np.uint8 if dtype is np.uint8 else np.uint16)


def test_samples_beyond_the_bit_mask_are_kept_and_noted() -> None:
    found = image(pds3_product(label_of(CURIOSITY_LABEL), SHADES, {"SAMPLE_BIT_MASK": "2#11111111#"}))
    assert found.largest == 32767.0
    assert found.product.notes == ("samples reach 480, beyond SAMPLE_BIT_MASK 255",)


def test_a_wrong_checksum_is_noted() -> None:
    product = bytearray(pds3_product(label_of(CURIOSITY_LABEL), SHADES))
    product[-1] ^= 0x04  # 480 becomes 484
    (note,) = image(bytes(product)).product.notes
    assert note == "the sum of all DN is 115444, the label's checksum 115440: the file may be damaged"


def test_least_significant_bytes_may_come_first() -> None:
    swapped = SHADES.byteswap()
    claims = {"SAMPLE_TYPE": "LSB_INTEGER", "CHECKSUM": str(int(SHADES.sum()))}
    found = image(pds3_product(label_of(CURIOSITY_LABEL), swapped, claims))
    assert np.array_equal(found.samples, SHADES)


def test_bands_follow_each_other() -> None:
    shades = np.concatenate([SHADES, SHADES + 500, SHADES + 1000])
    found = image(pds3_product(label_of(CURIOSITY_LABEL), shades))
    assert np.array_equal(found.samples, shades)


def test_prefix_and_suffix_of_lines_are_left_out() -> None:
    wide = np.concatenate([np.full((1, 20, 3), 7000), SHADES, np.full((1, 20, 2), 9000)], axis=2)
    claims = {
        "LINE_SAMPLES": "24",
        "LINE_PREFIX_BYTES": "6",
        "LINE_SUFFIX_BYTES": "4",
        "CHECKSUM": str(int(SHADES.sum())),
    }
    found = image(pds3_product(label_of(CURIOSITY_LABEL), wide.astype(np.int16), claims))
    assert np.array_equal(found.samples, SHADES)


def test_the_pointer_may_count_bytes() -> None:
    label = label_of(CURIOSITY_LABEL)
    in_records = pds3_product(label, SHADES)
    place = parse_label(in_records).values["^IMAGE"]
    assert isinstance(place, int)
    in_bytes = pds3_product(label, SHADES, {"^IMAGE": f"{(place - 1) * 2048 + 1} <BYTES>"})
    assert np.array_equal(image(in_bytes).samples, SHADES)


def test_interleaved_bands_are_refused_by_name() -> None:
    label = with_image_keyword(label_of(CURIOSITY_LABEL), "BAND_STORAGE_TYPE", "SAMPLE_INTERLEAVED")
    with pytest.raises(InputError, match="only BAND_SEQUENTIAL is read"):
        image(pds3_product(label, np.concatenate([SHADES, SHADES])))


def test_a_label_without_a_camera_drops_the_image_by_its_id() -> None:
    label = with_keyword(label_of(CURIOSITY_LABEL), "MODEL_TYPE", '"UNK"')
    found = read_pds3(Source(path=Path("x.IMG"), data=pds3_product(label, SHADES), sha256="ab"))
    assert isinstance(found, Dropped)
    assert found.product == "NLB_540789543EDR_F0610924NCAM00207M1"
    assert (found.sol, found.sha256) == (1614, "ab")
