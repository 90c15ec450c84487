"""Files made to harm whoever opens them, each a few lines of the attack that it stands for."""

from __future__ import annotations

import gzip
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from map_labels import LINES, SAMPLES, SOUND, isis3_label, pds3_label, pds4_label
from map_rasters import textured, write_raster
from oversized_files import large_jp2, nested_zip, one_large_tile, png_bomb, sparse_tiff, tar_of_links, zip_of
from PIL import Image as Picture
from product_files import CURIOSITY_LABEL, label_of, pds3_product

from hinterland.jobs.ingest import Role
from hinterland.reasons import Reason

SECRET = b"root:$6$secret" * 400
"""As long as the pixels that the labels promise, so that nothing but its place is wrong."""

FORMAT, OUTSIDE = Reason.INPUT_FORMAT_REFUSED, Reason.INPUT_OUTSIDE_JOB
LARGE, SHORT, REFUSED = Reason.INPUT_TOO_LARGE, Reason.INPUT_TRUNCATED, Reason.INPUT_REFUSED


class Poisoned(NamedTuple):
    """A file, what it is taken for, and why it must be refused."""

    name: str
    make: Callable[[Path], Path]
    """Writes it in a folder whose parent has a file "secret"; returns its path."""
    role: Role
    reason: Reason


def _content(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def _raw_vrt(source: str, relative: int) -> bytes:
    return (
        f'<VRTDataset rasterXSize="{SAMPLES}" rasterYSize="{LINES}"><VRTRasterBand dataType="Int16" band="1" '
        f'subClass="VRTRawRasterBand"><SourceFilename relativetoVRT="{relative}">{source}</SourceFilename>'
        f"<ImageOffset>0</ImageOffset><PixelOffset>2</PixelOffset><LineOffset>{2 * SAMPLES}</LineOffset>"
        "</VRTRasterBand></VRTDataset>"
    ).encode()


def _cut(name: str, whole: bytes, kept: int) -> Callable[[Path], Path]:
    """A file of which only so many bytes arrived; a negative number counts from its end."""
    return _content(name, whole[:kept])


def _patched_tiff(tags: dict[int, int]) -> Callable[[Path], Path]:
    """A small GeoTIFF whose header says something else in 32 bits."""

    def make(folder: Path) -> Path:
        path = write_raster(folder / "in.tif", textured(64, 64), tiled=True, blockxsize=64, blockysize=64)
        content = bytearray(path.read_bytes())
        (directory,) = struct.unpack_from("<I", content, 4)
        for entry in range(struct.unpack_from("<H", content, directory)[0]):
            at = directory + 2 + 12 * entry
            (tag,) = struct.unpack_from("<H", content, at)
            if tag in tags:
                struct.pack_into("<HII", content, at + 2, 4, 1, tags[tag])
        path.write_bytes(content)
        return path

    return make


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION_LAUGHS = pds4_label("&l9;", before=f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>')
QUADRATIC = pds4_label("&a;" * 20_000, before=f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>')
EXTERNAL = pds4_label("&x;", before='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>')

LONG_TEXT = f'NOTE = "{"word " * 80_000}"\r\n'
DEEP_GROUPS = "".join(f"OBJECT = G{n}\r\n" for n in range(1000))
DEEP_BRACKETS = f"A = {'(' * 3000}1{')' * 3000}\r\n"
OPEN_COMMENTS = "/*" * 100_000 + "\r\n"
OPEN_QUOTES = "A = '" + "\r\nA = '" * 30_000


def _frame(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    shades = np.arange(1, 481, dtype=np.int16).reshape(1, 20, 24)
    return _content("frame.IMG", change(pds3_product(label_of(CURIOSITY_LABEL), shades)))


def _picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(textured(64, 64)[0]).save(buffer, kind)
    return buffer.getvalue()


_BANNED = {
    "vrt": b'<VRTDataset rasterXSize="1" rasterYSize="1"/>',
    "wms": b"<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:9/</ServerUrl></Service></GDAL_WMS>",
    "wcs": b"<WCS_GDAL><ServiceURL>http://127.0.0.1:9/?</ServiceURL></WCS_GDAL>",
    "wmts": b"<GDAL_WMTS><GetCapabilitiesUrl>http://127.0.0.1:9/</GetCapabilitiesUrl></GDAL_WMTS>",
    "tile index": b"<GDALTileIndexDataset><IndexDataset>/etc/passwd</IndexDataset></GDALTileIndexDataset>",
    "stac": json.dumps({"stac_version": "1.0.0", "assets": {"a": {"href": "http://127.0.0.1:9/"}}}).encode(),
    "zarr": json.dumps({"zarr_format": 2, "shape": [1, 1], "chunks": [1, 1], "dtype": "|u1"}).encode(),
    "kml": b"<kml><GroundOverlay><Icon><href>http://127.0.0.1:9/</href></Icon></GroundOverlay></kml>",
    "envi": b"ENVI\nsamples = 1\nlines = 1\nbands = 1\ndata type = 1\nheader offset = 0\n",
    "geopackage": b"SQLite format 3\0" + bytes(84),
    "netcdf": b"CDF\x01" + bytes(40),
    "hdf": b"\x89HDF\r\n\x1a\n" + bytes(40),
    "pdf": b"%PDF-1.7\n",
    "fits": b"SIMPLE  =                    T".ljust(2880),
    "text": b"/etc/passwd\n",
    "address": b"/vsicurl/http://127.0.0.1:9/a.tif",
}

POISONED = (
    # 5.2: files that name others
    Poisoned(
        "a detached PDS3 label", _content("a.LBL", pds3_label('("../secret", 1)')), Role.RASTER, OUTSIDE
    ),
    Poisoned(
        "an absolute PDS3 pointer", _content("a.LBL", pds3_label('("/etc/passwd", 1)')), Role.RASTER, OUTSIDE
    ),
    Poisoned(
        "an ISIS3 core elsewhere",
        _content("a.lbl", isis3_label("    ^Core = ../secret\n")),
        Role.RASTER,
        OUTSIDE,
    ),
    Poisoned("PDS4 data elsewhere", _content("a.xml", pds4_label("../secret")), Role.RASTER, OUTSIDE),
    Poisoned("a raw VRT, relative", _content("a.tif", _raw_vrt("../secret", 1)), Role.RASTER, FORMAT),
    Poisoned("a raw VRT, absolute", _content("a.tif", _raw_vrt("/etc/passwd", 0)), Role.RASTER, FORMAT),
    Poisoned(
        "a frame with a detached label",
        _frame(lambda data: data.replace(b"^IMAGE", b'^IMAGE = ("../secret", 1)\r\nX', 1)),
        Role.FRAME,
        OUTSIDE,
    ),
    # 5.3: formats that fetch or open others
    *(
        Poisoned(f"{name} as a raster", _content("in.tif", content), Role.RASTER, FORMAT)
        for name, content in _BANNED.items()
    ),
    *(
        Poisoned(f"{name} as a frame", _content("in.png", content), Role.FRAME, FORMAT)
        for name, content in _BANNED.items()
    ),
    # 5.5: XML
    Poisoned("a billion laughs", _content("a.xml", BILLION_LAUGHS), Role.RASTER, OUTSIDE),
    Poisoned("quadratic entities", _content("a.xml", QUADRATIC), Role.RASTER, OUTSIDE),
    Poisoned("an external entity", _content("a.xml", EXTERNAL), Role.RASTER, OUTSIDE),
    Poisoned("XML beyond 4 MiB", _content("a.xml", pds4_label("a" * (5 << 20))), Role.RASTER, LARGE),
    Poisoned(
        "deep XML", _content("a.xml", pds4_label("x", before="") + b"<a>" * 100_000), Role.RASTER, REFUSED
    ),
    # 5.6: labels
    Poisoned(
        "a PDS3 label of 400 KB", _content("a.IMG", pds3_label("9", head=LONG_TEXT)), Role.RASTER, LARGE
    ),
    Poisoned("1000 objects nested", _content("a.IMG", pds3_label("9", head=DEEP_GROUPS)), Role.RASTER, LARGE),
    Poisoned(
        "3000 brackets nested", _content("a.IMG", pds3_label("9", head=DEEP_BRACKETS)), Role.RASTER, LARGE
    ),
    Poisoned(
        "100 000 comments without end",
        _content("a.IMG", pds3_label("9", head=OPEN_COMMENTS)),
        Role.RASTER,
        LARGE,
    ),
    Poisoned(
        "1000 groups nested in ISIS3",
        _content("a.cub", isis3_label("", inside="Group = A\n" * 1000)),
        Role.RASTER,
        LARGE,
    ),
    Poisoned(
        "a frame's label of 400 KB", _content("a.IMG", pds3_label("9", head=LONG_TEXT)), Role.FRAME, REFUSED
    ),
    Poisoned(
        "a frame's 1000 objects", _content("a.IMG", pds3_label("9", head=DEEP_GROUPS)), Role.FRAME, REFUSED
    ),
    Poisoned(
        "a frame's 3000 brackets", _content("a.IMG", pds3_label("9", head=DEEP_BRACKETS)), Role.FRAME, REFUSED
    ),
    Poisoned(
        "a frame's open quotes", _content("a.IMG", pds3_label("9", head=OPEN_QUOTES)), Role.FRAME, REFUSED
    ),
    Poisoned(
        "a VICAR label of a gigabyte",
        _content("a.VIC", b"LBLSIZE=999999999 FORMAT='BYTE' "),
        Role.RASTER,
        LARGE,
    ),
    # 5.7: sizes
    Poisoned("a TIFF of five terabytes", sparse_tiff, Role.RASTER, LARGE),
    Poisoned(
        "a TIFF of 4 billion squared",
        _patched_tiff({256: 4_000_000_000, 257: 4_000_000_000}),
        Role.RASTER,
        REFUSED,
    ),
    Poisoned(
        "a TIFF of a million squared", _patched_tiff({256: 1_000_000, 257: 1_000_000}), Role.RASTER, LARGE
    ),
    Poisoned("one tile of 268 MB", one_large_tile, Role.RASTER, LARGE),
    Poisoned("a JPEG 2000 of 200 000 squared", large_jp2, Role.RASTER, LARGE),
    Poisoned("a PNG of 60 000 squared as a frame", png_bomb, Role.FRAME, LARGE),
    Poisoned("a PNG of 60 000 squared as a raster", png_bomb, Role.RASTER, LARGE),
    # truncated
    *(
        Poisoned(f"{name} cut to {kept}", _cut(name, whole, kept), Role.RASTER, SHORT)
        for name, whole in SOUND.items()
        for kept in (len(whole) // 2 + 1000, -6)
    ),
    *(
        Poisoned(f"{name} cut to nothing", _cut(name, whole, 0), Role.RASTER, SHORT)
        for name, whole in SOUND.items()
    ),
    Poisoned("half a PNG", _cut("in.png", _picture("PNG"), 2000), Role.FRAME, REFUSED),
    Poisoned("half a JPEG", _cut("in.jpg", _picture("JPEG"), 2000), Role.FRAME, REFUSED),
    Poisoned("half a frame", _frame(lambda data: data[:-100]), Role.FRAME, SHORT),
    # 5.13: archives
    *(
        Poisoned(f"{name} as a {role}", _content("in.tif", content), role, reason)
        for name, content in {
            "a zip slip": zip_of("../../../etc/cron.d/x", b"* * * * * root id\n"),
            "a nested zip": nested_zip(),
            "a tar with links": tar_of_links(),
            "a gzip bomb": gzip.compress(bytes(10 << 20)),
        }.items()
        for role, reason in (
            (Role.RASTER, FORMAT),
            (Role.FRAME, FORMAT),
            (Role.FEED, REFUSED),
            (Role.PLACES, REFUSED),
        )
    ),
    # text of the wrong kind, and text that is too deep
    Poisoned("a deep feed", _content("feed.json", b"[" * 200_000), Role.FEED, REFUSED),
    Poisoned("a deep route", _content("route.json", b'{"a":' * 200_000), Role.ROUTE, REFUSED),
    Poisoned(
        "a number of a million digits",
        _content("f.json", b'{"images": [%s]}' % (b"9" * 1_000_000)),
        Role.FEED,
        REFUSED,
    ),
    Poisoned(
        "a table without an end",
        _content("r.csv", b'frame,site,drive\n"' + b"x" * 300_000),
        Role.ROUTE,
        REFUSED,
    ),
)
