"""Small product files made of real labels and records, sound ones; `hostile` makes the others of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

_DATA = Path(__file__).parent / "data"
OPPORTUNITY = Path(__file__).parents[1] / "examples" / "mer_navcam_pair"
EAST = OPPORTUNITY / "1N491020376ILFCNY9P0706L0M1.IMG"
SOUTH_EAST = OPPORTUNITY / "1N491020519ILFCNY9P0706L0M1.IMG"
CURIOSITY_LABEL = _DATA / "rover_labels" / "NLB_540789543EDR_F0610924NCAM00207M1.lbl"
HAZCAM_LABEL = _DATA / "rover_labels" / "1F490747543EFFCNY9P1214L0M1.lbl"
SOL_15_FEED = _DATA / "raw_image_feeds" / "m2020_raw_images_sol0015.json"
SOL_3000_FEED = _DATA / "raw_image_feeds" / "msl_raw_image_items_sol3000.json"
FLAT_RECORD = (
    _DATA / "raw_image_feeds" / "NLF_0670_0726421423_362ECM_N0320604NCAM08111_01_095J01-metadata.json"
)

TILE = "NLE_0015_0668275956_042ECM_N0030188NCAM00400_05_0LLJ"
"""A full-resolution Navcam tile of sol 15, 976 lines x 1288 samples."""
THUMBNAIL = "NRF_0015_0668287188_861ECM_T0030386NCAM03001_13_600J"
"""A thumbnail of sol 15, 60 lines x 80 samples."""

_RECORD_BYTES = 2048
_IMAGE = re.compile(rb"(OBJECT += IMAGE\r\n)(.*?)(END_OBJECT)", re.DOTALL)


def sol_15_records() -> dict[str, dict[str, Any]]:
    """The records of sol 15 by product id."""
    return {record["imageid"]: record for record in json.loads(SOL_15_FEED.read_text())["images"]}


def size_of(record: dict[str, Any]) -> tuple[int, int]:
    """Lines and samples by a record's `dimension`."""
    samples, lines = json.loads("[" + record["extended"]["dimension"][1:-1] + "]")
    return lines, samples


def write_feed(path: Path, records: list[dict[str, Any]]) -> Path:
    """Write a feed in the Mars 2020 form."""
    path.write_text(json.dumps({"images": records}))
    return path


def write_frame(folder: Path, record: dict[str, Any], pixels: NDArray[np.uint8] | None = None) -> Path:
    """Write the frame of a record as the site names it: a grey ramp unless pixels are given."""
    path = folder / f"{record['imageid']}01.png"
    if pixels is None:
        lines, samples = size_of(record)
        pixels = np.broadcast_to(np.linspace(30, 220, samples).astype(np.uint8), (lines, samples))
    Picture.fromarray(np.ascontiguousarray(pixels)).save(path, compress_level=1)
    return path


def label_of(path: Path) -> bytes:
    """The PDS3 label of a product, without the padding behind it."""
    data = path.read_bytes()
    end = re.search(rb"\r\nEND\r\n", data)
    assert end is not None
    return data[: end.end()]


def with_keyword(label: bytes, keyword: str, value: str) -> bytes:
    """Change the first occurrence of a keyword in a label."""
    changed, count = re.subn(
        rb"(?m)^( *" + re.escape(keyword.encode()) + rb" *= )(?:\([^)]*\)|[^\r\n]*)",
        lambda match: match[1] + value.encode(),
        label,
        count=1,
    )
    assert count == 1, f"the label has no {keyword}"
    return changed


def with_image_keyword(label: bytes, keyword: str, value: str) -> bytes:
    """Change or add a keyword of the label's IMAGE object."""
    image = _IMAGE.search(label)
    assert image is not None
    line = f"  {keyword} = {value}\r\n".encode()
    kept = re.sub(rb"(?m)^ *" + re.escape(keyword.encode()) + rb" *= [^\r\n]*\r\n", b"", image[2])
    return label[: image.start(2)] + kept + line + label[image.end(2) :]


def without_group(label: bytes, name: str) -> bytes:
    """Take a group out of a label."""
    pattern = rb"GROUP += " + name.encode() + rb"\r\n.*?END_GROUP[^\r\n]*\r\n"
    changed, count = re.subn(pattern, b"", label, flags=re.DOTALL)
    assert count == 1, f"the label has no {name}"
    return changed


def pds3_product(
    label: bytes, samples: NDArray[np.generic], claims: Mapping[str, str] | None = None
) -> bytes:
    """Make a product of a real label and a few samples (bands, lines, samples), big-endian.

    The camera model stays the label's: the image is the upper left corner of the original. The claims are
    keywords of the IMAGE object, or "^IMAGE", that say something else than the truth.
    """
    bands, lines, across = samples.shape
    truth = {
        "BANDS": str(bands),
        "LINES": str(lines),
        "LINE_SAMPLES": str(across),
        "SAMPLE_BITS": str(8 * samples.dtype.itemsize),
        "CHECKSUM": str(int(samples.sum(dtype=np.int64))),
    }
    said = {**truth, **(claims or {})}
    pointer = said.pop("^IMAGE", None)
    for keyword, value in said.items():
        label = with_image_keyword(label, keyword, value)
    records = -(-len(label) // _RECORD_BYTES) + 1
    label = with_keyword(label, "^IMAGE", pointer or str(records + 1)).ljust(records * _RECORD_BYTES)
    return label + samples.astype(samples.dtype.newbyteorder(">")).tobytes()
