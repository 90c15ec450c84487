import os
from pathlib import Path

import numpy as np
import pytest
from map_labels import SOUND, pds3_label, pds4_label
from map_rasters import textured, write_raster

from hinterland.errors import FormatError, InputError, OutsideError, TooLargeError, TruncatedError
from hinterland.products.raster_examination import Examined, decode_raster, examine_raster, registered_drivers

BLOCK_BYTES, MOST_SAMPLES = 64 << 20, 1 << 36
LINES, SAMPLES = 40, 60


def examine(path: Path, block_bytes: int = BLOCK_BYTES, most_samples: int = MOST_SAMPLES) -> Examined:
    return examine_raster(path, block_bytes=block_bytes, most_samples=most_samples)


def test_a_header_says_what_a_raster_is(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", textured(30, 50, dtype="int16", bands=3))
    expected = Examined(driver="GTiff", lines=30, samples=50, bands=3, dtype="int16", stored_bytes=9000)
    assert examine(path) == expected


@pytest.mark.parametrize("name", SOUND)
def test_products_with_their_pixels_attached_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SOUND[name])
    found = examine(tmp_path / name)
    assert (found.lines, found.samples, found.bands) == (LINES, SAMPLES, 1)
    decode_raster(tmp_path / name, found.driver)


def test_a_raster_without_a_map_is_the_caller_s_business(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", textured(30, 50), crs=None)
    assert examine(path).driver == "GTiff"


def test_pds4_beside_its_pixels_is_read_and_a_pointer_elsewhere_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(pds4_label("a.img"))
    with pytest.raises(OutsideError, match="not beside it"):
        examine(tmp_path / "a.xml")
    (tmp_path / "a.img").write_bytes(bytes(2 * LINES * SAMPLES))
    found = examine(tmp_path / "a.xml")
    assert (found.driver, found.lines, found.samples, found.dtype) == ("PDS4", LINES, SAMPLES, "int16")


def test_what_a_pointer_names_is_not_read(tmp_path: Path) -> None:
    """The file system keeps the time of the last reading: it stays what it was."""
    (tmp_path / "in").mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(2 * LINES * SAMPLES))
    for label in (pds3_label('("../secret", 1)'), pds4_label("../secret")):
        os.utime(secret, (1.0, 2.0))
        path = tmp_path / "in" / "a.lbl"
        path.write_bytes(label)
        with pytest.raises(OutsideError):
            examine(path)
        assert secret.stat().st_atime == 1.0


def test_one_block_may_not_be_too_large(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", textured(64, 64), tiled=True, blockxsize=64, blockysize=64)
    assert examine(path, block_bytes=4096).lines == 64
    with pytest.raises(TooLargeError, match="TILED=YES"):
        examine(path, block_bytes=4095)


def test_a_raster_may_not_have_too_many_samples(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", textured(30, 50, bands=2))
    assert examine(path, most_samples=3000).bands == 2
    with pytest.raises(TooLargeError, match="at most 2999"):
        examine(path, most_samples=2999)


def test_complex_samples_are_described_like_others(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.ones((1, 8, 8), dtype=np.complex64))
    assert examine(path).stored_bytes == 8 * 8 * 8


def test_an_overview_that_is_damaged_is_found(tmp_path: Path) -> None:
    import rasterio  # noqa: PLC0415 - of this test only
    from rasterio.enums import Resampling  # noqa: PLC0415

    path = write_raster(
        tmp_path / "a.tif", textured(512, 512), tiled=True, blockxsize=64, blockysize=64, compress="DEFLATE"
    )
    size = path.stat().st_size
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2], Resampling.average)
    decode_raster(path, "GTiff")
    data = bytearray(path.read_bytes())
    middle = (size + len(data)) // 2
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.tif: cannot be read as GTiff"):
        decode_raster(path, "GTiff")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<VRTDataset/>"])
def test_what_is_no_raster_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(FormatError if content else TruncatedError):
        examine(tmp_path / "a.tif")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_raster(tmp_path / "a.tif", textured(8, 8))
    (tmp_path / "link.tif").symlink_to("a.tif")
    with pytest.raises(OutsideError):
        examine(tmp_path / "link.tif")


def test_the_drivers_of_this_process_are_named() -> None:
    assert {"GTiff", "PDS", "VICAR"} <= registered_drivers()
