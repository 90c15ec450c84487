from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from hinterland.maps.skyline_trace import trace_skyline

GALE = Path(__file__).parents[2] / "data" / "gale_stop"


def scene(edge: NDArray[np.float64], lines: int, *, sky: float = 140.0) -> NDArray[np.float32]:
    """Smooth sky above the edge, ground with rocks brighter and darker than it below."""
    generator = np.random.default_rng(29)
    shape = lines, len(edge)
    below = np.clip(np.arange(lines)[:, None] - edge[None, :] + 0.5, 0.0, 1.0)
    rocks = 120.0 * ndimage.gaussian_filter(generator.normal(size=shape), 1.5)
    picture = (1.0 - below) * sky + below * (100.0 + rocks) + generator.normal(scale=1.0, size=shape)
    return picture.astype(np.float32)


def test_the_skyline_is_traced_to_a_fraction_of_a_line_above_stronger_edges() -> None:
    edge = 60.0 + 15.0 * np.sin(np.arange(400) / 40.0)
    picture = scene(edge, 150)
    jumps = np.abs(np.diff(ndimage.gaussian_filter1d(picture, 1.0, axis=0), axis=0))
    at_edge = jumps[np.round(edge).astype(int), np.arange(400)]
    assert np.mean(jumps.max(axis=0) > 1.5 * at_edge) > 0.5  # the strongest edge of a column is another
    traced = trace_skyline(picture[None], np.ones((150, 400), dtype=np.bool_), 400)
    # a rock at the edge that is as bright as the sky hides it; rocks are about four lines across
    assert np.mean(np.isfinite(traced)) > 0.97
    assert np.nanmedian(np.abs(traced - edge)) < 0.5
    assert np.nanpercentile(np.abs(traced - edge), 95) < 4.0


def test_columns_are_averages_of_samples() -> None:
    edge = np.full(400, 50.25)
    traced = trace_skyline(scene(edge, 120)[None], np.ones((120, 400), dtype=np.bool_), 100)
    assert traced.shape == (100,)
    assert np.nanmedian(traced) == pytest.approx(50.25, abs=0.4)


def test_gaps_above_the_sky_and_in_the_panorama_are_no_edges() -> None:
    edge = np.full(300, 70.0)
    picture, mask = scene(edge, 140), np.ones((140, 300), dtype=np.bool_)
    mask[:30, 100:200] = False
    mask[:, 220:250] = False
    picture[~mask] = 0.0
    traced = trace_skyline(picture[None], mask, 300)
    assert np.isnan(traced[225:245]).all()
    assert np.nanmedian(np.abs(traced[100:200] - 70.0)) < 1.0
    assert np.mean(np.isfinite(traced[100:200])) > 0.95


def test_ground_up_to_the_top_has_no_skyline() -> None:
    edge = np.full(200, -50.0)
    traced = trace_skyline(scene(edge, 100)[None], np.ones((100, 200), dtype=np.bool_), 200)
    assert np.mean(np.isfinite(traced)) < 0.1


def test_nothing_valid_has_no_skyline() -> None:
    traced = trace_skyline(np.zeros((3, 40, 50), dtype=np.float32), np.zeros((40, 50), dtype=np.bool_), 25)
    assert np.isnan(traced).all()


def test_the_rim_of_gale_is_found_in_haze() -> None:
    # read off the mosaic by eye at azimuths where nothing hides the rim, in lines of the reduced picture
    picture = np.asarray(Image.open(GALE / "panorama_top.png"), dtype=np.float32)
    traced = trace_skyline(picture[None], picture > 4, 962)
    for sample, line in ((1085, 77), (1280, 87), (1550, 70), (1700, 73)):
        assert abs(float(np.nanmedian(traced[sample // 2 - 3 : sample // 2 + 4])) - line) < 5.0


def test_more_columns_than_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="no 51 columns"):
        trace_skyline(np.zeros((1, 40, 50), dtype=np.float32), np.ones((40, 50), dtype=np.bool_), 51)
