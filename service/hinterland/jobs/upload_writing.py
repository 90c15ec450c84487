"""Writing uploads, so that a cut costs only what was not acknowledged.

The order that makes it so: data are written and synced, then the row says how far they reach, then the client is
told. What lies beyond the row after a crash is cut off when the upload is opened again. One process has an upload
at a time, by a lock on its file that dies with the process; the row is read and written under it.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import google_crc32c
from sqlalchemy.engine import Connection

from hinterland.jobs import failpoints
from hinterland.jobs.content import File, add_file, content_path, keep_content
from hinterland.jobs.database import Database, now_s
from hinterland.jobs.schema import uploads
from hinterland.jobs.upload_files import lock_upload, upload_path
from hinterland.jobs.uploads import Upload, UploadLimits, UploadState, get_upload
from hinterland.reasons import Reason, RefusedError

KEPT_EVERY_BYTES = 32 << 20
"""A server that dies costs a client about twice this: one part is written while the one before is synced."""
_BLOCK_BYTES = 4 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class UploadWriter:
    """Adds bytes to an upload; a context manager that keeps what was added when it is left, however it is left.

    Blocks: for threads. Made by `open_writer`.
    """

    def __init__(self, database: Database, descriptor: int, upload: Upload, limits: UploadLimits) -> None:
        self._database = database
        self._descriptor = descriptor
        self._limits = limits
        self._upload = upload
        self._position = self._asked = upload.committed_bytes
        self._keeper = ThreadPoolExecutor(1, "upload keeper")
        self._keeping: Future[None] | None = None

    def append(self, offset: int, data: bytes, crc32c: int) -> None:
        """Write a piece.

        Parameters
        ----------
        offset : int
            Where it starts in the file: where the one before ended.
        data : bytes
            The piece.
        crc32c : int
            CRC-32C (Castagnoli) of it.

        Raises
        ------
        RefusedError
            OFFSET_WRONG, CHECKSUM_WRONG or DISK_FULL; the pieces before are kept.
        """
        if offset != self._position or offset + len(data) > self._upload.size_bytes:
            message = (
                f"a piece of {len(data)} bytes at {offset}: the next starts at {self._position} and ends at most "
                f"at {self._upload.size_bytes}"
            )
            raise RefusedError(
                Reason.OFFSET_WRONG, message, offset=str(offset), next_offset=str(self._position)
            )
        if google_crc32c.value(data) != crc32c:
            message = f"the piece at {offset} was damaged on its way; send it again"
            raise RefusedError(Reason.CHECKSUM_WRONG, message, offset=str(offset))
        with _clear_full():
            failpoints.reach("upload.write")
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:] if written else data, offset + written)
        self._position += len(data)
        if self._position - self._asked >= KEPT_EVERY_BYTES:
            self._wait()
            self._asked = self._position
            self._keeping = self._keeper.submit(self._keep, self._position, is_over=False)

    def commit(self) -> None:
        """Have all pieces on the disk and in the row.

        Raises
        ------
        RefusedError
            DISK_FULL, DATABASE_BUSY.
        """
        self._wait()
        if self._position > self._upload.committed_bytes:
            self._keep(self._position, is_over=True)

    def _wait(self) -> None:
        """Until what was asked to be kept is; what broke it is raised."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.result()

    def _keep(self, reached: int, *, is_over: bool) -> None:
        """Have all pieces so far on the disk and in the row."""
        with _clear_full():
            failpoints.reach("upload.fsync")
            os.fsync(self._descriptor)
        failpoints.reach("upload.commit")
        self._upload = self._database.write(
            lambda connection: _set_committed(connection, self._upload, reached, self._limits.retention_s)
        ).result()
        if not is_over:  # a long file would push out of memory what jobs are at work on
            os.posix_fadvise(self._descriptor, 0, reached, os.POSIX_FADV_DONTNEED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.commit()
        finally:
            self._keeper.shutdown()
            os.close(self._descriptor)


def open_writer(
    database: Database, folder: Path, *, owner: str, upload_id: str, limits: UploadLimits
) -> UploadWriter:
    """Open an upload to be written, at its committed bytes.

    Raises
    ------
    RefusedError
        NOT_YOURS, UPLOAD_EXPIRED, UPLOAD_BUSY; STATE_WRONG if it is finished.
    """
    database.read(lambda connection: _open_upload(connection, owner, upload_id))
    descriptor = lock_upload(folder, upload_id)
    try:
        upload = database.read(lambda connection: _open_upload(connection, owner, upload_id))
        if not _was_moved(descriptor, folder, upload):  # else nothing is left to write, only to finish
            if os.fstat(descriptor).st_size < upload.committed_bytes:  # lost with its disk
                upload = database.write(
                    lambda connection: _set_committed(connection, upload, 0, limits.retention_s)
                ).result()
            os.ftruncate(descriptor, upload.committed_bytes)
        return UploadWriter(database, descriptor, upload, limits)
    except BaseException:
        os.close(descriptor)
        raise


def finish_upload(
    database: Database, folder: Path, *, owner: str, upload_id: str, limits: UploadLimits
) -> File:
    """Check the whole and make it a file of its owner. Blocks while it reads; again is the same.

    Raises
    ------
    RefusedError
        NOT_YOURS, UPLOAD_EXPIRED, UPLOAD_BUSY, UPLOAD_INCOMPLETE; CHECKSUM_WRONG, and the upload is empty again.
    """
    upload = database.read(lambda connection: get_upload(connection, owner, upload_id))
    if upload.state is UploadState.FINISHED:
        return database.write(lambda connection: _settle(connection, folder, upload)).result()
    descriptor = lock_upload(folder, upload_id)
    try:
        upload = database.read(lambda connection: get_upload(connection, owner, upload_id))
        if upload.state is UploadState.FINISHED:
            upload_path(folder, upload_id).unlink(missing_ok=True)  # the lock made it anew
            return database.write(lambda connection: _settle(connection, folder, upload)).result()
        if upload.committed_bytes < upload.size_bytes:
            message = f"{upload.committed_bytes} of {upload.size_bytes} bytes are here; write the rest first"
            raise RefusedError(Reason.UPLOAD_INCOMPLETE, message, committed_bytes=str(upload.committed_bytes))
        partial = upload_path(folder, upload_id)
        was_moved = _was_moved(descriptor, folder, upload)
        if not was_moved and not _is_whole(descriptor, upload):
            os.ftruncate(descriptor, 0)
            database.write(
                lambda connection: _set_committed(connection, upload, 0, limits.retention_s)
            ).result()
            message = "the file that arrived is not the one announced; write it again from the start"
            raise RefusedError(Reason.CHECKSUM_WRONG, message)
        keep_content(folder, owner, upload.sha256, None if was_moved else partial)
        failpoints.reach("upload.settle")
        file = database.write(lambda connection: _settle(connection, folder, upload)).result()
        if (
            was_moved
        ):  # the lock made the file anew; before it was settled others could have taken a newer one
            partial.unlink(missing_ok=True)
        return file
    finally:
        os.close(descriptor)


def _set_committed(connection: Connection, upload: Upload, reached: int, retention_s: float) -> Upload:
    connection.execute(
        uploads.update()
        .where(uploads.c.id == upload.id)
        .values(committed_bytes=reached, expires_s=now_s(connection) + retention_s)
    )
    return get_upload(connection, upload.owner, upload.id)


def _open_upload(connection: Connection, owner: str, upload_id: str) -> Upload:
    upload = get_upload(connection, owner, upload_id)
    if upload.state is UploadState.FINISHED:
        message = "the upload is finished; nothing can be added"
        raise RefusedError(Reason.STATE_WRONG, message)
    return upload


def _settle(connection: Connection, folder: Path, upload: Upload) -> File:
    """Enter the content that lies in its place; nothing if it was swept away in the same moment."""
    if not content_path(folder, upload.owner, upload.sha256).exists():
        message = "the file has expired; create its upload again"
        raise RefusedError(Reason.UPLOAD_EXPIRED, message)
    connection.execute(
        uploads.update().where(uploads.c.id == upload.id).values(state=UploadState.FINISHED.value)
    )
    return add_file(connection, upload.owner, upload.sha256, upload.size_bytes)


def _was_moved(descriptor: int, folder: Path, upload: Upload) -> bool:
    """True once the content was checked and moved, by a stream that settles it now or has crashed before."""
    is_written = upload.committed_bytes == upload.size_bytes
    is_new = os.fstat(descriptor).st_size == 0
    return is_written and is_new and content_path(folder, upload.owner, upload.sha256).exists()


def _is_whole(descriptor: int, upload: Upload) -> bool:
    if os.fstat(descriptor).st_size != upload.size_bytes:
        return False
    digest = hashlib.sha256()
    for start in range(0, upload.size_bytes, _BLOCK_BYTES):
        # the disk reads the next block while this one is hashed
        os.posix_fadvise(descriptor, start + _BLOCK_BYTES, _BLOCK_BYTES, os.POSIX_FADV_WILLNEED)
        digest.update(os.pread(descriptor, _BLOCK_BYTES, start))
        if upload.size_bytes > KEPT_EVERY_BYTES:
            os.posix_fadvise(descriptor, start, _BLOCK_BYTES, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest() == upload.sha256


@contextmanager
def _clear_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = "the server's disk is full; try again later"
        raise RefusedError(Reason.DISK_FULL, message) from error
