import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from hinterland.errors import InputError
from hinterland.maps.ground import NO_LAYER, body_radius, compose_ground
from hinterland.maps.ground_picture import printed, typical_tone
from hinterland.maps.local_frame import LocalFrame, MapGrid
from hinterland.products.basemaps import BaseMap, open_base_map

FRAME = LocalFrame(longitude_deg=0.0, latitude_deg=0.0, radius_m=3396190.0)
GRID = MapGrid(frame=FRAME, east_m=-100.0, north_m=100.0, metres_per_sample=1.0, lines=200, samples=200)
MARS = "+proj=eqc +R=3396190 +units=m"


def base_map(
    path: Path,
    grey: int | NDArray[np.float64],
    size_m: float,
    east: tuple[float, float],
    *,
    crs: str = MARS,
    nodata: Any = None,
) -> BaseMap:
    """A raster beyond the grid to south and north, between two eastings (m): plain, or of given columns."""
    lines, samples = math.ceil(300.0 / size_m), round((east[1] - east[0]) / size_m)
    transform = Affine(size_m, 0.0, east[0], 0.0, -size_m, 150.0)
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=lines, width=samples, dtype="uint8", crs=crs,
        transform=transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(np.broadcast_to(np.rint(grey), (1, lines, samples)).astype(np.uint8))
    return open_base_map(path)


def column(picture: NDArray[np.uint8], sample: int) -> int:
    values = np.unique(picture[:, sample, :])
    assert values.size == 1
    return int(values[0])


def test_the_finer_base_map_lies_on_the_coarser_whatever_their_order(tmp_path: Path) -> None:
    fine = base_map(tmp_path / "fine.tif", 200, 0.5, (0.0, 150.0))
    coarse = base_map(tmp_path / "coarse.tif", 100, 6.0, (-150.0, 150.0))
    for given in ((fine, coarse), (coarse, fine)):
        ground = compose_ground(given, GRID)
        assert [layer.path.name for layer in ground.layers] == ["fine.tif", "coarse.tif"]
        assert [layer.sample_m for layer in ground.layers] == pytest.approx([0.5, 6.0], rel=1e-6)
        assert ground.layer[50, 20] == 1
        assert ground.layer[50, 180] == 0


def test_the_join_is_feathered_and_does_not_jump(tmp_path: Path) -> None:
    ramp = np.linspace(250.0, 90.0, 300)  # level with the coarse one in the middle, 80 brighter at the join
    fine = base_map(tmp_path / "fine.tif", ramp, 0.5, (0.0, 150.0))
    coarse = base_map(tmp_path / "coarse.tif", 100, 6.0, (-150.0, 150.0))
    line = compose_ground((fine, coarse), GRID).picture[100, :, 0].astype(int)
    steps, top = np.diff(line), int(line.argmax())
    assert line[:98].max() == 100
    assert line[top] > 130
    assert (steps[:top] >= 0).all()
    assert steps.max() <= math.ceil((line[top] - 100) / (200.0 / 60.0)) + 3  # a sixtieth of the map's width
    assert ((line[:top] > 100) & (line[:top] < line[top])).sum() >= 2


def ground_of(east: NDArray[np.float64]) -> NDArray[np.float64]:
    """A grey that depends on the easting (m)."""
    return 120.0 + 30.0 * np.sin(east / 13.0)


def mean_ground(size_m: float, first_m: float, count: int) -> NDArray[np.float64]:
    """As samples of a size show it."""
    fine = first_m + 0.1 * (np.arange(round(count * size_m / 0.1)) + 0.5)
    return ground_of(fine).reshape(count, -1).mean(axis=1)


def test_a_finer_base_map_of_another_tone_is_level_with_the_ground_around_it(tmp_path: Path) -> None:
    fine = base_map(tmp_path / "fine.tif", (mean_ground(0.5, 0.0, 300) - 15.0) / 1.5, 0.5, (0.0, 150.0))
    coarse = base_map(tmp_path / "coarse.tif", mean_ground(3.0, -150.0, 100), 3.0, (-150.0, 150.0))
    ground = compose_ground((fine, coarse), GRID)
    assert ground.layers[1].tone == (1.0, 0.0)
    # a wave is 27 coarse samples: means over two of them keep 0.995 of its height
    assert ground.layers[0].tone.gain == pytest.approx(1.5, rel=0.05)
    east = np.arange(200) - 99.5
    off = ground.picture[100, :, 0] - ground_of(east)
    assert np.abs(off[110:]).max() < 4.0  # untouched it would be 25 darker in the mean
    assert np.abs(off[:100]).max() < 6.0  # the coarse one, between its samples


def test_one_that_hides_all_others_keeps_its_tone(tmp_path: Path) -> None:
    here = base_map(tmp_path / "here.tif", 200, 0.5, (-150.0, 150.0))
    hidden = base_map(tmp_path / "hidden.tif", 50, 6.0, (-150.0, 150.0))
    ground = compose_ground((here, hidden), GRID)
    assert set(np.unique(ground.picture)) == {200}
    assert ground.layers[0].tone == (1.0, 0.0)


def test_those_that_only_touch_keep_their_tones(tmp_path: Path) -> None:
    left = base_map(tmp_path / "left.tif", 200, 0.5, (-150.0, 0.0))
    right = base_map(tmp_path / "right.tif", 100, 6.0, (0.0, 150.0))
    picture = compose_ground((left, right), GRID).picture
    assert (column(picture, 20), column(picture, 180)) == (200, 100)


def test_where_there_is_no_coarser_one_the_finer_ends_without_fading(tmp_path: Path) -> None:
    ground = compose_ground((base_map(tmp_path / "fine.tif", 200, 0.5, (0.0, 150.0)),), GRID)
    assert set(np.unique(ground.picture[~ground.empty])) == {200}
    assert ground.empty.mean() == pytest.approx(0.5, abs=0.01)
    assert ground.layers[0].share == pytest.approx(0.5, abs=0.01)
    assert set(np.unique(ground.layer)) == {NO_LAYER, 0}


def test_samples_above_a_two_hundredth_of_the_map_are_coarse(tmp_path: Path) -> None:
    near = base_map(tmp_path / "near.tif", 100, 0.9, (-150.0, 0.0))
    far = base_map(tmp_path / "far.tif", 100, 1.1, (0.0, 150.0))
    ground = compose_ground((near, far), GRID)  # 200 m: 1 m
    assert [layer.is_coarse for layer in ground.layers] == [False, True]
    assert not ground.coarse[100, 20]
    assert ground.coarse[100, 180]


def test_a_base_map_that_shows_nothing_is_left_out(tmp_path: Path) -> None:
    here = base_map(tmp_path / "here.tif", 100, 1.0, (-150.0, 150.0))
    hidden = base_map(tmp_path / "hidden.tif", 50, 6.0, (-150.0, 150.0))
    elsewhere = base_map(tmp_path / "elsewhere.tif", 50, 0.5, (400.0, 500.0))
    blank = base_map(tmp_path / "blank.tif", 0, 0.5, (-150.0, 150.0), nodata=0)
    ground = compose_ground((here, hidden, elsewhere, blank), GRID)
    assert [layer.path.name for layer in ground.layers] == ["here.tif"]
    assert set(np.unique(ground.picture)) == {100}


def test_base_maps_of_two_bodies_are_not_one_map(tmp_path: Path) -> None:
    mars = base_map(tmp_path / "mars.tif", 100, 1.0, (0.0, 50.0))
    flattened = base_map(tmp_path / "flat.tif", 100, 1.0, (0.0, 50.0), crs="IAU_2015:49912")
    earth = base_map(tmp_path / "earth.tif", 100, 1.0, (0.0, 50.0), crs="EPSG:3395")
    assert body_radius((mars, flattened)) == 3396190.0
    with pytest.raises(InputError, match=r"earth\.tif: its body has a radius of 6378 km"):
        body_radius((mars, earth))


def test_print_hatches_coarse_ground_and_dots_no_ground(tmp_path: Path) -> None:
    fine = base_map(tmp_path / "fine.tif", 100, 0.5, (-50.0, 0.0))
    coarse = base_map(tmp_path / "coarse.tif", 100, 6.0, (0.0, 50.0))
    ground = compose_ground((fine, coarse), GRID)
    picture = printed(ground, pitch=10.0)
    sharp = (ground.layer == 0) & ~ground.coarse
    assert set(np.unique(picture[sharp])) == {100}
    hatched = picture[ground.coarse][:, 0]
    assert hatched.min() == 100  # between the lines the ground is as it is
    assert 130 < hatched.max() < 200
    assert 0.1 < (hatched > 100).mean() < 0.5
    plain, dotted = printed(ground, 10.0, plain=True)[ground.empty], picture[ground.empty]
    assert np.unique(plain).size == 1
    assert np.unique(dotted).size == 2
    assert typical_tone(ground, 1) == (100, 100, 100)
