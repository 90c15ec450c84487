from pathlib import Path

import pytest


@pytest.fixture
def bundle_folder(tmp_path: Path) -> Path:
    """A folder with the files that come before the page and the item."""
    for name in ("panorama.tif", "sources.tif", "panorama.json", "nav.json", "preview.jpg"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    return tmp_path
