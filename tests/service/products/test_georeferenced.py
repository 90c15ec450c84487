import re
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from map_rasters import DEGREES, EARTH_TILES, JEZERO, LANDING_MAP, from_origin, smooth, textured, write_raster
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from hinterland.errors import InputError
from hinterland.model.reprojection import same_crs
from hinterland.products.georeferenced import inspect_raster
from hinterland.products.georeferenced_reader import MapReader

LINES, SAMPLES = 40, 60


def _picture() -> Any:
    return textured(LINES, SAMPLES, dtype="int16")[0]


def pds3(folder: Path, *, detached: str | None = None, cut: int = 0) -> Path:
    """An equirectangular PDS3 map product, its label attached or beside it."""
    data = _picture().astype(">i2").tobytes()
    record = 2 * SAMPLES
    label_records = 20
    pointer = f'("{detached}", 1)' if detached else str(label_records + 1)
    label = f"""PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = {record}
FILE_RECORDS = {LINES + (0 if detached else label_records)}
^IMAGE = {pointer}
OBJECT = IMAGE
  LINES = {LINES}
  LINE_SAMPLES = {SAMPLES}
  SAMPLE_TYPE = MSB_INTEGER
  SAMPLE_BITS = 16
  BANDS = 1
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE = "SIMPLE CYLINDRICAL"
  A_AXIS_RADIUS = 3396.19 <KM>
  B_AXIS_RADIUS = 3396.19 <KM>
  C_AXIS_RADIUS = 3396.19 <KM>
  POSITIVE_LONGITUDE_DIRECTION = EAST
  COORDINATE_SYSTEM_NAME = PLANETOCENTRIC
  CENTER_LATITUDE = 0.0 <DEG>
  CENTER_LONGITUDE = 0.0 <DEG>
  MAP_SCALE = 1.0 <KM/PIXEL>
  MAP_RESOLUTION = 59.27 <PIXEL/DEG>
  LINE_PROJECTION_OFFSET = 20.0
  SAMPLE_PROJECTION_OFFSET = 30.0
END_OBJECT = IMAGE_MAP_PROJECTION
OBJECT = TARGET
  TARGET_NAME = MARS
END_OBJECT = TARGET
TARGET_NAME = MARS
END
"""
    head = label.replace("\n", "\r\n").encode()
    path = folder / "product.LBL" if detached else folder / "product.IMG"
    if detached:
        path.write_bytes(head)
        (folder / detached).write_bytes(data[: len(data) - cut])
    else:
        whole = head.ljust(label_records * record) + data
        path.write_bytes(whole[: len(whole) - cut])
    return path


def isis3(folder: Path, *, core: str | None = None, cut: int = 0, start: int = 65537) -> Path:
    """An equirectangular ISIS3 cube, its core attached or elsewhere."""
    data = _picture().astype("<i2").tobytes()
    name = f"    ^Core = {core}\n" if core else ""
    label = f"""Object = IsisCube
  Object = Core
{name}    StartByte = {1 if core else start}
    Format = BandSequential
    Group = Dimensions
      Samples = {SAMPLES}
      Lines = {LINES}
      Bands = 1
    End_Group
    Group = Pixels
      Type = SignedWord
      ByteOrder = Lsb
      Base = 0.0
      Multiplier = 1.0
    End_Group
  End_Object
  Group = Mapping
    ProjectionName = Equirectangular
    CenterLongitude = 0.0
    CenterLatitude = 0.0
    TargetName = Mars
    EquatorialRadius = 3396190.0 <meters>
    PolarRadius = 3396190.0 <meters>
    LatitudeType = Planetocentric
    LongitudeDirection = PositiveEast
    LongitudeDomain = 180
    UpperLeftCornerX = -30000.0 <meters>
    UpperLeftCornerY = 20000.0 <meters>
    PixelResolution = 1000.0 <meters/pixel>
    Scale = 59.27 <pixels/degree>
  End_Group
End_Object
End
"""
    path = folder / ("product.lbl" if core else "product.cub")
    body = b"" if core else b"\0" * (start - 1 - len(label)) + data
    path.write_bytes(label.encode() + body[: len(body) - cut])
    if core:
        (folder / core).resolve().write_bytes(data)
    return path


def geotiff(**options: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        samples = options.pop("samples", smooth(LINES, SAMPLES))
        return write_raster(folder / "in.tif", samples, **options)

    return make


def without_geotransform(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return write_raster(folder / "in.tif", smooth(LINES, SAMPLES), affine=Affine.identity())


def huge_by_header(folder: Path) -> Path:
    """A whole GeoTIFF of 40 x 60 samples whose header says a million times a million."""
    path = write_raster(folder / "in.tif", textured(LINES, SAMPLES))
    content = bytearray(path.read_bytes())
    (directory,) = struct.unpack_from("<I", content, 4)
    for entry in range(struct.unpack_from("<H", content, directory)[0]):
        at = directory + 2 + 12 * entry
        if struct.unpack_from("<H", content, at)[0] in {256, 257, 278}:  # width, length, rows per strip
            struct.pack_into("<HHII", content, at, struct.unpack_from("<H", content, at)[0], 4, 1, 1_000_000)
    path.write_bytes(content)
    return path


def virtual(folder: Path) -> Path:
    """A VRT with the name of a TIFF that shows another file."""
    source = write_raster(folder / "hidden.tif", smooth(LINES, SAMPLES))
    rasterio.shutil.copy(source, folder / "v.vrt", driver="VRT")
    return (folder / "v.vrt").rename(folder / "in.tif")


def elsewhere_pds3(folder: Path) -> Path:
    (folder / "inside").mkdir()
    (folder / "secret.dat").write_bytes(b"\7" * LINES * SAMPLES * 2)
    return pds3(folder / "inside", detached="../secret.dat")


def elsewhere_isis3(folder: Path) -> Path:
    (folder / "inside").mkdir()
    return isis3(folder / "inside", core="../secret.dat")


def linked(folder: Path) -> Path:
    """A label whose data file is a link to a file elsewhere."""
    (folder / "inside").mkdir()
    path = pds3(folder / "inside", detached="data.img")
    (folder / "inside" / "data.img").rename(folder / "secret.img")
    (folder / "inside" / "data.img").symlink_to(folder / "secret.img")
    return path


def cut_tiff(folder: Path) -> Path:
    path = folder / "in.tif"
    path.write_bytes(EARTH_TILES[0].read_bytes()[:100])
    return path


def text(folder: Path) -> Path:
    path = folder / "in.tif"
    path.write_text("no raster at all\n")
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no such file": (lambda folder: folder / "in.tif", "no such file"),
    "a network path": (lambda _: Path("/vsicurl/http://127.0.0.1:9/in.tif"), "no such file"),
    "text": (text, "no raster that is read"),
    "a virtual raster": (virtual, "no raster that is read"),
    "a cut header": (cut_tiff, "in.tif"),
    "no coordinate system": (geotiff(crs=None), "no coordinate system"),
    "a geotransform with nan": (geotiff(affine=Affine(6, 0, np.nan, 0, -6, 0)), "geotransform"),
    "a geotransform without area": (geotiff(affine=Affine(6, 6, 0, 6, 6, 0)), "geotransform"),
    "no geotransform": (without_geotransform, "no geotransform"),
    "an engineering coordinate system": (
        geotiff(crs='LOCAL_CS["rover",UNIT["metre",1]]'),
        "coordinate system",
    ),
    "complex samples": (geotiff(samples=np.ones((9, 9), np.complex64)), "complex64"),
    "32 bit integers": (geotiff(samples=np.ones((9, 9), np.int32)), "-ot Float32"),
    "huge by its header": (huge_by_header, "in.tif"),
    "metres said to be degrees": (geotiff(crs=DEGREES), "its latitudes run from"),
    "PDS3 data in another folder": (elsewhere_pds3, "elsewhere"),
    "ISIS3 data in another folder": (elsewhere_isis3, "elsewhere"),
    "data behind a link to another folder": (linked, "elsewhere"),
    "PDS3 cut by six bytes": (lambda folder: pds3(folder, cut=6), "cut off"),
    "detached PDS3 data cut by six bytes": (lambda folder: pds3(folder, detached="d.img", cut=6), "cut off"),
    "empty PDS3 data": (lambda folder: pds3(folder, detached="d.img", cut=2 * LINES * SAMPLES), ""),
    "ISIS3 cut by six bytes": (lambda folder: isis3(folder, cut=6), "cut off"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_in_one_line_that_names_it(tmp_path: Path, case: str) -> None:
    make, fragment = REFUSED[case]
    path = make(tmp_path)
    with pytest.raises(InputError) as refused:
        inspect_raster(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert fragment in message
    assert "\n" not in message


@pytest.mark.parametrize("make", [pds3, isis3, lambda folder: pds3(folder, detached="d.img")])
def test_map_products_of_pds3_and_isis3_are_read_with_their_georeference(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    raster = inspect_raster(make(tmp_path))
    assert raster.grid.shape == (LINES, SAMPLES)
    assert raster.grid.sample_size == pytest.approx(1000.0)
    with MapReader(1 << 20) as reader:
        values, mask, _ = reader.read(raster, (0, 0, LINES, SAMPLES))
    assert mask.all()
    np.testing.assert_array_equal(values[0], _picture())


def relabelled(path: Path, **changes: str) -> Path:
    """A PDS3 product with other values in its label, which keeps its length."""
    content = path.read_bytes()
    label, data = content[:2400], content[2400:]
    for key, value in changes.items():
        label, count = re.subn(rf"{key} = [^\r]*".encode(), f"{key} = {value}".encode(), label)
        assert count == 1
    path.write_bytes(label.rstrip(b" ").ljust(2400) + data)
    return path


def test_the_projection_offsets_of_pds3_count_from_the_middle_of_sample_1(tmp_path: Path) -> None:
    """As in the LOLA products: of 1440 samples round the Moon, with 719.5 the outer edges are 180 degrees off."""
    path = relabelled(pds3(tmp_path), LINE_PROJECTION_OFFSET="19.5", SAMPLE_PROJECTION_OFFSET="29.5")
    assert inspect_raster(path).grid.bounds == pytest.approx((-30e3, -20e3, 30e3, 20e3), abs=1e-6)


def test_the_center_latitude_of_an_equirectangular_pds3_map_is_its_standard_parallel(tmp_path: Path) -> None:
    path = relabelled(
        pds3(tmp_path), MAP_PROJECTION_TYPE='"EQUIRECTANGULAR"', CENTER_LATITUDE="18.4663 <DEG>"
    )
    assert same_crs(inspect_raster(path).grid.wkt, JEZERO)


def test_a_jpeg_with_a_world_file_is_a_map() -> None:
    raster = inspect_raster(LANDING_MAP)
    assert (raster.driver, raster.bands, raster.dtype, raster.masked_by) == ("JPEG", 3, np.uint8, "nothing")
    assert raster.grid.shape == (4903, 4900)


def test_a_raster_keeps_its_nodata_values() -> None:
    raster = inspect_raster(EARTH_TILES[0])
    assert (raster.masked_by, raster.nodata) == ("nodata", (0.0, 0.0, 0.0))


def test_scale_and_offset_make_values_of_stored_samples(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "in.tif", _picture(), crs=DEGREES, affine=from_origin(10.0, 10.0, 0.1))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.25,), (-1000.0,)
    raster = inspect_raster(path)
    assert (raster.stored, raster.dtype) == (np.int16, np.float32)
    with MapReader(1 << 20) as reader:
        values, _, _ = reader.read(raster, (0, 0, LINES, SAMPLES))
    np.testing.assert_array_equal(values[0], 0.25 * _picture() - 1000.0)
