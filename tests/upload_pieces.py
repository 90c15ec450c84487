"""Uploads made for tests: bytes in pieces, and the steps that take them in."""

from __future__ import annotations

import hashlib
from pathlib import Path

import google_crc32c
import numpy as np

from hinterland.jobs.content import File
from hinterland.jobs.database import Database
from hinterland.jobs.quotas import Limits
from hinterland.jobs.upload_writing import UploadWriter, finish_upload, open_writer
from hinterland.jobs.uploads import Upload, UploadLimits, create_upload

OWNER = "ada"
LIMITS = UploadLimits(
    file_bytes=1 << 30,
    disk_high_water=1.0,
    retention_s=3600.0,
    owner=Limits(queued_jobs=1_000, owner_queued_jobs=1_000, owner_running_jobs=1_000, owner_bytes=1 << 40),
)
BYTES = np.random.default_rng(4).bytes(10_000)


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def create(
    database: Database,
    folder: Path,
    data: bytes = BYTES,
    owner: str = OWNER,
    limits: UploadLimits = LIMITS,
    sha256: str | None = None,
) -> Upload:
    """Begin the upload of some bytes."""
    return database.write(
        lambda connection: create_upload(
            connection,
            folder,
            owner=owner,
            size_bytes=len(data),
            sha256=sha256 or sha256_of(data),
            limits=limits,
        )
    ).result()


def opened(database: Database, folder: Path, upload: Upload) -> UploadWriter:
    """A writer of an upload."""
    return open_writer(database, folder, owner=upload.owner, upload_id=upload.id, limits=LIMITS)


def append(writer: UploadWriter, data: bytes, first: int = 0, last: int | None = None) -> None:
    """Write the bytes from first to last in one piece."""
    piece = data[first:last]
    writer.append(first, piece, google_crc32c.value(piece))


def finish(database: Database, folder: Path, upload: Upload) -> File:
    """Make a file of an upload."""
    return finish_upload(database, folder, owner=upload.owner, upload_id=upload.id, limits=LIMITS)


def take_in(database: Database, folder: Path, data: bytes = BYTES, owner: str = OWNER) -> File:
    """Upload some bytes in one piece."""
    upload = create(database, folder, data, owner)
    if upload.committed_bytes < len(data):
        with opened(database, folder, upload) as writer:
            append(writer, data)
    return finish(database, folder, upload)
