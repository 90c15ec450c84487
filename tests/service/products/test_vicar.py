import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from product_files import EAST

from hinterland.errors import InputError
from hinterland.model.products import Dropped, Image
from hinterland.products.pds3 import read_pds3
from hinterland.products.sources import Source, read_source
from hinterland.products.vicar import read_vicar, read_vicar_raster

FORMATS = {"BYTE": "u1", "HALF": "i2", "FULL": "i4", "REAL": "f4"}
AXES = {"BSQ": (0, 1, 2), "BIL": (1, 0, 2), "BIP": (1, 2, 0)}


def vicar_file(
    path: Path,
    samples: NDArray[np.generic],
    *,
    kind: str,
    big_endian: bool = True,
    organisation: str = "BSQ",
    header_records: int = 0,
    prefix: int = 0,
    more: str = "",
    end_label: str = "",
) -> Path:
    """Write samples (bands, lines, samples) as the VICAR format defines."""
    bands, lines, across = samples.shape
    ordered = np.ascontiguousarray(samples.transpose(AXES[organisation]))
    code = (">" if big_endian else "<") + FORMATS[kind]
    ordered = ordered.astype(code)
    record = prefix + ordered.shape[2] * ordered.itemsize
    label = (
        f"LBLSIZE=2000  FORMAT='{kind}'  TYPE='IMAGE'  DIM=3  EOL={int(bool(end_label))}  RECSIZE={record}  "
        f"ORG='{organisation}'  NL={lines}  NS={across}  NB={bands}  N1={ordered.shape[2]}  "
        f"N2={ordered.shape[1]}  N3={ordered.shape[0]}  NBB={prefix}  NLB={header_records}  "
        f"INTFMT='{'HIGH' if big_endian else 'LOW'}'  REALFMT='{'IEEE' if big_endian else 'RIEEE'}'  "
        f"COMPRESS='NONE'  {more}"
    )
    rows = ordered.reshape(-1, ordered.shape[2]).view(np.uint8)
    body = np.concatenate([np.full((len(rows), prefix), 0xAB, dtype=np.uint8), rows], axis=1)
    end = f"LBLSIZE=200  {end_label}".encode().ljust(200, b"\0") if end_label else b""
    header = bytes([0xCD]) * (header_records * record)
    path.write_bytes(label.encode().ljust(2000, b"\0") + header + body.tobytes() + end)
    return path


def shades(kind: str, bands: int = 1) -> NDArray[np.generic]:
    """Samples over the range of a format, none of which reads the same with its bytes reversed."""
    values = np.random.default_rng(3).integers(-120, 127, (bands, 11, 7))
    if kind == "BYTE":
        return np.abs(values).astype(np.uint8)
    return (values * {"HALF": 251, "FULL": 16_777_213, "REAL": 0.37}[kind]).astype(FORMATS[kind])


@pytest.mark.parametrize("big_endian", [True, False])
@pytest.mark.parametrize("kind", FORMATS)
def test_samples_are_those_that_gdal_reads(tmp_path: Path, kind: str, big_endian: bool) -> None:
    written = shades(kind)
    path = vicar_file(
        tmp_path / "a.vic", written, kind=kind, big_endian=big_endian, header_records=2, prefix=24
    )
    with rasterio.open(path) as dataset:
        expected = dataset.read()
    found = read_vicar_raster(path).samples
    assert found.dtype == written.dtype
    assert np.array_equal(found, expected)
    assert np.array_equal(found, written)


@pytest.mark.parametrize("prefix", [0, 6])
@pytest.mark.parametrize("organisation", AXES)
def test_bands_are_found_in_every_organisation(tmp_path: Path, organisation: str, prefix: int) -> None:
    written = shades("HALF", bands=3)
    path = vicar_file(
        tmp_path / "a.vic",
        written,
        kind="HALF",
        organisation=organisation,
        header_records=1,
        prefix=prefix,
    )
    assert np.array_equal(read_vicar_raster(path).samples, written)


def test_vax_numbers_become_ieee(tmp_path: Path) -> None:
    # the F format of the VAX architecture handbook: word-swapped, exponent excess 128, fraction 0.1f
    known = {
        1.0: 0x4080,
        -1.0: 0xC080,
        0.5: 0x4000,
        100.0: 0x43C8,
        0.3125: 0x3FA0,
        16777215.0: 0xFFFF4C7F,
        0.0: 0,
    }
    bits = np.array([[list(known.values())]], dtype="<u4").view("<f4")
    path = vicar_file(tmp_path / "a.vic", bits, kind="REAL", big_endian=False)
    path.write_bytes(path.read_bytes().replace(b"REALFMT='RIEEE'", b"REALFMT='VAX'  "))
    assert read_vicar_raster(path).samples.ravel().tolist() == list(known)


def test_a_galileo_label_gives_its_task_and_pixels(tmp_path: Path) -> None:
    # the form of Galileo's Antarctica strip: two binary header records, 200 bytes before each line
    written = shades("BYTE")
    more = "TASK='TASK'  USER='RTO320'  DAT_TIM='Sun Dec  9 06:30:51 1990'  MISSION='GALILEO'  EXP=4.167"
    path = vicar_file(tmp_path / "42.img", written, kind="BYTE", header_records=2, prefix=200, more=more)
    raster = read_vicar_raster(path)
    assert np.array_equal(raster.samples, written)
    (task,) = raster.label.blocks
    assert task.name == "TASK TASK"
    assert (task.values["MISSION"], task.values["EXP"]) == ("GALILEO", 4.167)
    assert raster.label.values["NBB"] == 200
    dropped = read_vicar(read_source(path))
    assert isinstance(dropped, Dropped)
    assert (dropped.product, dropped.reason) == ("42.img", "no camera model in the label")
    assert (dropped.sol, dropped.sha256) == (None, read_source(path).sha256)


def test_a_rover_product_without_a_camera_is_dropped_with_its_sol(tmp_path: Path) -> None:
    more = "PROPERTY='IDENTIFICATION'  PLANET_DAY_NUMBER=1614"
    path = vicar_file(tmp_path / "a.vic", shades("BYTE"), kind="BYTE", more=more)
    dropped = read_vicar(read_source(path))
    assert isinstance(dropped, Dropped)
    assert dropped.sol == 1614


def test_the_label_goes_on_after_the_pixels(tmp_path: Path) -> None:
    path = vicar_file(
        tmp_path / "a.vic",
        shades("BYTE"),
        kind="BYTE",
        end_label="PROPERTY='MAP'  NAME='it''s'  N=(3,5,'a, b')",
    )
    block = read_vicar_raster(path).label.need("MAP")
    assert block.values == {"NAME": "it's", "N": (3, 5, "a, b")}


def test_a_missing_end_label_means_a_file_cut_off(tmp_path: Path) -> None:
    path = vicar_file(tmp_path / "a.vic", shades("BYTE"), kind="BYTE", end_label="PROPERTY='MAP'")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match=r"a\.vic: no VICAR label where one should be"):
        read_vicar_raster(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 330), patch=st.text(alphabet="(),'= \x00-019ANLB", min_size=1, max_size=9))
def test_a_damaged_label_is_read_or_refused_but_never_a_fault(tmp_path: Path, place: int, patch: str) -> None:
    path = vicar_file(tmp_path / "a.vic", shades("BYTE"), kind="BYTE", end_label="PROPERTY='MAP'  N=(3,5)")
    data = path.read_bytes()
    path.write_bytes(data[:place] + patch.encode() + data[place + len(patch) :])
    with contextlib.suppress(InputError):
        read_vicar_raster(path)


def test_another_file_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="is not a VICAR file"):
        read_vicar_raster(EAST)


def test_the_vicar_half_of_a_product_says_what_its_pds3_half_says(tmp_path: Path) -> None:
    # MIPL's products carry both labels: from LBLSIZE on, the file is a VICAR file of its own
    data = EAST.read_bytes()
    path = tmp_path / "a.VIC"
    path.write_bytes(data[data.index(b"LBLSIZE=") :])
    found = read_vicar(read_source(path))
    expected = read_pds3(Source(path=path, data=data, sha256=read_source(path).sha256))
    assert isinstance(found, Image)
    assert isinstance(expected, Image)
    assert found.product == expected.product
    assert np.array_equal(found.samples, expected.samples)
    assert (found.largest, found.mask.all()) == (4095.0, True)


def test_real_samples_that_are_not_finite_are_masked(tmp_path: Path) -> None:
    data = EAST.read_bytes()
    label = data[data.index(b"PROPERTY='IDENTIFICATION'") : data.index(b"TASK='MERTELEM'")].decode()
    radiance = np.array([[[0.25, np.nan, 7.5], [np.inf, 0.0, 1.5]]], dtype=np.float32)
    record = radiance.astype(">f4").tobytes()
    head = "LBLSIZE=20000  FORMAT='REAL'  ORG='BSQ'  NL=2  NS=3  NB=1  REALFMT='IEEE'  "
    found = read_vicar(
        Source(path=tmp_path / "a.VIC", data=(head + label).encode().ljust(20000, b"\0") + record, sha256="")
    )
    assert isinstance(found, Image)
    # the label's MISSING_CONSTANT is 0
    assert found.mask.tolist() == [[True, False, True], [False, False, True]]
    assert found.samples.tolist() == [[[0.25, 0.0, 7.5], [0.0, 0.0, 1.5]]]
    assert (found.samples.dtype, found.largest) == (np.float32, 7.5)


def test_integers_beyond_16_bits_become_real(tmp_path: Path) -> None:
    data = EAST.read_bytes()
    label = data[data.index(b"PROPERTY='IDENTIFICATION'") : data.index(b"TASK='MERTELEM'")].decode()
    head = "LBLSIZE=20000  FORMAT='FULL'  ORG='BSQ'  NL=1  NS=3  NB=1  INTFMT='HIGH'  "
    body = (head + label).encode().ljust(20000, b"\0") + struct.pack(">3i", 70_000, -5, 300)
    found = read_vicar(Source(path=tmp_path / "a.VIC", data=body, sha256=""))
    assert isinstance(found, Image)
    assert found.samples.tolist() == [[[70_000.0, 0.0, 300.0]]]
    assert found.mask.tolist() == [[True, False, True]]
