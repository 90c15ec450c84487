from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from job_store import (
    PROGRESS,
    beat,
    sqlite_url,
    submit,
    take_one,
)

from hinterland.jobs.changes import changes_since
from hinterland.jobs.database import Database
from hinterland.jobs.leases import (
    expire_leases,
)
from hinterland.jobs.migrations import migrate
from hinterland.jobs.model import (
    State,
)
from hinterland.jobs.schema import counter, jobs
from hinterland.jobs.store import list_jobs


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Database]:
    """100,000 jobs of 50 owners that wait."""
    with Database(sqlite_url(tmp_path)) as database:
        migrate(database)
        row = submit(database)
        fresh = {
            "id": "printf('%026d', i)",
            "owner": "'o' || (i % 50)",
            "request_id": "NULL",
            "revision": "i",
        }
        values = ", ".join(fresh.get(column.name, f"jobs.{column.name}") for column in jobs.c)
        copies = sa.text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) "  # noqa: S608 - of our own names
            f"INSERT INTO jobs SELECT {values} FROM n, jobs WHERE jobs.id = :id"
        )
        counts = sa.text(
            "INSERT INTO owners SELECT owner, count(*), 0, 0, 0 FROM jobs WHERE owner != 'ada' GROUP BY owner"
        )

        def fill(connection: sa.Connection) -> None:
            connection.execute(copies, {"id": row.id})
            connection.execute(counts)
            connection.execute(sa.update(counter).values(queued=100_000, revision=200_000))

        database.write(fill).result()
        yield database


def test_no_statement_of_a_claim_or_a_list_scans_100_000_jobs(crowded: Database) -> None:
    seen: list[tuple[str, object]] = []
    for engine in (crowded._writing, crowded._reading):
        sa.event.listen(
            engine,
            "before_cursor_execute",
            lambda _c, _cursor, statement, parameters, *_: seen.append((statement, parameters)),
        )
    taken = take_one(crowded)
    beat(crowded, taken, progress=PROGRESS)
    crowded.read(lambda c: list_jobs(c, "o7", page_size=50))
    crowded.read(lambda c: list_jobs(c, "o7", page_size=50, state=State.FAILED, before="z"))
    crowded.read(lambda c: list_jobs(c, "o7", page_size=50, kind="mosaic"))
    crowded.read(lambda c: list_jobs(c, "o7", page_size=50, labels={"a": "b"}))
    crowded.read(lambda c: changes_since(c, 199_990))
    crowded.write(expire_leases).result()
    statements = [(s, p) for s, p in seen if s.lstrip().split()[0] in {"SELECT", "UPDATE"}]
    assert len(statements) > 10
    plans = crowded.read(
        lambda c: [
            (statement, step.detail)
            for statement, parameters in statements
            for step in c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    )
    # a walk along an index in order is a SCAN too: of owners by turn it ends at the first
    allowed = ("SCAN counter", "SCAN owners USING COVERING INDEX owners_by_turn", "SCAN CONSTANT ROW")
    allowed += ("SCAN owners USING INDEX owners_by_turn",)
    scans = [(s, d) for s, d in plans if d.startswith("SCAN") and not d.startswith(allowed)]
    assert scans == []
