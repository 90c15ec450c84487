"""Malformed and hostile inputs, made of real ones, as command lines of `hinterland panorama`.

Exit status 2: a named file cannot be used at all. 4: the files are sound, but none can take part.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as Picture
from product_files import (
    CURIOSITY_LABEL,
    EAST,
    FLAT_RECORD,
    THUMBNAIL,
    TILE,
    label_of,
    pds3_product,
    size_of,
    sol_15_records,
    with_keyword,
    without_group,
    write_feed,
    write_frame,
)

Maker = Callable[[Path], list[str]]
_CAMERA = "GEOMETRIC_CAMERA_MODEL"
_ROVER = "ROVER_COORDINATE_SYSTEM"
_SHADES = np.arange(1, 481, dtype=np.int16).reshape(1, 20, 24)


class Hostile(NamedTuple):
    """One input that must end in one clear line."""

    name: str
    make: Maker
    """Writes the files under the folder it is given; returns the frames and options of the command."""
    exit_status: int
    fragment: str
    """What the message must say."""


def _frame_with(record_id: str = TILE, **changes: Any) -> Maker:
    """A sound frame whose record has some fields changed; None takes the field out."""

    def make(folder: Path) -> list[str]:
        record = sol_15_records()[record_id]
        frame = write_frame(folder, record)
        for name, value in changes.items():
            inner = next((record[p] for p in ("camera", "extended") if name in record[p]), record)
            if value is None:
                del inner[name]
            else:
                inner[name] = value
        return [str(frame), "--metadata", str(write_feed(folder / "feed.json", [record]))]

    return make


def _model(position: int, value: str) -> str:
    """The tile's camera components with one of them replaced."""
    parts = sol_15_records()[TILE]["camera"]["camera_model_component_list"].split(";")
    parts[position] = value
    return ";".join(parts)


def _feed(content: bytes) -> Maker:
    """A sound frame with a feed of these bytes."""

    def make(folder: Path) -> list[str]:
        (folder / "feed.json").write_bytes(content)
        frame = write_frame(folder, sol_15_records()[TILE])
        return [str(frame), "--metadata", str(folder / "feed.json")]

    return make


def _file(name: str, content: bytes) -> Maker:
    def make(folder: Path) -> list[str]:
        (folder / name).write_bytes(content)
        return [str(folder / name)]

    return make


def _picture(change: Callable[[bytes], bytes], suffix: str = ".png") -> Maker:
    """A frame with a sound record, the bytes of its picture changed."""

    def make(folder: Path) -> list[str]:
        record = sol_15_records()[TILE]
        lines, samples = size_of(record)
        buffer = io.BytesIO()
        shades = np.random.default_rng(15).integers(0, 256, (lines, samples), dtype=np.uint8)
        Picture.fromarray(shades).save(buffer, "PNG" if suffix == ".png" else "JPEG")
        path = folder / f"{TILE}01{suffix}"
        path.write_bytes(change(buffer.getvalue()))
        return [str(path), "--metadata", str(write_feed(folder / "feed.json", [record]))]

    return make


def _claim_65000_square(png: bytes) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", 65000, 65000, 8, 0, 0, 0, 0)
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def _cmyk(_jpeg: bytes) -> bytes:
    lines, samples = size_of(sol_15_records()[TILE])
    buffer = io.BytesIO()
    Picture.new("CMYK", (samples, lines)).save(buffer, "JPEG")
    return buffer.getvalue()


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def _label(change: Callable[[bytes], bytes] = bytes, claims: dict[str, str] | None = None) -> Maker:
    """A small product with Curiosity's label, changed, or with claims that its pixels do not bear out."""

    def make(folder: Path) -> list[str]:
        label = change(label_of(CURIOSITY_LABEL))
        (folder / "curiosity.IMG").write_bytes(pds3_product(label, _SHADES, claims))
        return [str(folder / "curiosity.IMG")]

    return make


def _pointer(value: str) -> Maker:
    """A small product whose image pointer says something else."""
    return _label(claims={"^IMAGE": value})


def _group_keyword(keyword: str, value: str) -> Maker:
    """A small product with another value for the first occurrence of a keyword."""
    return _label(lambda label: with_keyword(label, keyword, value))


def _claim(**claims: str) -> Maker:
    """A small product whose IMAGE object says something else than its pixels."""
    return _label(claims=claims)


def _prefixed(text: bytes) -> Maker:
    """Statements put in front of those of the label."""
    return _label(lambda label: b"PDS_VERSION_ID = PDS3\r\n" + text + label)


def _cut(length: int) -> Maker:
    """A small product of which only the beginning, or all but the end, has arrived."""
    product = pds3_product(label_of(CURIOSITY_LABEL), _SHADES)
    return _file("curiosity.IMG", product[:length])


def _vicar(change: Callable[[bytes], bytes]) -> Maker:
    """The VICAR part of Opportunity's product, changed."""

    def make(folder: Path) -> list[str]:
        data = EAST.read_bytes()
        path = folder / "opportunity.VIC"
        path.write_bytes(change(data[data.index(b"LBLSIZE=") :]))
        return [str(path)]

    return make


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace text in a label without changing its length."""

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new.ljust(len(old)), 1)

    return change


def _missing(folder: Path) -> list[str]:
    return [str(folder / "nothing.IMG")]


def _directory(folder: Path) -> list[str]:
    return [str(folder)]


def _missing_feed(folder: Path) -> list[str]:
    frame = write_frame(folder, sol_15_records()[TILE])
    return [str(frame), "--metadata", str(folder / "feed.json")]


def _unrelated_feed(folder: Path) -> list[str]:
    records = sol_15_records()
    frame = write_frame(folder, records.pop(TILE))
    return [str(frame), "--metadata", str(write_feed(folder / "feed.json", list(records.values())))]


def _no_feed(folder: Path) -> list[str]:
    return [str(write_frame(folder, sol_15_records()[TILE]))]


def _broken_sidecar(folder: Path) -> list[str]:
    frame = write_frame(folder, sol_15_records()[TILE])
    frame.with_name(f"{frame.stem}-metadata.json").write_text("<html>busy</html>")
    return [str(frame)]


def _stored_record(folder: Path) -> list[str]:
    """A frame with the record of a tool that stores no attitude beside it."""
    path = folder / FLAT_RECORD.name.replace("-metadata.json", ".png")
    Picture.new("L", (1288, 968)).save(path)
    (folder / FLAT_RECORD.name).write_bytes(FLAT_RECORD.read_bytes())
    return [str(path)]


def _disagreeing_records(folder: Path) -> list[str]:
    record = sol_15_records()[TILE]
    other = {**record, "attitude": "(1.0,0.0,0.0,0.0)"}
    feed = write_feed(folder / "feed.json", [record, other])
    return [str(write_frame(folder, record)), "--metadata", str(feed)]


def _stretched_copy(folder: Path) -> list[str]:
    record = sol_15_records()[TILE]
    path = folder / f"{TILE}01_1200.jpg"
    Picture.new("L", (1200, 800)).save(path)
    return [str(path), "--metadata", str(write_feed(folder / "feed.json", [record]))]


def _speck(folder: Path) -> list[str]:
    """A sized copy of an image that claims a million times its pixels."""
    record = sol_15_records()[TILE]
    record["extended"]["dimension"] = "(1288000000,976000000)"
    path = folder / f"{TILE}01_1200.jpg"
    Picture.new("L", (1200, 909)).save(path)
    return [str(path), "--metadata", str(write_feed(folder / "feed.json", [record]))]


def _two_stops(folder: Path) -> list[str]:
    return [str(EAST), *_label()(folder)]


HOSTILE: list[Hostile] = [
    # records of the feed that do not place their frame
    Hostile("attitude UNK", _frame_with(attitude="UNK"), 4, "no attitude in the record"),
    Hostile("attitude missing", _frame_with(attitude=None), 4, "no attitude in the record"),
    Hostile("attitude not stored", _stored_record, 4, "no attitude in the record"),
    Hostile("attitude not unit", _frame_with(attitude="(2,0,0,0)"), 4, "must have length 1"),
    Hostile("attitude of three", _frame_with(attitude="(1,0,0)"), 4, "attitude is not 4 numbers"),
    Hostile("attitude of words", _frame_with(attitude="(one,0,0,0)"), 4, "attitude is not a number: one"),
    Hostile("attitude not finite", _frame_with(attitude=[float("nan"), 0, 0, 0]), 4, "is not a number"),
    Hostile("model UNK", _frame_with(camera_model_type="UNK"), 4, "no camera model in the record"),
    Hostile("model missing", _frame_with(camera_model_component_list=None), 4, "no camera model"),
    Hostile("model unheard of", _frame_with(camera_model_type="PSPH"), 4, "is none of CAHV, CAHVOR"),
    Hostile("model a number", _frame_with(camera_model_component_list=7), 4, "is not a list of components"),
    Hostile("model too short", _frame_with(camera_model_type="CAHVOR"), 4, "has 6 components"),
    Hostile(
        "vector nan", _frame_with(camera_model_component_list=_model(1, "(nan,0,0)")), 4, "A of the camera"
    ),
    Hostile("vector UNK", _frame_with(camera_model_component_list=_model(0, "UNK")), 4, "C of the camera"),
    Hostile(
        "axis of length 2", _frame_with(camera_model_component_list=_model(1, "(2,0,0)")), 4, "unit vector"
    ),
    Hostile(
        "degenerate model",
        _frame_with(camera_model_component_list=_model(2, "(168.933,236.261,3105.92)")),
        4,
        "is degenerate",
    ),
    Hostile("type 7", _frame_with(camera_model_component_list=_model(7, "7.0")), 4, "type 7"),
    Hostile("type UNK", _frame_with(camera_model_component_list=_model(7, "UNK")), 4, "MTYPE of the camera"),
    Hostile("site UNK", _frame_with(site="UNK"), 4, "at which stop the rover stood"),
    Hostile("drive of words", _frame_with(drive="far"), 4, "drive is not a number: far"),
    Hostile("drive of parts", _frame_with(drive="188.5"), 4, "drive is not a whole number"),
    Hostile("thumbnail", _frame_with(THUMBNAIL), 4, "thumbnail"),
    Hostile("wrong size", _frame_with(dimension="(1280,960)"), 4, "its record describes 960 x 1280"),
    Hostile("absurd size", _frame_with(dimension="(1e12,1e12)"), 4, "its record describes 1000000000000"),
    Hostile("no size at all", _frame_with(dimension="(0,0)"), 4, "at least one pixel"),
    Hostile("stretched copy", _stretched_copy, 4, "is no resized copy"),
    Hostile("copy of a giant", _speck, 4, "is degenerate"),
    Hostile(
        "absurd vector", _frame_with(camera_model_component_list=_model(2, "(1e200,0,0)")), 4, "is absurd"
    ),
    Hostile("no record", _unrelated_feed, 4, "no record in feed.json"),
    Hostile("no feed", _no_feed, 4, "pass its feed with --metadata"),
    Hostile("broken sidecar", _broken_sidecar, 4, "is not JSON"),
    Hostile("two records", _disagreeing_records, 4, "2 records in feed.json disagree"),
    # feeds that cannot be read
    Hostile("missing feed", _missing_feed, 2, "feed.json: no such file"),
    Hostile("empty feed", _feed(b""), 2, "feed.json: is empty"),
    Hostile("error page as feed", _feed(b"<html>503</html>"), 2, "feed.json: is not JSON"),
    Hostile("feed in Latin-1", _feed('{"images": ["é"]}'.encode("latin-1")), 2, "is not UTF-8"),
    Hostile("feed a string", _feed(b'"images"'), 2, "holds no image records"),
    Hostile("feed a list of numbers", _feed(b"[1, 2]"), 2, "holds no image records"),
    Hostile("feed without a list", _feed(b'{"images": {"imageid": 1}}'), 2, "holds no image records"),
    Hostile("feed nested deeply", _feed(b"[" * 200_000), 2, "is not JSON"),
    Hostile("feed of a huge number", _feed(b"[" + b"9" * 100_000 + b"]"), 2, "is not JSON"),
    # frames that cannot be read
    Hostile("missing file", _missing, 2, "nothing.IMG: no such file"),
    Hostile("directory", _directory, 2, "is a directory"),
    Hostile("empty file", _file("a.png", b""), 2, "a.png: is empty"),
    Hostile("no product", _file("a.png", b"GIF89a" + bytes(50)), 2, "is none of PNG, JPEG"),
    Hostile("feed as a frame", _file("feed.json", json.dumps({"images": []}).encode()), 2, "--metadata"),
    Hostile("PNG cut off", _picture(lambda png: png[: len(png) // 2]), 2, "is damaged or cut off"),
    Hostile("PNG of a signature", _picture(lambda png: png[:8]), 2, "damaged or cut off"),
    Hostile("PNG with a flipped byte", _picture(_flipped), 2, "is damaged or cut off"),
    Hostile("PNG that claims too much", _picture(_claim_65000_square), 2, "claims an absurd size"),
    Hostile(
        "JPEG cut off", _picture(lambda jpeg: jpeg[: len(jpeg) // 2], ".jpg"), 2, "is damaged or cut off"
    ),
    Hostile("JPEG for print", _picture(_cmyk, ".jpg"), 2, "of the kind CMYK"),
    # PDS3 products that cannot be read
    Hostile("pixels cut off", _cut(-100), 2, "pixels are cut off"),
    Hostile("label cut off", _cut(4000), 2, "has no END within"),
    Hostile("detached label", _pointer('("PIXELS.IMG",3)'), 2, "detached label"),
    Hostile("label names a secret", _pointer('"../../etc/passwd"'), 2, "detached label"),
    Hostile("pointer to nowhere", _pointer("999999999"), 2, "pixels are cut off"),
    Hostile("pointer before the file", _pointer("0"), 2, "no usable ^IMAGE"),
    Hostile("absurd lines", _claim(LINES="999999999"), 2, "is absurd"),
    Hostile("lines beyond float64", _claim(LINES="9" * 60), 2, "is absurd"),
    Hostile("negative lines", _claim(LINES="-4"), 2, "no usable LINES"),
    Hostile("lines UNK", _claim(LINES='"UNK"'), 2, "no usable LINES"),
    Hostile("no samples", _claim(LINE_SAMPLES="0"), 2, "impossible sizes"),
    Hostile("32 bit samples", _claim(SAMPLE_BITS="32"), 2, "samples of 32 bits"),
    Hostile("encoded pixels", _claim(ENCODING_TYPE="HUFFMAN"), 2, "encoded as HUFFMAN"),
    Hostile("label in Latin-1", _prefixed(b'NOTE = "Universit\xe4t"\r\n'), 2, "is not UTF-8"),
    Hostile("open quote", _prefixed(b'NOTE = "for ever\r\n' + b"x" * 400_000), 2, "has no end"),
    Hostile("open comment", _prefixed(b"/* for ever\r\n" + b"x" * 400_000), 2, "has no end"),
    Hostile("label without END", _prefixed(b"A = 1\r\n" * 60_000), 2, "has no END within"),
    Hostile("groups nested 1000 times", _prefixed(b"GROUP = A\r\n" * 1000), 2, "are nested"),
    Hostile("3000 parentheses", _prefixed(b"A = " + b"(" * 3000), 2, "are nested"),
    Hostile("group closed twice", _prefixed(b"END_GROUP = A\r\n"), 2, "was not begun"),
    Hostile("group closed as another", _prefixed(b"GROUP = A\r\nEND_GROUP = B\r\n"), 2, "A is closed as"),
    Hostile("value missing", _prefixed(b"A = = 3\r\n"), 2, "expected a keyword"),
    # labels that do not place their image
    Hostile("no camera group", _label(lambda label: without_group(label, _CAMERA)), 4, "no camera model"),
    Hostile("no rover group", _label(lambda label: without_group(label, _ROVER)), 4, f"no {_ROVER} in"),
    Hostile(
        "two camera groups", _prefixed(b"GROUP = GEOMETRIC_CAMERA_MODEL\r\nEND_GROUP\r\n"), 4, "2 groups"
    ),
    Hostile("model named wrongly", _group_keyword("MODEL_TYPE", "PINHOLE"), 4, "PINHOLE is none of"),
    Hostile("model without O", _group_keyword("MODEL_COMPONENT_5", '"N/A"'), 4, "O of the camera model"),
    Hostile(
        "model of another frame", _group_keyword("REFERENCE_COORD_SYSTEM_NAME", "SITE_FRAME"), 4, "SITE_FRAME"
    ),
    Hostile("vector of two", _group_keyword("MODEL_COMPONENT_2", "(1.0,0.0)"), 4, "is not 3 numbers"),
    Hostile("quaternion of zeros", _group_keyword("ORIGIN_ROTATION_QUATERNION", "(0,0,0,0)"), 4, "length 1"),
    Hostile("counter UNK", _group_keyword("ROVER_MOTION_COUNTER", '"UNK"'), 4, "no ROVER_MOTION_COUNTER"),
    Hostile("thumbnail product", _group_keyword("IMAGE_TYPE", "THUMBNAIL"), 4, "thumbnail"),
    Hostile(
        "id that writes on the terminal",
        _label(
            lambda label: with_keyword(
                without_group(label, _CAMERA), "PRODUCT_ID", '"NLB\x1b[2J\r\nERROR \x07all lost"'
            )
        ),
        4,
        "NLB [2J ERROR all lost: no camera model",
    ),
    # VICAR products
    Hostile(
        "VICAR without camera", _vicar(_replaced(b"'GEOMETRIC_CAMERA_MODEL'", b"'X'")), 4, "no camera model"
    ),
    Hostile("VICAR cut off", _vicar(lambda data: data[:-1]), 2, "pixels are cut off"),
    Hostile("VICAR open quote", _vicar(_replaced(b"FORMAT='HALF'", b"FORMAT='")), 2, "label is malformed"),
    Hostile("VICAR open list", _vicar(_replaced(b"('C','A','H'", b"(((((((((((")), 2, "label is malformed"),
    Hostile("VICAR compressed", _vicar(_replaced(b"COMPRESS='NONE'", b"COMPRESS='BASI'")), 2, "compressed"),
    Hostile("VICAR of doubles", _vicar(_replaced(b"FORMAT='HALF'", b"FORMAT='DOUB'")), 2, "format DOUB"),
    Hostile("VICAR record length", _vicar(_replaced(b"RECSIZE=2048", b"RECSIZE=2050")), 2, "RECSIZE is 2050"),
    Hostile("VICAR absurd", _vicar(_replaced(b"NB=1  N1=1024", b"NB=9999999")), 2, "is absurd"),
    Hostile(
        "VICAR label too long", _vicar(_replaced(b"LBLSIZE=16384   ", b"LBLSIZE=99999999")), 2, "label claims"
    ),
    Hostile("VICAR of no label", _file("a.VIC", b"LBLSIZE=UNK" + bytes(100)), 2, "no VICAR label"),
    # sound frames that do not go together
    Hostile("two stops", _two_stops, 2, "stops mixed"),
]
