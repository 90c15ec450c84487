"""The folders of a server's data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import InputError


@dataclass(frozen=True, slots=True)
class DataFolders:
    """Where things lie below the folder of `--data`; all on one file system, so that files can be moved."""

    root: Path

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.root / "hinterland.sqlite3"

    @property
    def files(self) -> Path:
        """Content: files/OWNER/AA/SHA256."""
        return self.root / "files"

    @property
    def uploads(self) -> Path:
        """Content on its way."""
        return self.root / "uploads"

    @property
    def work(self) -> Path:
        """What workers make: work/JOB/attempt-FENCE, work/JOB/checkpoints."""
        return self.root / "work"

    @property
    def results(self) -> Path:
        """What was made: results/JOB.FENCE."""
        return self.root / "results"

    @property
    def run(self) -> Path:
        """Locks and addresses of the processes."""
        return self.root / "run"

    def make(self) -> None:
        """Make what is missing, readable to nobody else.

        Raises
        ------
        InputError
            If the place cannot be written.
        """
        try:
            for folder in (self.root, self.files, self.uploads, self.work, self.results, self.run):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"{self.root}: no folder for data can be made there: {error.strerror or error}"
            raise InputError(message) from error

    def job(self, job_id: str) -> Path:
        """Folder of a job while workers make it."""
        return self.work / job_id

    def attempt(self, job_id: str, fence: int) -> Path:
        """Folder of one attempt, its own by the fence."""
        return self.job(job_id) / f"attempt-{fence}"
