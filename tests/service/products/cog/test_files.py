import os
from pathlib import Path

import pytest

from hinterland.products.cog.files import Heap, read_at, write_at

PARTS = [b"abcdef", b"", b"ghi", bytes(range(200))]


@pytest.mark.parametrize("most", [1, 5, 7, 100])
def test_what_the_system_takes_in_pieces_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: pwrite(handle, data[:most], offset))
    monkeypatch.setattr(
        os, "pwritev", lambda handle, parts, offset: pwrite(handle, b"".join(parts)[:most], offset)
    )
    with (tmp_path / "file").open("w+b") as file:
        write_at(file.fileno(), PARTS, 10)
    assert (tmp_path / "file").read_bytes() == bytes(10) + b"".join(PARTS)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_what_the_system_gives_in_pieces_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    (tmp_path / "file").write_bytes(b"".join(PARTS))
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda handle, size, offset: pread(handle, min(size, most), offset))
    with (tmp_path / "file").open("rb") as file:
        assert read_at(file.fileno(), 50, 3) == b"".join(PARTS)[3:53]


def test_a_file_that_ends_early_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"short")
    with (tmp_path / "file").open("rb") as file, pytest.raises(OSError, match="4 too early"):
        read_at(file.fileno(), 9, 0)


def test_a_heap_keeps_strings_and_uses_room_again(tmp_path: Path) -> None:
    heap = Heap(tmp_path / "heap")
    first, second = heap.put(b"abc", b"de"), heap.put(b"fghij")
    heap.free(5, first)
    assert heap.put(b"longer") not in {first, second}
    assert heap.put(b"klmno") == first
    assert heap.get(5, first) == (b"klmno",)
    assert heap.get(5, second) == (b"fghij",)
    heap.close()
    assert (tmp_path / "heap").stat().st_size == 16


def test_a_heap_keeps_in_memory_what_it_may_and_the_rest_in_its_file(tmp_path: Path) -> None:
    heap = Heap(tmp_path / "heap", memory_bytes=8)
    places = {string: heap.put(string[:2], string[2:]) for string in (b"abcde", b"fghij", b"klm")}
    assert (tmp_path / "heap").read_bytes() == b"fghij"
    assert {string: b"".join(heap.get(len(string), place)) for string, place in places.items()} == {
        string: string for string in places
    }
    heap.free(5, places[b"abcde"])
    heap.put(b"nopqr")
    heap.put(b"s")
    heap.close()
    assert (tmp_path / "heap").read_bytes() == b"fghijs"
