"""The page's tiles beside the panorama they are cut from."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hinterland.products.cog import RasterWriter
from hinterland.products.geotiff import read_pyramid
from hinterland.publish.display import NO_DATA, Stretch
from hinterland.publish.tiles import TILE_PX, finest_zoom, write_tiles

LINES, SAMPLES = 700, 1201  # not a multiple of the tile, and odd once halved: edges of every kind
STRETCH = Stretch(low=500.0, high=3500.0)
JPEG_DN = 6.0  # a smooth picture at quality 88, 4:2:0 colours; roundings of the overviews are below 1


@pytest.fixture(params=[1, 3])
def panorama(request: pytest.FixtureRequest) -> NDArray[np.uint16]:
    """16 bits, smooth so that an error of place or level shows and JPEG's own error does not."""
    line, sample = np.mgrid[:LINES, :SAMPLES] / 200.0
    bands = [2000.0 + 1200.0 * np.sin(sample + band) * np.cos(line - band) for band in range(request.param)]
    return np.stack(bands).astype(np.uint16)


MASK = np.ones((LINES, SAMPLES), bool)
MASK[:128, :256] = False


def tiles_of(folder: Path, samples: NDArray[np.uint16], workers: int = 2) -> Path:
    path = folder / "panorama.tif"
    with RasterWriter(path, bands=len(samples), lines=LINES, samples=SAMPLES, dtype=np.uint16) as writer:
        writer.write(0, 0, samples, MASK)
        writer.finish()
    write_tiles(folder, (LINES, SAMPLES), partial(read_pyramid, path), STRETCH, workers)
    return folder / "tiles"


def joined(tiles: Path, zoom: int) -> NDArray[np.float64]:
    """All tiles of a zoom side by side: (bands, lines, samples)."""
    columns = sorted((tiles / f"{zoom}").iterdir(), key=lambda path: int(path.name))
    rows = []
    for row in range(len(list(columns[0].iterdir()))):
        line = []
        for column in columns:
            with Image.open(column / f"{row}.jpg") as tile:
                assert (tile.format, tile.size) == ("JPEG", (TILE_PX, TILE_PX))
                line.append(np.atleast_3d(np.asarray(tile, np.float64)))
        rows.append(np.concatenate(line, axis=1))
    return np.moveaxis(np.concatenate(rows), -1, 0)


def test_every_level_shows_the_average_of_the_panorama_where_it_lies(
    tmp_path: Path, panorama: NDArray[np.uint16]
) -> None:
    tiles = tiles_of(tmp_path, panorama)
    finest = finest_zoom(LINES, SAMPLES)
    assert sorted(path.name for path in tiles.iterdir()) == ["0", "1", "2"]
    for zoom in range(finest + 1):
        factor = 1 << (finest - zoom)
        lines, samples = LINES // factor, SAMPLES // factor  # what sticks out is not compared
        blocks = panorama[:, : lines * factor, : samples * factor].astype(float)
        averages = blocks.reshape(len(panorama), lines, factor, samples, factor).mean((2, 4))
        expected = np.clip((averages - STRETCH.low) * 255.0 / (STRETCH.high - STRETCH.low), 0.0, 255.0)
        shown = joined(tiles, zoom)
        # beside an edge to no data JPEG rings by as much as its blocks of colour, 16 pixels, reach
        inner = np.s_[:, 16:, 256 // factor + 16 : samples - 16]
        difference = np.abs(shown[:, :lines, :samples][inner] - expected[inner])
        assert difference[:, : lines - 32].max() < JPEG_DN
        hidden = shown[:, : 128 // factor - 16, : 256 // factor - 16]
        assert hidden.size > 0
        assert np.abs(hidden - NO_DATA).max() < JPEG_DN


def test_tiles_are_filled_up_beyond_the_edge(tmp_path: Path, panorama: NDArray[np.uint16]) -> None:
    shown = joined(tiles_of(tmp_path, panorama), 2)
    assert shown.shape[1:] == (2 * TILE_PX, 3 * TILE_PX)
    assert np.abs(shown[:, LINES + 16 :] - NO_DATA).max() < JPEG_DN
    assert np.abs(shown[:, :, SAMPLES + 16 :] - NO_DATA).max() < JPEG_DN


def test_tiles_do_not_depend_on_how_many_are_made_at_a_time(
    tmp_path: Path, panorama: NDArray[np.uint16]
) -> None:
    contents = []
    for workers in (1, 3):
        folder = tmp_path / f"{workers}"
        folder.mkdir()
        tiles = tiles_of(folder, panorama, workers)
        contents.append({path.relative_to(tiles): path.read_bytes() for path in tiles.rglob("*.jpg")})
    assert len(contents[0]) == 6 + 2 + 1
    assert contents[0] == contents[1]


def test_a_failure_to_write_is_raised(tmp_path: Path, panorama: NDArray[np.uint16]) -> None:
    (tmp_path / "tiles").write_text("in the way")
    with pytest.raises(OSError, match="tiles"):
        tiles_of(tmp_path, panorama)


@pytest.mark.parametrize(
    ("lines", "samples", "zoom"),
    [(1, 1, 0), (512, 512, 0), (513, 1, 1), (100, 1024, 1), (100, 1025, 2), (6000, 21600, 6)],
)
def test_the_finest_zoom_has_as_many_levels_below_it_as_the_raster_has_overviews(
    lines: int, samples: int, zoom: int
) -> None:
    assert finest_zoom(lines, samples) == zoom
