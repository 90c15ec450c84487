"""Python that confines itself and tells what it still can do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

_TRY = """
import json, os, sys
from pathlib import Path
from hinterland.jobs.confinement import *

def attempt(work):
    try:
        return repr(work())
    except BaseException as error:
        return type(error).__name__
"""


def confined(program: str, *arguments: str | Path) -> Any:
    """Run a program that prints one JSON value; it has `attempt`, and all of `hinterland.jobs.confinement`."""
    run = subprocess.run(
        [sys.executable, "-P", "-c", _TRY + textwrap.dedent(program), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
