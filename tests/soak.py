"""`make soak`: hundreds of crashes of a service under load, and a check of its whole history."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from crash_run import CrashRun
from job_service import Service


def main() -> int:
    """Run, print what happened as JSON, and fail on any violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Path(folder) / "data")
        run = CrashRun(service, asked.seed, asked.workers)
        found = run.run(asked.crashes)
        told = {
            "seed": asked.seed,
            "crashes": dict(run.crashes),
            "crashes_total": sum(run.crashes.values()),
            "requests": len(run.acknowledged),
            "jobs": dict(run.outcomes),
            "database_busy": run.busy,
            "changes_watched": len(run.watched),
            "violations": found,
            "seconds": round(time.monotonic() - began, 1),
        }
        service.close()
    print(json.dumps(told, indent=2))  # noqa: T201 - the report
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
