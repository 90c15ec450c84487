"""A process that takes jobs as a server does, until it is killed: run by `crash_run`.

It prints each request and its job once the job is on the disk, one line each.
"""

from __future__ import annotations

import itertools
import json
import sys
from concurrent.futures import Future
from contextlib import suppress

from job_store import LIMITS
from sqlalchemy.engine import Connection

from hinterland.jobs.database import Database
from hinterland.jobs.model import Job
from hinterland.jobs.specs import Spec, from_json
from hinterland.jobs.store import create_job
from hinterland.reasons import RefusedError


def main(url: str, owner: str, kind: str, text: str, prefix: str) -> None:
    """Submit for ever, each request twice at a time."""
    spec = from_json(kind, text)
    with Database(url) as database:
        for number in itertools.count():
            request_id = f"{prefix}-{number}"
            pair = [_submit(database, owner, spec, request_id) for _ in range(2)]
            for future in pair:
                job_id = None
                with suppress(RefusedError):  # the database was busy: nothing is promised
                    job_id = future.result().id
                print(json.dumps([request_id, job_id]), flush=True)  # noqa: T201 - that is what it is for
            sys.stdin.readline()  # no faster than asked


def _submit(database: Database, owner: str, spec: Spec, request_id: str) -> Future[Job]:
    def work(connection: Connection) -> Job:
        return create_job(
            connection,
            owner=owner,
            spec=spec,
            max_run_s=600.0,
            ttl_s=86400.0,
            request_id=request_id,
            limits=LIMITS,
        )

    return database.write(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
