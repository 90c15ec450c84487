import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from product_files import sol_15_records

from hinterland.errors import InputError
from hinterland.model.cameras import CameraModel
from hinterland.model.products import Image, Product, Stop
from hinterland.products.camera_models import camera_from_feed
from hinterland.products.fields import vector
from hinterland.products.tiles import assemble, check_tiles

EXPOSURE = "NLE_0015_0668275677"
RECORDS = [record for name, record in sol_15_records().items() if name.startswith(EXPOSURE)]
BINNED = [record for name, record in sol_15_records().items() if name.startswith("NRM_0015_0668287694")]
FIRST_SAMPLE, FIRST_LINE, SAMPLES, LINES = 2553, 953, 2568, 2888  # of the part of the sensor they cover
UNCLIPPED = [(0.8, 11.0), (1.3, -40.0), (0.6, 70.0)]


def subframe(record: dict[str, Any]) -> tuple[slice, slice]:
    """Where a tile lies in the part of the sensor that all cover; the record counts from 1."""
    found = vector(record["extended"]["subframeRect"], "subframeRect", 4)
    assert found is not None
    sample, line, width, height = (int(value) for value in found)
    line, sample = line - FIRST_LINE, sample - FIRST_SAMPLE
    return slice(line, line + height), slice(sample, sample + width)


def image(record: dict[str, Any], samples: NDArray[np.generic]) -> Image:
    fields = record["camera"]
    camera = camera_from_feed(
        fields["camera_model_type"], fields["camera_model_component_list"], *samples.shape[1:]
    )
    product = Product(
        product_id=record["imageid"],
        path=Path(record["imageid"]),
        sha256="",
        camera=camera,
        attitude=(1.0, 0.0, 0.0, 0.0),
        stop=Stop(mission="M2020", site=3, drive=188),
        exposure=record["imageid"][:19],
        instrument="NAVCAM_LEFT",
        sol=15,
    )
    mask = np.ones(samples.shape[1:], dtype=np.bool_)
    return Image(product=product, samples=samples, mask=mask, largest=255.0)


@pytest.fixture(scope="module")
def scene() -> NDArray[np.float64]:
    """What the sensor saw: ground with detail at all scales, brighter towards the right."""
    random = np.random.default_rng(1952)
    rough = random.normal(0.0, 12.0, (LINES // 8, SAMPLES // 8)).repeat(8, axis=0).repeat(8, axis=1)
    return 100.0 + rough + np.linspace(-20.0, 20.0, SAMPLES)


@pytest.fixture(scope="module")
def tiles(scene: NDArray[np.float64]) -> list[Image]:
    """The scene cut as sol 15's tiles were, each with a stretch of its own, as the site publishes them."""
    cut = []
    for record, (gain, offset) in zip(RECORDS, UNCLIPPED, strict=True):
        stretched = np.clip(np.rint(gain * scene[subframe(record)] + offset), 0, 255)
        cut.append(image(record, stretched.astype(np.uint8)[np.newaxis]))
    return cut


def moved_model(tile: Image, **changes: Any) -> Image:
    camera = dataclasses.replace(tile.product.camera, **changes)
    return dataclasses.replace(tile, product=dataclasses.replace(tile.product, camera=camera))


def empty(record: dict[str, Any]) -> Image:
    found = vector(record["extended"]["dimension"], "dimension", 2)
    assert found is not None
    return image(record, np.zeros((1, int(found[1]), int(found[0])), dtype=np.uint8))


@pytest.mark.parametrize("records", [RECORDS, BINNED], ids=["full resolution", "binned 16 times"])
def test_the_models_of_a_real_exposure_agree(records: list[dict[str, Any]]) -> None:
    images = [empty(record) for record in records]
    assert len(images) > 1
    assert [found.product for found in check_tiles(images)] == [one.product for one in images]


def test_a_binned_tile_agrees_with_a_full_one() -> None:
    full = empty(RECORDS[0])
    camera = full.product.camera.scaled(0.25, 242, 322)
    binned = Image(
        product=dataclasses.replace(full.product, product_id="binned", camera=camera),
        samples=np.zeros((1, 242, 322), dtype=np.uint8),
        mask=np.ones((242, 322), dtype=np.bool_),
        largest=255.0,
    )
    assert check_tiles([full, binned])[1].product.notes == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"horizontal": (1.0, 2.0, 3.0)}, "H or V is off by"),
        ({"center": (1.0, 0.5, -1.9)}, "center differs"),
        ({"radial": (0.0, 0.0, 0.0)}, "radial differs"),
        ({"model_type": 3}, "its type differs"),
    ],
)
def test_a_tile_whose_model_disagrees_is_noted(changes: dict[str, Any], problem: str) -> None:
    first, second, third = (empty(record) for record in RECORDS)
    if "horizontal" in changes:  # 0.3 px in a direction that no shift of the tile explains
        camera = second.product.camera
        aside = np.cross(camera.axis, camera.horizontal)
        x, y, z = (float(v) for v in np.array(camera.horizontal) + 0.3 * aside / np.linalg.norm(aside))
        changes = {"horizontal": (x, y, z)}
    checked = check_tiles([first, moved_model(second, **changes), third])
    (note,) = checked[1].product.notes
    assert note.startswith(f"its camera model disagrees with that of {first.product.product_id}")
    assert problem in note
    assert checked[0].product.notes == checked[2].product.notes == ()


def test_exposures_are_not_compared_with_each_other() -> None:
    images = [empty(RECORDS[0]), empty(BINNED[0])]
    assert all(not found.product.notes for found in check_tiles(images))


def test_tiles_lie_where_their_subframes_say(tiles: list[Image]) -> None:
    whole = assemble(tiles)
    assert whole.samples.shape == (1, LINES, SAMPLES)
    expected = np.zeros((LINES, SAMPLES), dtype=np.bool_)
    for record in RECORDS:
        expected[subframe(record)] = True
    assert np.array_equal(whole.mask, expected)
    assert not whole.samples[:, ~expected].any()


def test_the_first_tile_stays_and_the_others_are_levelled_to_it(
    scene: NDArray[np.float64], tiles: list[Image]
) -> None:
    whole = assemble(tiles)
    gain, offset = UNCLIPPED[0]
    error = np.abs(whole.samples[0] - (gain * scene + offset))
    assert error[subframe(RECORDS[0])].max() <= 0.5  # its own rounding
    # the levels come from overlaps 16 px wide whose samples are rounded to 1 DN; the last tile touches only
    # 16 x 16 px of another's, and its level errs with that one's
    for record, worst in zip(RECORDS[1:], (1.5, 2.5), strict=True):
        assert error[subframe(record)].max() <= worst
    assert whole.product.notes == (f"assembled from 3 tiles: {', '.join(r['imageid'] for r in RECORDS)}",)
    assert whole.product.product_id == EXPOSURE


def test_the_assembled_model_looks_as_the_tiles_do(tiles: list[Image]) -> None:
    whole = assemble(tiles).product.camera
    for tile, record in zip(tiles, RECORDS, strict=True):
        lines, samples = subframe(record)
        points = np.array([[0.0, 0.0], [487.5, 643.5], [900.0, 1200.0]])
        origins, rays = tile.product.camera.look(points)
        found_origins, found = whole.look(points + np.array([lines.start, samples.start]))
        # six printed digits of H and V: 0.007 px, of 0.34 mrad each
        np.testing.assert_allclose(found, rays, rtol=0, atol=3e-6)
        np.testing.assert_allclose(found_origins, origins, rtol=0, atol=1e-6)


def test_masked_samples_of_a_tile_are_taken_from_another(tiles: list[Image]) -> None:
    holes = tiles[0].mask.copy()
    holes[:16] = False  # the lines that the second tile has too
    whole = assemble([dataclasses.replace(tiles[0], mask=holes), tiles[1]])
    assert whole.mask.all()


def test_tiles_without_contrast_are_levelled_by_their_offset() -> None:
    flat = [
        np.full((1, *(int(s.stop - s.start) for s in subframe(r))), 90, dtype=np.uint8) for r in RECORDS[:2]
    ]
    images = [image(RECORDS[0], flat[0]), image(RECORDS[1], flat[1] + 17)]
    assert np.unique(assemble(images).samples).tolist() == [90]


def camera_of_another_grid(camera: CameraModel) -> CameraModel:
    return camera.cropped(0.5, 0.0, camera.lines, camera.samples)


def test_tiles_that_do_not_go_together_are_refused_by_name(tiles: list[Image]) -> None:
    first, second, _ = tiles
    shifted = dataclasses.replace(second.product, camera=camera_of_another_grid(second.product.camera))
    other = dataclasses.replace(second.product, exposure="another")
    binned = dataclasses.replace(
        second.product, camera=second.product.camera.scaled(0.5, *second.product.camera.shape)
    )
    cases = {
        "one grid of pixels": dataclasses.replace(second, product=shifted),
        "tiles of one exposure": dataclasses.replace(second, product=other),
        "different scale": dataclasses.replace(second, product=binned),
        "not of one kind": dataclasses.replace(second, samples=second.samples.astype(np.uint16)),
    }
    for problem, tile in cases.items():
        with pytest.raises(InputError, match=problem) as caught:
            assemble([first, tile])
        assert second.product.product_id in str(caught.value)
