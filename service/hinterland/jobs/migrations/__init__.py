"""Bring a database to the schema of this version."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hinterland.errors import HinterlandError
from hinterland.jobs import failpoints
from hinterland.jobs.database import Database


class DatabaseNewerError(HinterlandError):
    """The database was brought to a schema that this version does not know."""


def migrate(database: Database) -> None:
    """Apply what is missing, all in one transaction: it holds as a whole or not at all.

    Raises
    ------
    DatabaseNewerError
        If a newer version of hinterland has changed the database.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with database.engine.connect() as connection, connection.begin():
        _check_known(connection, ScriptDirectory.from_config(config))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        failpoints.reach("migration.commit")


def _check_known(connection: sa.Connection, scripts: ScriptDirectory) -> None:
    present = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        message = (
            f"the database has schema {present}, which this version does not know: it was written by a newer "
            "hinterland; install that version"
        )
        raise DatabaseNewerError(message)
