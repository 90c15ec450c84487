"""Removes what is over: leases, jobs, results that no row names, folders of attempts, uploads, files."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hinterland.jobs.content import sweep_files
from hinterland.jobs.database import Database, now_s
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.identifiers import is_identifier
from hinterland.jobs.leases import expire_leases
from hinterland.jobs.publishing import result_folder
from hinterland.jobs.schema import jobs, workers
from hinterland.jobs.store import forget
from hinterland.jobs.uploads import sweep_uploads

_MOST_EXPIRED = 200
_MOST_NAMES = 500
_FORGOTTEN_S = 3600.0
_OTHER_WORK_S = 86400.0
"""Age at which a folder of work that is no job's is taken for a leftover."""

_log = logging.getLogger(__name__)


class Sweeper:
    """Sweeps a server's data; any number of servers may sweep the same.

    Parameters
    ----------
    database : Database
        Of the jobs.
    folders : DataFolders
        Of the data.
    upload_retention_s : float
        How long files that no job names are kept.
    """

    def __init__(self, database: Database, folders: DataFolders, *, upload_retention_s: float) -> None:
        self._database = database
        self._folders = folders
        self._upload_retention_s = upload_retention_s

    def take_back(self) -> None:
        """Take jobs from workers that are not heard of: often, for somebody waits for them."""
        for job in self._database.write(expire_leases).result():
            _log.warning("jobs/%s: its worker was lost in attempt %d: %s", job.id, job.attempt, job.state)

    def sweep(self) -> None:
        """Remove all else: now and then, and at the start."""
        folders, retention_s = self._folders, self._upload_retention_s
        self._database.write(_forget_expired).result()
        self._database.write(_forget_workers).result()
        self._database.write(lambda connection: sweep_uploads(connection, folders.root)).result()
        self._database.write(lambda connection: sweep_files(connection, folders.root, retention_s)).result()
        self._sweep_results()
        self._sweep_work()

    def _sweep_results(self) -> None:
        """Remove folders that no row names, but not one whose attempt may yet write its row."""
        places = {place: place.name.partition(".")[0] for place in _folders_in(self._folders.results)}
        rows = self._rows(set(places.values()))
        for place, job_id in places.items():
            row = rows.get(job_id)
            if row is None or not _may_be_named(row, place.name):
                _log.info("results/%s is removed: no job has it", place.name)
                shutil.rmtree(place, ignore_errors=True)

    def _sweep_work(self) -> None:
        """Remove folders of jobs that have ended, and of attempts that are over."""
        places = _folders_in(self._folders.work)
        rows = self._rows({place.name for place in places})
        for place in places:
            row = rows.get(place.name)
            if not is_identifier(place.name):
                if _age_s(place) > _OTHER_WORK_S:
                    shutil.rmtree(place, ignore_errors=True)
            elif row is None or row.state in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                shutil.rmtree(place, ignore_errors=True)
            else:
                self._sweep_attempts(place, row)

    def _sweep_attempts(self, place: Path, row: sa.Row[Any]) -> None:
        for attempt in place.glob("attempt-*"):
            is_at_work = row.lease_until_s is not None and attempt.name == f"attempt-{row.fence}"
            if not is_at_work:
                shutil.rmtree(attempt, ignore_errors=True)

    def _rows(self, names: set[str]) -> Mapping[str, sa.Row[Any]]:
        """What the database has of jobs; asked after the folders were listed, so that no newer one is missed."""
        found: dict[str, sa.Row[Any]] = {}
        wanted = sorted(names)
        for start in range(0, len(wanted), _MOST_NAMES):
            query = sa.select(
                jobs.c.id, jobs.c.state, jobs.c.fence, jobs.c.lease_until_s, jobs.c.result_folder
            ).where(jobs.c.id.in_(wanted[start : start + _MOST_NAMES]))
            found |= {row.id: row for row in self._database.read(partial(_all, query))}
        return found


def _all(query: sa.Select[Any], connection: Connection) -> Sequence[sa.Row[Any]]:
    return connection.execute(query).all()


def _may_be_named(row: sa.Row[Any], name: str) -> bool:
    if row.result_folder == name:
        return True
    return row.lease_until_s is not None and name == result_folder(row.id, row.fence)


def _folders_in(parent: Path) -> list[Path]:
    return [place for place in parent.iterdir() if place.is_dir()]


def _age_s(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _forget_expired(connection: Connection) -> int:
    """Forget jobs whose time is over; their folders follow."""
    query = (
        sa.select(jobs)
        .where(jobs.c.expires_s < now_s(connection))
        .order_by(jobs.c.expires_s)
        .limit(_MOST_EXPIRED)
    )
    rows = connection.execute(query).mappings().all()
    for row in rows:
        forget(connection, row)
    return len(rows)


def _forget_workers(connection: Connection) -> None:
    """Forget workers that ended without saying so."""
    connection.execute(sa.delete(workers).where(workers.c.seen_s < now_s(connection) - _FORGOTTEN_S))
