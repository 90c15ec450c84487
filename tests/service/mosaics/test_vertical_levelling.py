import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from hinterland.errors import InputError
from hinterland.model.previews import LevelPreview
from hinterland.mosaics.vertical_levelling import VerticalLevel, level_vertically

FACTOR = 4
NAMES = [f"{letter}.tif" for letter in "abcdef"]


def ground(lines: int = 90, samples: int = 400) -> NDArray[np.float32]:
    noise = np.random.default_rng(31).normal(size=(lines, samples))
    return (-2500.0 + 40.0 * ndimage.gaussian_filter(noise, 3.0)).astype(np.float32)


def cut(
    frame: int,
    first: int,
    last: int,
    plane: tuple[float, float, float] = (0.0, 0.0, 0.0),
    noise: float = 0.0,
    lines: tuple[int, int] = (0, 90),
) -> LevelPreview:
    """Samples first to last of the ground, with a plane added: at line 0, sample 0, and a rise per full sample."""
    values = ground()[lines[0] : lines[1], first:last].astype(np.float64)
    i, j = np.indices(values.shape)
    down, across = ((one + start + 0.5) * FACTOR - 0.5 for one, start in ((i, lines[0]), (j, first)))
    values += plane[0] + plane[1] * down + plane[2] * across
    values += np.random.default_rng(frame).normal(scale=noise, size=values.shape) if noise else 0.0
    return LevelPreview(
        frame=frame,
        line=lines[0],
        sample=first,
        values=values[None].astype(np.float32),
        mask=np.ones(values.shape, dtype=np.bool_),
    )


def at(level: VerticalLevel, line: int, sample: int) -> float:
    return float(level.on((line, sample, 1, 1))[0, 0])


def test_an_offset_and_a_tilt_are_taken_back_though_a_quarter_of_the_overlap_is_wrong() -> None:
    raster = cut(0, 100, 200, (12.0, 0.004, -0.003), noise=0.1)
    raster.values[0, :45, :50] += 30.0
    found = level_vertically([raster], NAMES, "plane", cut(9, 0, 400), FACTOR)[0]
    # 6700 good cells of 0.1 m: standard errors of 0.001 m in the middle, of 4e-5 / 4 m a sample
    for line, sample in ((0, 400), (359, 799), (180, 600)):
        assert at(found, line, sample) == pytest.approx(-(12.0 + 0.004 * line - 0.003 * sample), abs=0.02)
    assert found.per_line_m == pytest.approx(-0.004, abs=5e-5)
    assert found.per_sample_m == pytest.approx(0.003, abs=5e-5)
    assert found.offset_m == pytest.approx(at(found, 180, 600), abs=0.01)  # at the raster's own middle
    assert found.inlier_share == pytest.approx(0.75, abs=0.02)
    assert found.residual_nmad_m == pytest.approx(0.13, abs=0.03)  # of all, with the blunder


def test_an_offset_has_no_tilt() -> None:
    found = level_vertically([cut(3, 100, 200, (-7.5, 0.0, 0.0))], NAMES, "offset", cut(9, 0, 400), FACTOR)[3]
    assert found.offset_m == pytest.approx(7.5, abs=3e-4)  # float32 at 2500 m steps by 2.4e-4 m
    assert (found.per_line_m, found.per_sample_m) == (0.0, 0.0)
    assert found.overlap_cells == 88 * 98  # without the cells on the edge


def test_without_a_reference_a_row_is_levelled_to_the_first_through_its_neighbours() -> None:
    planes = [(0.0, 0.0, 0.0), (3.0, 0.002, -0.001), (-8.0, -0.003, 0.002), (5.0, 0.001, 0.001)]
    row = [cut(i, 90 * i, 90 * i + 130, plane, noise=0.02) for i, plane in enumerate(planes)]
    found = level_vertically(row, NAMES, "plane", None, FACTOR)
    assert found[0].offset_m == found[0].per_line_m == found[0].per_sample_m == 0.0
    for i, (offset, down, across) in enumerate(planes):
        middle = found[i].middle
        expected = -(offset + down * middle[0] + across * middle[1])
        # three overlaps of 3400 cells: 0.02 m / sqrt(3400), carried on by some widths of an overlap each time
        assert found[i].offset_m == pytest.approx(expected, abs=0.02)
        assert found[i].per_line_m == pytest.approx(-down, abs=5e-5)


def test_a_ring_closes_instead_of_adding_up_along_it() -> None:
    """Four quarters, each pair with its own error: the misclosure is shared, not left at the last joint."""
    quarters = [cut(0, 0, 220, lines=(0, 50)), cut(1, 180, 400, lines=(0, 50))]
    quarters += [cut(2, 180, 400, lines=(40, 90)), cut(3, 0, 220, lines=(40, 90))]
    quarters[1].values[0, :, :40] += 4.0  # what only the first sees of the second
    found = level_vertically(quarters, NAMES, "offset", None, FACTOR)
    steps = [found[i].offset_m - found[(i + 1) % 4].offset_m for i in range(4)]
    assert sum(steps) == pytest.approx(0.0, abs=1e-6)
    assert max(map(abs, steps)) < 3.5


def test_a_raster_that_touches_nothing_is_named() -> None:
    with pytest.raises(InputError, match=r"b\.tif: cannot be levelled to the reference.*--reference"):
        level_vertically([cut(1, 200, 300)], NAMES, "offset", cut(9, 0, 150), FACTOR)
    with pytest.raises(InputError, match=r"c\.tif: cannot be levelled to a\.tif by way of the others"):
        level_vertically([cut(0, 0, 100), cut(1, 50, 150), cut(2, 200, 300)], NAMES, "plane", None, FACTOR)


@pytest.mark.parametrize("wide", [4, 10])
def test_a_strip_gives_an_offset_but_no_plane(wide: int) -> None:
    """Of 200 cells a tenth and less: a tilt would be carried on fifty times the strip's spread and more."""
    pair = [cut(0, 0, 100), cut(1, 100 - wide, 290)]
    with pytest.raises(
        InputError, match=r"b\.tif: overlaps the others in a strip too narrow for a plane.*offset"
    ):
        level_vertically(pair, NAMES, "plane", None, FACTOR)
    assert level_vertically(pair, NAMES, "offset", None, FACTOR)[1].offset_m == pytest.approx(0.0, abs=1e-3)


def test_nothing_to_level_is_nothing() -> None:
    assert level_vertically([], NAMES, "plane", None, FACTOR) == {}
    alone = level_vertically([cut(0, 0, 50)], NAMES, "plane", None, FACTOR)[0]
    assert (alone.offset_m, alone.overlap_cells) == (0.0, 0)
