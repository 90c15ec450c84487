"""Labels and the products behind them: PDS3, VICAR, and what bounds a label for GDAL."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np
import pytest
from fuzzing import damaged, fuzz, lines_of, outcome
from hypothesis import given
from hypothesis import strategies as st
from map_labels import SOUND, isis3_label, pds3_label, vicar_label
from product_files import CURIOSITY_LABEL, HAZCAM_LABEL, label_of, pds3_product

from hinterland.errors import InputError
from hinterland.model.products import Dropped, Image
from hinterland.products.camera_models import camera_from_label
from hinterland.products.fields import FieldError
from hinterland.products.label_checks import check_text_label
from hinterland.products.labels import LabelError
from hinterland.products.odl import number_in_base, parse_label
from hinterland.products.pds3 import read_pds3
from hinterland.products.sources import Source
from hinterland.products.vicar import read_vicar

WORDS = [
    "PDS_VERSION_ID",
    "=",
    "PDS3",
    "\r\n",
    "RECORD_BYTES",
    "^IMAGE",
    "OBJECT",
    "END_OBJECT",
    "GROUP",
    "END_GROUP",
    "IMAGE",
    "LINES",
    "LINE_SAMPLES",
    "SAMPLE_BITS",
    "SAMPLE_TYPE",
    "MSB_INTEGER",
    "BANDS",
    "END",
    "(",
    ")",
    "{",
    "}",
    ",",
    "=",
    "<",
    ">",
    "<deg>",
    '"',
    "'",
    "/*",
    "*/",
    "16",
    "1.5e3",
    "2#11#",
    "UNK",
]
VICAR_WORDS = [
    "LBLSIZE=240",
    "FORMAT='BYTE'",
    "NL=10",
    "NS=10",
    "NB=1",
    "ORG='BSQ'",
    "PROPERTY='A'",
    "TASK='B'",
    "(",
    ")",
    ",",
    "'",
    "''",
    "=",
    "EOL=1",
]
LABELS = (label_of(CURIOSITY_LABEL), label_of(HAZCAM_LABEL))
PRODUCT = pds3_product(LABELS[0], np.arange(1, 481, dtype=np.int16).reshape(1, 20, 24))
VICAR = SOUND["sound.VIC"]


def source(data: bytes) -> Source:
    return Source(path=Path("fuzzed.IMG"), data=data, sha256=hashlib.sha256(data).hexdigest())


def check(found: Image | Dropped | None) -> None:
    """What was read, if it was, is one of the two things, and fit to be shown."""
    if found is None:
        return
    if isinstance(found, Dropped):
        assert found.reason.isprintable()
        return
    assert found.samples.shape[1:] == found.mask.shape
    assert found.product.product_id.isprintable()


@fuzz
@given(data=damaged(*LABELS) | lines_of(WORDS))
def test_an_odl_label_is_read_or_refused(data: bytes) -> None:
    label = outcome(lambda: parse_label(data), LabelError)
    if label is None:
        return
    for block in label.walk():
        with contextlib.suppress(FieldError):
            label.find(block.name)
    with contextlib.suppress(FieldError):
        camera_from_label(label, 1024, 1024)


@fuzz
@given(data=damaged(PRODUCT))
def test_a_pds3_product_is_read_dropped_or_refused(data: bytes) -> None:
    check(outcome(lambda: read_pds3(source(data)), InputError))


@fuzz
@given(
    data=damaged(VICAR, vicar_label())
    | lines_of(VICAR_WORDS).map(lambda text: b"LBLSIZE=240 " + text.ljust(300))
)
def test_a_vicar_product_is_read_dropped_or_refused(data: bytes) -> None:
    check(outcome(lambda: read_vicar(source(data)), InputError))


@fuzz
@given(data=damaged(pds3_label("9"), isis3_label(""), *LABELS) | lines_of(WORDS))
def test_a_label_is_bounded_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bounded.lbl"
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        check_text_label(path)


@fuzz
@given(text=st.text(max_size=80) | st.from_regex(r"[0-9]{1,3}#[+-]?[0-9A-Za-z]{0,70}#"))
def test_a_number_in_a_base_is_a_number_or_none(text: str) -> None:
    number = number_in_base(text)
    assert number is None or isinstance(number, int)
