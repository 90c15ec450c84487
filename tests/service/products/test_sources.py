import hashlib
import os
from pathlib import Path

import pytest

from hinterland.errors import InputError
from hinterland.products.sources import read_source


def test_a_source_is_its_bytes_and_their_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"317")
    source = read_source(path)
    assert source.data == b"317"
    assert source.sha256 == hashlib.sha256(b"317").hexdigest()


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"31741")
    with pytest.raises(InputError, match="has 5 bytes, the limit is 3"):
        read_source(path, limit_bytes=3)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(InputError, match="is not a regular file"):
        read_source(path)


@pytest.mark.parametrize("name", ["x" * 300, "a\x00b"])
def test_a_name_that_no_file_can_have_is_an_input_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_source(tmp_path / name)
