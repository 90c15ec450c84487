"""PNG and JPEG frames, and rasters through the child that opens them first."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path

import pytest
from fuzzing import CASES, damaged, fuzz, outcome
from hypothesis import given
from hypothesis import strategies as st
from map_labels import SOUND
from map_rasters import textured, write_raster
from PIL import Image as Picture

from hinterland.errors import InputError
from hinterland.jobs.ingest import Given, Ingest, IngestLimits, Role
from hinterland.products.pictures import is_picture, picture_shape, read_picture
from hinterland.products.sources import Source
from hinterland.reasons import Reason


def _picture(kind: str, mode: str) -> bytes:
    buffer = io.BytesIO()
    Picture.fromarray(textured(24, 32, bands=3).transpose(1, 2, 0)).convert(mode).save(buffer, kind)
    return buffer.getvalue()


PICTURES = tuple(
    [_picture("PNG", mode) for mode in ("L", "RGB", "RGBA", "P", "1", "I;16")]
    + [_picture("JPEG", mode) for mode in ("L", "RGB", "CMYK")]
)


@fuzz
@given(data=damaged(*PICTURES))
def test_a_picture_is_decoded_or_refused(data: bytes) -> None:
    if not is_picture(data):
        return
    source = Source(path=Path("fuzzed.png"), data=data, sha256=hashlib.sha256(data).hexdigest())
    with warnings.catch_warnings():
        warnings.simplefilter("error", Picture.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # Pillow's, of damaged text chunks
        shape = outcome(lambda: picture_shape(source), InputError)
        if shape is None or shape[0] * shape[1] > 1 << 22:
            return
        pixels = outcome(lambda: read_picture(source), InputError)
    assert pixels is None or pixels.samples.shape[1:] == shape == pixels.mask.shape


_FILES_PER_CHILD = 100


@pytest.fixture(scope="module")
def rasters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Sound rasters of each format that GDAL reads for us."""
    folder = tmp_path_factory.mktemp("rasters")
    options = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    for name, chosen in {
        "plain.tif": {},
        "deflate.tif": {"compress": "DEFLATE", "predictor": 2},
        "zstd.tif": {"compress": "ZSTD"},
        "lzw.tif": {"compress": "LZW"},
        "jpeg.tif": {"compress": "JPEG"},
    }.items():
        write_raster(folder / name, textured(48, 48), **options, **chosen)
    write_raster(folder / "small.jp2", textured(48, 48), driver="JP2OpenJPEG")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".xml"} | SOUND


def test_damaged_rasters_never_reach_the_worker(
    rasters: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each gets a verdict, or is named as what killed its reader, and the next is read."""
    root = tmp_path_factory.mktemp("root")
    left = CASES
    with Ingest(root) as ingest:
        for batch in range(-(-CASES // _FILES_PER_CHILD)):
            count = min(left, _FILES_PER_CHILD)
            left -= count
            _inspect_damaged(ingest, root / str(batch), rasters, count)


def _inspect_damaged(ingest: Ingest, folder: Path, rasters: dict[str, bytes], count: int) -> None:
    given_files = []
    cases: list[tuple[str, bytes]] = []

    @fuzz
    @given(
        st.sampled_from(sorted(rasters)).flatmap(
            lambda name: st.tuples(st.just(name), damaged(rasters[name]))
        )
    )
    def collect(case: tuple[str, bytes]) -> None:
        cases.append(case)

    collect()
    for number, (name, data) in enumerate(cases[:count]):
        path = folder / str(number) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        given_files.append(Given(path=f"{number}/{name}", sha256=digest, role=Role.RASTER))
    while given_files:
        verdicts = ingest.inspect(folder, given_files, IngestLimits())
        assert verdicts, "a child that says nothing of its first file"
        if len(verdicts) < len(given_files):
            failure = verdicts[-1].failure
            assert failure is not None
            assert failure.reason in {Reason.INPUT_CRASHED_READER, Reason.INPUT_TOO_LARGE}
        given_files = given_files[len(verdicts) :]
