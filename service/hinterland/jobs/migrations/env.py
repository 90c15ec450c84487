"""Run by Alembic: migrates the connection that `migrate` hands over."""

from __future__ import annotations

from alembic import context

from hinterland.jobs.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
context.run_migrations()
