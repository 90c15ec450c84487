"""What a worker is told by who starts it: one line of JSON on its standard input, for it may hold a password."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from hinterland.jobs.folders import DataFolders
from hinterland.jobs.leases import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Of one worker."""

    data: str
    """Folder of the server's data."""
    database_url: str
    """As SQLAlchemy has it."""
    device: Device
    """What it runs on."""
    cores: tuple[int, ...]
    """Processors that it and its children keep to; none: all."""
    backend: str
    """"auto", "cpu" or "cuda"."""
    lease_s: float
    heartbeat_s: float
    drain_s: float
    """How long a job may go on once the worker was told to end."""
    owner_running_jobs: int
    plan_output_bytes: int
    """The largest output."""
    disk_high_water: float
    """Share of the disk that no output may pass."""
    log_level: str = "info"

    @property
    def folders(self) -> DataFolders:
        """Of the data."""
        return DataFolders(Path(self.data))

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `to_json` wrote."""
        kept = json.loads(line)
        device, cores = Device(**kept.pop("device")), tuple(kept.pop("cores"))
        return cls(device=device, cores=cores, **kept)
