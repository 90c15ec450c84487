import hashlib
from pathlib import Path

import pytest
from PIL import Image as Picture
from product_files import (
    EAST,
    SOL_15_FEED,
    SOL_3000_FEED,
    SOUTH_EAST,
    THUMBNAIL,
    TILE,
    sol_15_records,
    write_feed,
    write_frame,
)

from hinterland.errors import InputError, NothingToDoError
from hinterland.products import load_images


def test_images_keep_the_order_they_were_named_in() -> None:
    loaded = load_images([SOUTH_EAST, EAST])
    assert [image.product.path for image in loaded.images] == [SOUTH_EAST, EAST]
    assert loaded.dropped == ()
    assert loaded.usable() == loaded.images


def test_what_is_dropped_leaves_the_others_usable(tmp_path: Path) -> None:
    records = sol_15_records()
    frames = [write_frame(tmp_path, records[name]) for name in (THUMBNAIL, TILE)]
    loaded = load_images([frames[0], EAST, frames[1]], SOL_15_FEED)
    assert [image.product.product_id for image in loaded.images] == ["1N491020376ILFCNY9P0706L0M1", TILE]
    (dropped,) = loaded.dropped
    assert (dropped.product, dropped.path, dropped.reason) == (THUMBNAIL, frames[0], "thumbnail")
    assert dropped.sha256 == hashlib.sha256(frames[0].read_bytes()).hexdigest()
    assert (dropped.sol, dropped.url) == (15, records[THUMBNAIL]["image_files"]["full_res"])
    assert dropped.page == records[THUMBNAIL]["link"]


@pytest.mark.parametrize("name", ["{}01-metadata.json", "{}01.json"])
def test_a_record_beside_its_frame_is_found(tmp_path: Path, name: str) -> None:
    record = sol_15_records()[TILE]
    frame = write_frame(tmp_path, record)
    write_feed(tmp_path / name.format(TILE), [record])
    assert load_images([frame]).images[0].product.product_id == TILE
    assert load_images([frame], SOL_3000_FEED).images[0].product.product_id == TILE


def test_a_resized_copy_finds_the_record_of_its_original(tmp_path: Path) -> None:
    path = tmp_path / f"{TILE}01_800.jpg"
    Picture.new("L", (800, 606)).save(path)
    write_feed(tmp_path / f"{TILE}01-metadata.json", [sol_15_records()[TILE]])
    assert load_images([path]).images[0].product.camera.shape == (606, 800)


def test_the_second_of_two_files_of_one_product_is_dropped(tmp_path: Path) -> None:
    record = sol_15_records()[TILE]
    full = write_frame(tmp_path, record)
    small = tmp_path / f"{TILE}01_800.jpg"
    Picture.new("L", (800, 606)).save(small)
    loaded = load_images([full, small, full], [SOL_15_FEED])
    assert [image.product.path for image in loaded.images] == [full]
    assert [dropped.reason for dropped in loaded.dropped] == [f"duplicate of {TILE}01.png"] * 2
    first, second = loaded.dropped
    product = loaded.images[0].product
    assert first.sha256 == hashlib.sha256(small.read_bytes()).hexdigest()
    assert second.sha256 == product.sha256
    assert [(each.sol, each.url, each.page) for each in loaded.dropped] == [
        (product.sol, product.url, product.page)
    ] * 2


def test_all_feeds_that_were_searched_are_named(tmp_path: Path) -> None:
    frame = tmp_path / "ZL0_0038_0670307360_057ECM_N0031392ZCAM08007_1100LUJ.png"
    Picture.new("RGB", (16, 12)).save(frame)
    loaded = load_images([frame], [SOL_15_FEED, SOL_3000_FEED])
    assert loaded.dropped[0].reason == f"no record in {SOL_15_FEED.name}, {SOL_3000_FEED.name}"
    assert loaded.dropped[0].product == frame.name
    assert loaded.dropped[0].sha256 == hashlib.sha256(frame.read_bytes()).hexdigest()


def test_nothing_usable_lists_every_reason(tmp_path: Path) -> None:
    records = sol_15_records()
    frames = [write_frame(tmp_path, records[THUMBNAIL]), tmp_path / "b.png"]
    Picture.new("L", (3, 5)).save(frames[1])
    with pytest.raises(NothingToDoError) as caught:
        load_images(frames, SOL_15_FEED).usable()
    assert str(caught.value) == (
        f"no usable image: {THUMBNAIL}: thumbnail; b.png: no record in {SOL_15_FEED.name}"
    )


def test_no_frames_are_an_error() -> None:
    with pytest.raises(InputError, match="no frames given"):
        load_images([])
