"""What seam finding promises; the oracles are enumeration, SciPy's maximum flow and OpenCV's graph cut."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from hinterland_kernels.seams import MOST_LEVELS, ImageWindow, label_seams, minimum_cut, seams_cost
from hinterland_kernels.seams._windows import groups_apart, touching_images

APOLLO = Path(__file__).parents[2] / "data" / "apollo15_overlap"

Labels = NDArray[np.int16]
Floats = NDArray[np.float32]

SEEDS = st.integers(0, 2**32 - 1)


def window(
    values: NDArray[np.generic], *, line: int = 0, sample: int = 0, mask: object = None
) -> ImageWindow:
    """An image that prefers nothing; valid everywhere unless a mask says otherwise."""
    lines, samples = values.shape[1:]
    return ImageWindow(
        line=line,
        sample=sample,
        values=values.astype(np.float32),
        mask=np.ones((lines, samples), bool) if mask is None else np.asarray(mask, bool),
        preference=np.zeros((lines, samples), np.float32),
    )


def flow_graph(
    source: NDArray[np.integer], sink: NDArray[np.integer], edges: list[NDArray[np.integer]], *, wraps: bool
) -> NDArray[np.int32]:
    """Capacities between pixels, source (last but one) and sink (last), as SciPy takes them."""
    lines, samples = source.shape
    n = lines * samples
    capacity = np.zeros((n + 2, n + 2), np.int32)
    capacity[n, :n], capacity[:n, n + 1] = source.ravel(), sink.ravel()
    for (down, right), edge in zip(((0, 1), (0, -1), (1, 0), (-1, 0)), edges, strict=True):
        for line, sample in np.ndindex(lines, samples):
            to_line, to_sample = line + down, sample + right
            if wraps:
                to_sample %= samples
            there = to_line * samples + to_sample
            here = line * samples + sample
            if 0 <= to_line < lines and 0 <= to_sample < samples and here != there:
                capacity[here, there] += edge[line, sample]
    return capacity


@given(
    seed=SEEDS,
    lines=st.integers(1, 7),
    samples=st.integers(1, 7),
    top=st.sampled_from([2, 5, 1009]),
    wraps=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_the_cut_carries_the_maximum_flow(
    seed: int, lines: int, samples: int, top: int, *, wraps: bool
) -> None:
    random = np.random.default_rng(seed)
    share = random.choice([0.2, 0.6, 1.0])
    source, sink, *edges = (
        random.integers(0, top, (lines, samples)) * (random.random((lines, samples)) < share)
        for _ in range(6)
    )
    side, carried = minimum_cut(source, sink, *edges, wraps=wraps)
    capacity = flow_graph(source, sink, edges, wraps=wraps)
    from_source = np.append(side.ravel(), [True, False])
    assert carried == maximum_flow(csr_array(capacity), lines * samples, lines * samples + 1).flow_value
    assert carried == capacity[np.ix_(from_source, ~from_source)].sum()


def test_of_equal_cuts_the_one_nearest_the_source_is_taken() -> None:
    chain = np.full((1, 5), 7)
    none = np.zeros((1, 5), int)
    source, sink = none.copy(), none.copy()
    source[0, 0], sink[0, -1] = 11, 11
    side, carried = minimum_cut(source, sink, chain, chain, none, none)
    assert carried == 7
    assert side.tolist() == [[True, False, False, False, False]]


def test_a_capacity_that_could_overflow_is_refused() -> None:
    none = np.zeros((2, 3), int)
    with pytest.raises(ValueError, match=r"0 \.\. 2\*\*26, got 0 \.\. 67108865"):
        minimum_cut(none, none, none, none, none, none + np.eye(2, 3, dtype=int) * (2**26 + 1))
    with pytest.raises(ValueError, match="integers of one shape"):
        minimum_cut(none, none.T, none, none, none, none)


def scene(
    random: np.random.Generator, images: int, shape: tuple[int, int], *, whole: bool
) -> list[ImageWindow]:
    """Random images over the whole canvas; where not whole, with holes."""
    made = []
    for _ in range(images):
        mask = np.ones(shape, bool) if whole else random.random(shape) < 0.7
        image = window(random.integers(0, 5, (2, *shape)), mask=mask)
        made.append(image._replace(preference=(random.integers(-4, 5, shape) / 4).astype(np.float32)))
    return made


def priced(
    labels: NDArray[np.integer], images: list[ImageWindow], length_cost: float, *, wraps: bool
) -> float:
    """The cost as the documentation of `label_seams` words it, pixel pair by pixel pair."""
    lines, samples = labels.shape
    cost = 0.0
    for p in np.ndindex(lines, samples):
        a = labels[p]
        if a < 0:
            continue
        cost -= float(images[a].preference[p])
        right = (p[1] + 1) % samples if wraps else p[1] + 1
        for q in ((p[0], right), (p[0] + 1, p[1])):
            if q[0] >= lines or q[1] >= samples or labels[q] < 0 or labels[q] == a:
                continue
            first, second = images[a], images[labels[q]]
            shared = [r for r in (p, q) if first.mask[r] and second.mask[r]]
            squares = [float(np.square(first.values[:, *r] - second.values[:, *r]).mean()) for r in shared]
            unshared = float(np.square(first.values[:, *p] - second.values[:, *q]).mean())
            cost += length_cost + 2 * (float(np.mean(squares)) if squares else unshared)
    return cost


def total(
    labels: Labels, images: list[ImageWindow], length_cost: float = 1.0, *, wraps: bool = False
) -> float:
    seams, preference = seams_cost(labels, images, wraps=wraps, length_cost=length_cost)
    return seams - preference


@given(
    seed=SEEDS, images=st.integers(1, 4), wraps=st.booleans(), length_cost=st.sampled_from([0.0, 0.5, 3.0])
)
@settings(max_examples=60, deadline=None)
def test_a_labelling_costs_what_the_documentation_says(
    seed: int, images: int, length_cost: float, *, wraps: bool
) -> None:
    random = np.random.default_rng(seed)
    made = scene(random, images, (4, 5), whole=False)
    labels = label_seams(made, (4, 5), wraps=wraps, sweeps=int(random.integers(3)), length_cost=length_cost)
    # mean squares of whole numbers over two bands are multiples of 1 / 2: exact in units of 1 / 1024
    assert total(labels, made, length_cost, wraps=wraps) == priced(labels, made, length_cost, wraps=wraps)


@given(seed=SEEDS, wraps=st.booleans(), length_cost=st.sampled_from([0.0, 0.5, 3.0]))
@settings(max_examples=25, deadline=None)
def test_for_two_images_no_labelling_is_cheaper(seed: int, length_cost: float, *, wraps: bool) -> None:
    images = scene(np.random.default_rng(seed), 2, (3, 3), whole=True)
    labels = label_seams(images, (3, 3), wraps=wraps, levels=0, length_cost=length_cost)
    every = (np.array(owners, np.int16).reshape(3, 3) for owners in product((0, 1), repeat=9))
    # seams_cost is held to the documented cost by the test above
    least = min(total(owners, images, length_cost, wraps=wraps) for owners in every)
    assert total(labels, images, length_cost, wraps=wraps) == least


@given(seed=SEEDS, images=st.integers(2, 6), wraps=st.booleans(), whole=st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_further_sweep_never_raises_the_cost(seed: int, images: int, *, wraps: bool, whole: bool) -> None:
    made = scene(np.random.default_rng(seed), images, (9, 11), whole=whole)
    costs = [
        total(label_seams(made, (9, 11), wraps=wraps, sweeps=sweeps, levels=0), made, wraps=wraps)
        for sweeps in range(4)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[1] < costs[0]  # a random start is never the best of 6**99 labellings


@given(seed=SEEDS, levels=st.integers(0, 3), wraps=st.booleans())
@settings(max_examples=200, deadline=None)
@example(seed=2577147, levels=2, wraps=True)  # a window that begins in the last sample of an odd number
def test_each_pixel_goes_to_an_image_that_has_it_and_to_none_where_there_is_none(
    seed: int, levels: int, *, wraps: bool
) -> None:
    random = np.random.default_rng(seed)
    lines, samples = (int(n) for n in random.integers(5, 40, 2))
    images, there = [], np.zeros((3, lines, samples), bool)
    for index in range(3):
        height, width = int(random.integers(1, lines + 1)), int(random.integers(1, samples + 1))
        line = int(random.integers(lines - height + 1))
        sample = int(random.integers(samples if wraps else samples - width + 1))
        mask = gaussian_filter(random.random((height, width)), 2) > 0.45
        images.append(window(random.random((1, height, width)), line=line, sample=sample, mask=mask))
        columns = (sample + np.arange(width)) % samples
        there[index, np.arange(line, line + height)[:, None], columns] = mask
    labels = label_seams(images, (lines, samples), wraps=wraps, levels=levels)
    assert np.array_equal(labels >= 0, there.any(axis=0))
    owned = np.take_along_axis(there, np.maximum(labels, 0)[None], axis=0)[0]
    assert owned[labels >= 0].all()


def textures(random: np.random.Generator, shape: tuple[int, int], images: int) -> list[NDArray[np.float64]]:
    """One scene seen several times, each time a little differently."""
    ground = 20 * gaussian_filter(random.standard_normal(shape), 2, mode="wrap")
    return [
        ground + 2 * gaussian_filter(random.standard_normal(shape), 1.5, mode="wrap") for _ in range(images)
    ]


@pytest.mark.parametrize("turn", [0, 1, 31, 60])
@pytest.mark.parametrize("samples", [96, 97])
@pytest.mark.parametrize("levels", [0, 2])
def test_where_a_closed_canvas_is_cut_open_makes_no_difference(turn: int, samples: int, levels: int) -> None:
    random = np.random.default_rng(11)
    pictures = textures(random, (48, samples), 4)
    # two rings that overlap in lines 16 to 31, and two images over them, one of which lies across the edge
    places = [(0, 0, 32, samples), (16, 0, 32, samples), (5, 10, 40, 50), (3, 50, 40, 49)]

    def turned(by: int) -> list[ImageWindow]:
        made = []
        for picture, (line, sample, height, width) in zip(pictures, places, strict=True):
            columns = (sample + np.arange(width)) % samples
            values = picture[None, line : line + height, columns]
            made.append(window(values, line=line, sample=(sample + by) % samples))
        return made

    straight = label_seams(turned(0), (48, samples), wraps=True, levels=levels, sweeps=9)
    labels = label_seams(turned(turn), (48, samples), wraps=True, levels=levels, sweeps=9)
    costs = total(straight, turned(0), wraps=True), total(labels, turned(turn), wraps=True)
    if levels == 0:
        assert np.array_equal(np.roll(straight, turn, axis=1), labels)
    else:
        # the blocks of two by two fall elsewhere; a seam torn at the edge would cost several per cent
        assert costs[1] == pytest.approx(costs[0], rel=0.03)


def test_an_image_that_only_disagrees_owns_nothing() -> None:
    ground = np.zeros((1, 30, 40))
    stain = window(np.full((1, 9, 9), 50.0), line=10, sample=13)
    stain = stain._replace(preference=np.full((9, 9), 0.5, np.float32))
    labels = label_seams([window(ground), stain], (30, 40), wraps=False)
    assert (labels == 0).all()


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("moved", [False, True])
def test_an_object_seen_once_is_wholly_in_or_wholly_out(levels: int, *, moved: bool) -> None:
    random = np.random.default_rng(5)
    first, second = textures(random, (90, 140), 2)
    y, x = np.mgrid[:90, :140]
    there = (y - 44) ** 2 + (
        x - 70
    ) ** 2 < 13**2  # across the middle of the overlap, where a plain seam would run
    first[there] += 60
    elsewhere = (y - 44) ** 2 + (x - 88) ** 2 < 13**2
    if moved:
        second[elsewhere] += 60
    images = [window(first[None, :, :105]), window(second[None, :, 35:], sample=35)]
    distance = np.minimum(np.arange(105), 104 - np.arange(105)).astype(np.float32)
    images = [i._replace(preference=np.broadcast_to(1e-3 * distance, (90, 105))) for i in images]
    start = label_seams(images, (90, 140), wraps=False, sweeps=0)
    assert 0 < np.mean(start[there] == 0) < 1
    labels = label_seams(images, (90, 140), wraps=False, levels=levels)
    assert np.mean(labels[there] == 0) in {0.0, 1.0}
    if moved:
        assert np.mean(labels[elsewhere] == 0) in {0.0, 1.0}


def apollo() -> list[NDArray[np.float64]]:
    paths = [APOLLO / "AS15-M-0296.png", APOLLO / "AS15-M-0297.png"]
    return [np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), float) for path in paths]


def test_a_real_seam_costs_no_more_than_that_of_opencv_by_its_own_cost() -> None:
    first, second = apollo()[0][:, :220], apollo()[1][:, 100:]
    finder = cv2.detail_GraphCutSeamFinder("COST_COLOR")
    pictures = [cv2.UMat(np.repeat(p[..., None], 3, axis=2).astype(np.float32)) for p in (first, second)]
    whole = [cv2.UMat(np.full(p.shape, 255, np.uint8)) for p in (first, second)]
    masks = [cv2.UMat.get(mask) for mask in finder.find(pictures, [(0, 0), (100, 0)], whole)]
    theirs = np.full((240, 320), -1, np.int16)
    theirs[:, :220][masks[0] > 0] = 0
    theirs[:, 100:][masks[1] > 0] = 1

    # they add 1 for each pair to the squared distance of three like bands; ours is the mean over bands
    images = [window(first[None] / 16), window(second[None] / 16, sample=100)]
    length_cost = 1 / (3 * 16**2)
    ours = label_seams(images, (240, 320), wraps=False, length_cost=length_cost)
    exact = label_seams(images, (240, 320), wraps=False, length_cost=length_cost, levels=0)
    assert (theirs >= 0).all()
    costs = [total(labels, images, length_cost) for labels in (exact, ours, theirs)]
    assert costs == sorted(costs)


def test_looking_near_the_seams_of_a_smaller_size_finds_almost_the_best() -> None:
    first, second = (p / 10 for p in apollo())
    distance = np.minimum(np.arange(220), 219 - np.arange(220)).astype(np.float32)
    images = [window(first[None, :, :220]), window(second[None, :, 100:], sample=100)]
    images = [i._replace(preference=np.broadcast_to(1e-3 * distance, (240, 220))) for i in images]
    costs = [total(label_seams(images, (240, 320), wraps=False, levels=n), images) for n in (0, 1, 2, 3)]
    start = total(label_seams(images, (240, 320), wraps=False, sweeps=0), images)
    assert costs[0] < start
    for cost in costs[1:]:
        # of what cutting gains over the start, a twentieth may be lost
        assert 0 <= cost - costs[0] <= 0.05 * (start - costs[0])


GOOD = window(np.zeros((2, 4, 5)))


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ([], {}, "1 to 32767 images, got 0"),
        ([GOOD, window(np.zeros((1, 4, 5)))], {}, "image 1: .* 2 bands"),
        ([GOOD._replace(sample=4)], {}, r"image 0: a window of 4 x 5 at line 0, sample 4 .* canvas of 6 x 8"),
        ([GOOD._replace(line=3)], {}, "image 0: .* line 3"),
        ([window(np.zeros((1, 4, 9)))], {"wraps": True}, "image 0: a window of 4 x 9"),
        (
            [GOOD._replace(values=np.full((2, 4, 5), np.nan, np.float32))],
            {},
            "image 0: a valid value is not finite",
        ),
        ([GOOD._replace(preference=np.full((4, 5), 2e3, np.float32))], {}, "image 0: .* preference"),
        ([GOOD], {"length_cost": -1.0}, "length cost must be within"),
        ([GOOD], {"levels": MOST_LEVELS + 1}, "levels must be"),
        ([GOOD], {"sweeps": -1}, "sweeps not negative"),
    ],
)
def test_what_does_not_fit_is_refused(
    images: list[ImageWindow], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        label_seams(images, (6, 8), **{"wraps": False} | options)


def test_pricing_refuses_an_owner_that_has_no_such_pixel() -> None:
    with pytest.raises(ValueError, match="not valid at its pixel"):
        seams_cost(np.zeros((6, 8), np.int16), [GOOD], wraps=False)


def test_values_that_are_not_valid_play_no_part() -> None:
    values = np.zeros((2, 4, 5), np.float32)
    values[:, 2, 3] = np.nan
    labels = label_seams([window(values, mask=values[0] == 0)], (4, 5), wraps=False)
    assert labels[2, 3] == -1
    assert np.count_nonzero(labels == 0) == 19


@pytest.mark.parametrize("wraps", [False, True])
def test_threads_change_no_label(*, wraps: bool) -> None:
    rng = np.random.default_rng(21)
    images = []
    for index in range(6):
        values = rng.normal(size=(2, 40, 30)).astype(np.float32)
        images.append(ImageWindow(index % 3, 20 * index, values, np.ones((40, 30), np.bool_), values[0]))
    alone, together = (
        label_seams(images, (48, 120 if wraps else 130), wraps=wraps, workers=workers) for workers in (1, 4)
    )
    np.testing.assert_array_equal(alone, together)
    assert len(np.unique(alone[alone >= 0])) > 1


def test_images_that_have_their_turn_together_do_not_touch() -> None:
    windows = np.array([[0, 0, 10, 10], [0, 10, 10, 10], [0, 21, 10, 10], [12, 5, 10, 20], [0, 90, 10, 12]])
    assert groups_apart(touching_images(windows, 110, wraps=False)) == [[0, 2, 3, 4], [1]]
    for wraps, width in ((False, 110), (True, 100)):
        for group in groups_apart(touching_images(windows, width, wraps=wraps)):
            owners = np.full((24, width), -1)
            for image in group:
                line, sample, lines, samples = windows[image]
                rows = slice(max(line - 1, 0), line + lines + 1)
                columns = np.arange(sample, sample + samples) % width
                around = np.arange(sample - 1, sample + samples + 1) % width if wraps else columns
                assert (owners[rows][:, around] < 0).all()
                owners[line : line + lines, columns] = image
