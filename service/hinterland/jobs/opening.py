"""Open the database that the settings name."""

from __future__ import annotations

from hinterland.jobs.database import Database
from hinterland.jobs.folders import DataFolders
from hinterland.jobs.migrations import migrate
from hinterland.jobs.sqlite_files import check_sqlite
from hinterland.settings import Settings


def database_url(settings: Settings) -> str:
    """As SQLAlchemy has it; it may hold a password."""
    if settings.database is not None:
        return settings.database.get_secret_value()
    return f"sqlite:///{DataFolders(settings.data.resolve()).database}"


def open_database(settings: Settings) -> Database:
    """Make the folders of the data and open the database, brought to this version's schema.

    Raises
    ------
    HinterlandError
        If the place cannot be written, the database is damaged, or a newer version's.
    """
    folders = DataFolders(settings.data)
    folders.make()
    if settings.database is None:
        check_sqlite(folders.database)
    database = Database(database_url(settings))
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return database
