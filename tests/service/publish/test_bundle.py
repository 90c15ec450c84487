import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hinterland.errors import InputError
from hinterland.publish import bundle
from hinterland.publish.bundle import Bundle


def make(path: Path, text: str, *, overwrite: bool = False) -> None:
    with Bundle(path, overwrite=overwrite) as made:
        fill(made.folder, text)


def fill(folder: Path, text: str) -> None:
    (folder / "tiles").mkdir()
    (folder / "tiles" / "0.jpg").write_text(text)
    (folder / "panorama.json").write_text(text)


def make_half(path: Path, error: BaseException) -> None:
    with Bundle(path, overwrite=True) as made:
        fill(made.folder, "half")
        raise error


def content(path: Path) -> dict[str, str]:
    return {str(place.relative_to(path)): place.read_text() for place in path.rglob("*") if place.is_file()}


def whole(text: str) -> dict[str, str]:
    return {"tiles/0.jpg": text, "panorama.json": text}


def names(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir())


def test_a_bundle_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "west"
    with Bundle(path) as made:
        fill(made.folder, "new")
        assert not path.exists()
        assert made.folder.parent == path.parent  # one file system, so that renaming is enough
        assert made.folder.name.startswith(f".west.partial-{os.getpid()}-")
    assert content(path) == whole("new")
    assert names(path.parent) == ["west"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        make_half(tmp_path / "west", KeyboardInterrupt())
    assert names(tmp_path) == []


def test_an_older_bundle_is_not_replaced_unasked(tmp_path: Path) -> None:
    make(tmp_path / "west", "old")
    with (
        pytest.raises(InputError, match="west exists; pass --overwrite") as refused,
        Bundle(tmp_path / "west"),
    ):
        pytest.fail("no work is done in vain")
    assert refused.value.exit_status == 2
    assert content(tmp_path / "west") == whole("old")
    assert names(tmp_path) == ["west"]


def test_an_older_bundle_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "west"
    make(path, "old")
    (path / "overview.png").write_text("old")
    with Bundle(path, overwrite=True) as made:
        fill(made.folder, "new")
        assert content(path) == whole("old") | {"overview.png": "old"}
    assert content(path) == whole("new")
    assert names(tmp_path) == ["west"]


def test_an_older_bundle_survives_a_failure(tmp_path: Path) -> None:
    make(tmp_path / "west", "old")
    with pytest.raises(OSError, match="disk"):
        make_half(tmp_path / "west", OSError("disk"))
    assert content(tmp_path / "west") == whole("old")
    assert names(tmp_path) == ["west"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_bundle_is_never_replaced(tmp_path: Path, kind: str, overwrite: bool) -> None:
    path = tmp_path / "holiday"
    if kind == "folder":
        path.mkdir()
        (path / "beach.jpg").write_text("sun")
    else:
        path.write_text("sun")
    with pytest.raises(InputError, match="is no bundle"), Bundle(path, overwrite=overwrite):
        pytest.fail("no work is done in vain")
    assert (path / "beach.jpg" if kind == "folder" else path).read_text() == "sun"
    assert names(tmp_path) == ["holiday"]


def test_an_empty_folder_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "west").mkdir()
    make(tmp_path / "west", "new")
    assert content(tmp_path / "west") == whole("new")


def test_a_link_to_a_bundle_stays_a_link(tmp_path: Path) -> None:
    make(tmp_path / "disk" / "west", "old")
    (tmp_path / "latest").symlink_to(tmp_path / "disk" / "west")
    make(tmp_path / "latest", "new", overwrite=True)
    assert (tmp_path / "latest").is_symlink()
    assert content(tmp_path / "disk" / "west") == whole("new")
    assert names(tmp_path / "disk") == ["west"]


@pytest.mark.parametrize("name", ["file/west", "x" * 300, "/"])
def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="a bundle"), Bundle(tmp_path / name):
        pytest.fail("no work is done in vain")


def test_a_folder_without_a_report_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"panorama\.json"), Bundle(tmp_path / "west") as made:
        (made.folder / "panorama.tif").write_text("new")
    assert names(tmp_path) == []


def test_neighbours_with_similar_names_are_left_alone(tmp_path: Path) -> None:
    neighbours = [".w*st.partial-x", ".wast.partial-1-aa", ".w*st.partial-1-aa.replaced-1-aa", ".w*st"]
    for name in neighbours:
        (tmp_path / name).mkdir()
    (tmp_path / ".w*st.partial-1-bb").write_text("a file")
    make(tmp_path / "w*st", "new")
    assert names(tmp_path) == sorted([*neighbours, ".w*st.partial-1-bb", "w*st"])


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("call", ["fsync", "mkdir", "rename", "open"])
def test_a_failure_of_any_call_leaves_the_old_bundle_or_the_new_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str | None, call: str
) -> None:
    path = tmp_path / "west"
    for number in itertools.count(1):
        shutil.rmtree(path, ignore_errors=True)
        if old:
            make(path, old)
        with monkeypatch.context() as patch:
            calls = failing(patch, call, number)
            try:
                make(path, "new", overwrite=True)
            except (InputError, OSError):
                # a failure after the renaming is told although the bundle is there
                assert content(path) in ([whole(old), whole("new")] if old else [{}, whole("new")])
            else:
                assert content(path) == whole("new")
        if call != "open":  # removing a folder opens it: where that fails, the next run has to
            assert names(tmp_path) in ([], ["west"])
        make(path, "next", overwrite=True)
        assert names(tmp_path) == ["west"]
        if next(calls) <= number:
            break
    assert number > 1  # the call was made, and failed in its turn


def failing(patch: pytest.MonkeyPatch, call: str, number: int) -> Iterator[int]:
    """Let the `number`-th of these calls fail; the iterator that is returned counts them."""
    owner: Any = Path if call in {"mkdir", "rename"} else os
    original: Callable[..., Any] = getattr(owner, call)
    calls = itertools.count(1)

    def fail_in_turn(*arguments: Any, **options: Any) -> Any:
        if next(calls) == number:
            raise OSError(28, "No space left on device")
        return original(*arguments, **options)

    patch.setattr(owner, call, fail_in_turn)
    return calls


# the child stops at a named moment, says so, and waits to be told to go on or to be killed
CHILD = """
import shutil, sys
from pathlib import Path
from hinterland.publish.bundle import Bundle

path, moment = Path(sys.argv[1]), sys.argv[2]

def stop(reached):
    if reached == moment:
        print(reached, flush=True)
        sys.stdin.readline()

def stop_before(owner, name, reached):
    original = getattr(owner, name)
    def stopping(*arguments, **options):
        stop(reached)
        return original(*arguments, **options)
    setattr(owner, name, stopping)

with Bundle(path, overwrite=True) as made:
    stop("empty")
    (made.folder / "tiles").mkdir()
    with (made.folder / "tiles" / "0.jpg").open("w") as file:
        file.write("n")
        file.flush()
        stop("half a file")
        file.write("ew")
    (made.folder / "panorama.json").write_text("new")
    stop("filled")
    stop_before(Bundle, "_replace", "synced")
    stop_before(Bundle, "_put_in_place", "between the renames")
    stop_before(shutil, "rmtree", "renamed")
print("published", flush=True)
"""


@contextmanager
def child_at(path: Path, moment: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", CHILD, str(path), moment]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == moment + "\n"
        yield child
        child.kill()


MOMENTS = ["empty", "half a file", "filled", "synced", "between the renames", "renamed"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_leaves_a_whole_bundle_or_none_and_the_next_run_mends_the_rest(
    tmp_path: Path, moment: str
) -> None:
    path = tmp_path / "west"
    make(path, "old")
    with child_at(path, moment) as child:
        child.kill()
        child.wait()
    left = content(path)
    assert left == (
        {} if moment == "between the renames" else whole("new") if moment == "renamed" else whole("old")
    )
    # the next run finds a bundle in any case: where there was none for a moment, the old one is put back
    with pytest.raises(InputError, match="exists"), Bundle(path):
        pytest.fail("no work is done in vain")
    assert content(path) == whole("new" if moment == "renamed" else "old")
    assert names(tmp_path) == ["west"]


def test_a_kill_in_a_first_run_leaves_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "west"
    with child_at(path, "filled") as child:
        child.kill()
        child.wait()
    assert not path.exists()
    make(path, "next")
    assert names(tmp_path) == ["west"]


@pytest.mark.parametrize("moment", ["empty", "filled"])
def test_a_run_in_progress_is_not_taken_for_a_leftover(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "west"
    with child_at(path, moment) as child:
        make(path, "quick")
        assert len(names(tmp_path)) == 2
        said, complaint = child.communicate("go on\n")
        assert (said, complaint) == ("published\n", "")
    assert content(path) == whole("new")
    assert names(tmp_path) == ["west"]


def test_two_runs_do_not_replace_one_bundle_at_once(tmp_path: Path) -> None:
    path = tmp_path / "west"
    make(path, "old")
    with child_at(path, "between the renames") as child:
        make(path, "quick")  # for a moment there is no bundle to overwrite
        _, complaint = child.communicate("go on\n")
        assert complaint.splitlines()[-1].endswith(
            "has been made by another run meanwhile; choose another place"
        )
    assert content(path) == whole("quick")
    make(path, "next", overwrite=True)
    assert names(tmp_path) == ["west"]


def test_a_bundle_made_meanwhile_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "west"

    def make_slowly() -> None:
        with Bundle(path) as made:
            fill(made.folder, "slow")
            make(path, "quick")

    with pytest.raises(InputError, match="exists"):
        make_slowly()
    assert content(path) == whole("quick")
    assert names(tmp_path) == ["west"]


def test_every_file_and_folder_is_synced_before_it_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "west", []
    fsync = os.fsync

    def record(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink().name, path.exists()))
        fsync(handle)

    monkeypatch.setattr(bundle.os, "fsync", record)
    with Bundle(path) as made:
        fill(made.folder, "new")
        partial = made.folder.name
    assert set(synced[:-1]) == {(name, False) for name in ("0.jpg", "tiles", "panorama.json", partial)}
    assert synced[-1] == (tmp_path.name, True)
