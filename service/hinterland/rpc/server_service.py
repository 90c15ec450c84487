"""Server of the contract: what this server is, can do, accepts and has to do."""

from __future__ import annotations

import sqlalchemy as sa
from google.protobuf import duration_pb2
from sqlalchemy.engine import Connection

from hinterland import __version__
from hinterland.api.v1 import server_pb2, server_pb2_grpc
from hinterland.jobs import store
from hinterland.jobs.database import now_s
from hinterland.jobs.landlock import landlock_abi
from hinterland.jobs.schema import workers
from hinterland.jobs.seccomp import has_filters
from hinterland.rpc.backstage import Backstage
from hinterland.rpc.capabilities import capabilities
from hinterland.rpc.interceptors import Context

_CPU = "cpu"


class ServerService(server_pb2_grpc.ServerServicer):
    """Tells about the server."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self._capabilities = tuple(capabilities())
        means = {"landlock": landlock_abi() > 0, "seccomp": has_filters(), "rlimits": True}
        self._confinement = tuple(name for name, is_there in means.items() if is_there)

    async def GetServerInfo(
        self,
        request: server_pb2.GetServerInfoRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> server_pb2.ServerInfo:
        """Version, capabilities, limits and load."""
        settings = self._backstage.settings
        counts, devices = await self._backstage.read(self._load)
        gpus = sorted(devices - {_CPU})
        return server_pb2.ServerInfo(
            version=__version__,
            backends=[*(["cpu"] if _CPU in devices or not gpus else []), *(["cuda"] if gpus else [])],
            gpus=gpus,
            capabilities=self._capabilities,
            limits=server_pb2.Limits(
                file_bytes=settings.file_bytes,
                owner_bytes=settings.owner_bytes,
                owner_queued_jobs=settings.owner_queued_jobs,
                owner_running_jobs=settings.owner_running_jobs,
                owner_watches=settings.owner_watches,
                run_duration=_duration(settings.run_duration_s),
                retention=_duration(settings.retention_s),
            ),
            confinement=self._confinement,
            queue=server_pb2.Queue(pending=counts.pending, running=counts.running, workers=counts.workers),
        )

    def _load(self, connection: Connection) -> tuple[store.QueueCounts, set[str]]:
        alive_s = self._backstage.settings.lease_s
        since_s = now_s(connection) - alive_s
        query = sa.select(workers.c.device).where(workers.c.seen_s >= since_s).distinct()
        return store.queue_counts(connection, alive_s=alive_s), set(connection.execute(query).scalars())


def _duration(seconds: float) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromMilliseconds(round(seconds * 1000))
    return duration
