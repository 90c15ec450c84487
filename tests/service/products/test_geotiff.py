from pathlib import Path

import numpy as np
import pytest

from hinterland.errors import InputError
from hinterland.products.cog import RasterWriter
from hinterland.products.geotiff import read_reduced

LINES, SAMPLES = 1031, 1553


def test_a_reduced_read_averages_valid_samples_only(tmp_path: Path) -> None:
    line, sample = np.mgrid[:LINES, :SAMPLES]
    mask = (sample > 40 + 0.3 * line) & ((line - 500) ** 2 + (sample - 900) ** 2 > 100**2)
    samples = np.full((3, LINES, SAMPLES), 1000, np.uint16)
    samples[:, :, SAMPLES // 2 :] = 3000
    path = tmp_path / "out.tif"
    with RasterWriter(path, lines=LINES, samples=SAMPLES, bands=3, dtype="uint16") as writer:
        writer.write(0, 0, samples, mask)
        writer.finish()
    reduced, valid = read_reduced(path, 100, 150)
    assert reduced.shape == (3, 100, 150)
    assert valid.shape == (100, 150)
    assert reduced[:, valid].min() == 1000
    assert reduced[:, valid].max() == 3000
    expected = mask[5::10, 5::10][:100, :150]
    assert (valid != expected).mean() < 0.03  # the edges, 300 of 15,000 pixels, may move by one


def test_what_is_no_geotiff_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "no.tif").write_bytes(b"II*")
    with pytest.raises(InputError, match=r"no\.tif: cannot be read as a GeoTIFF"):
        read_reduced(tmp_path / "no.tif", 10, 10)
