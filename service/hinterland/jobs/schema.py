"""Tables of the service: one schema for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_WAITING = text("queued > 0")
_LEASED = text("lease_until_s IS NOT NULL")

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("max_run_s", Float, nullable=False),
    Column("ttl_s", Float, nullable=False),
    Column("request_id", Text),
    Column("request_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # of its last change, in the order of all changes of all jobs
    Column("revision", BigInteger, nullable=False),
    Column("changed_s", Float, nullable=False),
    Column("stage", Text),
    Column("done", BigInteger),
    Column("total", BigInteger),
    Column("progress_s", Float),
    Column("attempt", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("worker", Text),
    Column("node", Text),
    Column("lease_until_s", Float),
    # 0: what a worker has; more where a plan was found not to fit in that
    Column("needed_bytes", BigInteger, nullable=False),
    Column("reserved_bytes", BigInteger, nullable=False),
    Column("failure", Text),
    Column("plan", Text),
    Column("degraded", Text, nullable=False),
    Column("created_s", Float, nullable=False),
    Column("started_s", Float),
    Column("ended_s", Float),
    Column("expires_s", Float),
    Column("result_folder", Text),
    Column("result_bytes", BigInteger, nullable=False),
    UniqueConstraint("owner", "request_id"),
    CheckConstraint(
        "state IN ('PENDING', 'RUNNING', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name="state"
    ),
)
Index("jobs_by_owner", jobs.c.owner, jobs.c.id)
Index("jobs_by_state", jobs.c.owner, jobs.c.state, jobs.c.id)
Index("jobs_by_kind", jobs.c.owner, jobs.c.kind, jobs.c.id)
Index("jobs_by_revision", jobs.c.revision)
Index("jobs_by_lease", jobs.c.lease_until_s, sqlite_where=_LEASED, postgresql_where=_LEASED)
Index("jobs_by_expiry", jobs.c.expires_s)

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("stage", Text),
    Column("done", BigInteger),
    Column("total", BigInteger),
    Column("progress_s", Float),
    Column("time_s", Float, nullable=False),
)
Index("job_events_by_revision", job_events.c.revision)

job_labels = Table(
    "job_labels",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
)
Index("job_labels_by_job", job_labels.c.job_id)

job_inputs = Table(
    "job_inputs",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
)
Index("job_inputs_by_job", job_inputs.c.job_id)

job_results = Table(
    "job_results",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

owners = Table(
    "owners",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("queued", BigInteger, nullable=False),
    Column("running", BigInteger, nullable=False),
    # of all files and results
    Column("bytes", BigInteger, nullable=False),
    # revision at which a job of the owner was last taken
    Column("served", BigInteger, nullable=False),
)
Index("owners_by_turn", owners.c.running, owners.c.served, sqlite_where=_WAITING, postgresql_where=_WAITING)

counter = Table(
    "counter",
    metadata,
    # one row, which every transaction that changes a job updates
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("job_ms", BigInteger, nullable=False),
    Column("queued", BigInteger, nullable=False),
    Column("running", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("started_s", Float, nullable=False),
    Column("seen_s", Float, nullable=False),
)
Index("workers_by_seen", workers.c.seen_s)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("committed_bytes", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_s", Float, nullable=False),
)
Index("uploads_by_owner", uploads.c.owner, uploads.c.sha256)
Index("uploads_by_expiry", uploads.c.expires_s)

files = Table(
    "files",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("used_s", Float, nullable=False),
)
Index("files_by_use", files.c.used_s)
