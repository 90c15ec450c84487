"""Threat 5.4: a name that GDAL would fetch from the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hinterland.jobs.content import is_filename
from hinterland.jobs.ingest import child_environment

FORMS = (
    "/vsicurl/http://127.0.0.1:{port}/a.tif",
    "/vsicurl/http://127.0.0.1:{port}/a.none",
    "/vsicurl?url=http://127.0.0.1:{port}/a.tif",
    "/vsicurl_streaming/http://127.0.0.1:{port}/a.tif",
    "/vsis3/bucket/a.tif",
    "/vsizip//vsicurl/http://127.0.0.1:{port}/a.zip/a.tif",
    "/vsigzip//vsicurl/http://127.0.0.1:{port}/a.tif.gz",
    "/vsisubfile/0_100,/vsicurl/http://127.0.0.1:{port}/a.tif",
    "http://127.0.0.1:{port}/a.tif",
    "WMS:http://127.0.0.1:{port}/?SERVICE=WMS&LAYERS=a&SRS=EPSG:4326&BBOX=-180,-90,180,90",
    "<GDAL_WMS><Service name='TMS'><ServerUrl>http://127.0.0.1:{port}/${{x}}</ServerUrl></Service></GDAL_WMS>",
    "WCS:http://127.0.0.1:{port}/?version=2.0.1&coverage=a",
    "WMTS:http://127.0.0.1:{port}/capabilities.xml,layer=a",
)

_OPEN = """
import json, os, sys
if sys.argv[1] == "confined":
    from hinterland.jobs.confinement import confine, system_paths
    confine(readable=system_paths())
import rasterio
opened = []
for name in json.loads(sys.argv[2]):
    try:
        with rasterio.open(name) as dataset:
            dataset.read(1)
        opened.append(name)
    except Exception:
        pass
print(json.dumps(opened))
"""


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and the requests that reach it."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - as http.server names it

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, hits
        finally:
            server.shutdown()
            thread.join()


def try_all(folder: Path, environment: dict[str, str], *, confined: bool) -> list[str]:
    """Have a child, which starts in a folder, open every form; what reached the network."""
    with listening() as (port, hits):
        names = [form.format(port=port) for form in FORMS]
        endpoint = {"AWS_S3_ENDPOINT": f"127.0.0.1:{port}", "AWS_HTTPS": "NO", "AWS_NO_SIGN_REQUEST": "YES"}
        endpoint |= {"AWS_VIRTUAL_HOSTING": "FALSE", "GDAL_HTTP_MAX_RETRY": "0"}
        run = subprocess.run(
            [sys.executable, "-c", _OPEN, "confined" if confined else "free", json.dumps(names)],
            env={**environment, **endpoint, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=folder,  # drivers of map services keep what they fetch where they start
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout) == []
        return list(hits)


def test_without_defences_the_network_is_reached(tmp_path: Path) -> None:
    """So the next tests can fail."""
    assert len(try_all(tmp_path, {"PATH": os.environ["PATH"]}, confined=False)) >= 8


@pytest.mark.parametrize(
    ("has_environment", "confined"),
    [(True, False), (False, True), (True, True)],
    ids=["drivers", "calls", "both"],
)
def test_each_defence_alone_and_both_together_let_nothing_out(
    has_environment: bool, confined: bool, tmp_path: Path
) -> None:
    environment = child_environment() if has_environment else {"PATH": os.environ["PATH"]}
    assert try_all(tmp_path, environment, confined=confined) == []


@pytest.mark.parametrize("form", FORMS)
def test_no_such_name_is_a_file_name(form: str) -> None:
    assert not is_filename(form.format(port=80))
