from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from hinterland.jobs.ingest import ALLOWED_DRIVERS, child_environment


def in_child(program: str) -> Any:
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def test_a_child_has_the_allowed_drivers_and_no_other() -> None:
    listed = in_child(
        "import json, rasterio.env as e\nwith e.Env() as env: print(json.dumps(list(env.drivers())))"
    )
    assert set(listed) | {"Memory"} == ALLOWED_DRIVERS  # which GDAL 3.11 has no more


def test_writing_and_reducing_bring_no_driver_back() -> None:
    """As `WarpedVRT` does; what the engine does with rasters must not."""
    program = """
import json, tempfile, warnings
from pathlib import Path
import numpy as np, rasterio.env
from hinterland.products.cog import RasterWriter
from hinterland.products.geotiff import read_reduced
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "a.tif"
    with RasterWriter(path, lines=600, samples=600, bands=1, dtype=np.dtype(np.uint8)) as writer:
        writer.write(0, 0, np.ones((1, 600, 600), np.uint8), np.ones((600, 600), bool))
        writer.finish()
    read_reduced(path, 60, 60)
with rasterio.env.Env() as env:
    print(json.dumps(list(env.drivers())))
"""
    assert set(in_child(program)) | {"Memory"} == ALLOWED_DRIVERS


def test_no_secret_of_the_server_reaches_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "HINTERLAND_DATABASE",
        "HINTERLAND_TOKENS",
        "PGPASSWORD",
        "GDAL_HTTP_AUTH",
    ):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in child_environment().values()


def test_the_suffix_that_could_be_fetched_is_never_the_same() -> None:
    first, second = (child_environment()["CPL_VSIL_CURL_ALLOWED_EXTENSIONS"] for _ in range(2))
    assert first != second
    assert len(first) > 30
