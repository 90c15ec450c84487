"""The server: its services behind the gate, on one port, from start to drain."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from prometheus_client import start_http_server

from hinterland.api.v1 import (
    inputs_pb2,
    inputs_pb2_grpc,
    jobs_pb2,
    jobs_pb2_grpc,
    results_pb2,
    results_pb2_grpc,
    server_pb2,
    server_pb2_grpc,
)
from hinterland.errors import InputError
from hinterland.jobs import store
from hinterland.jobs.opening import open_database
from hinterland.reasons import RefusedError
from hinterland.rpc.auth import Authenticator, Tokens
from hinterland.rpc.backstage import Backstage
from hinterland.rpc.inputs_service import InputsService
from hinterland.rpc.interceptors import Gate
from hinterland.rpc.job_metrics import JobMonitor
from hinterland.rpc.jobs_service import JobsService
from hinterland.rpc.metrics import Metrics
from hinterland.rpc.paging import PageTokens, load_secret
from hinterland.rpc.planning import Planner
from hinterland.rpc.results_service import ResultsService
from hinterland.rpc.server_service import ServerService
from hinterland.rpc.watch import Hub
from hinterland.settings import Settings

SERVICES = tuple(
    file.DESCRIPTOR.services_by_name[name].full_name
    for file, name in (
        (jobs_pb2, "Jobs"),
        (inputs_pb2, "Inputs"),
        (results_pb2, "Results"),
        (server_pb2, "Server"),
    )
)
SECRET, ADDRESS = "secret", "address"
"""Files: of the data, that page tokens are sealed with; of its run/, where the server listens."""

_SERVING = health_pb2.HealthCheckResponse.SERVING
_MIB = 1 << 20


_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second server on this port is an error, not a lottery
    ("grpc.max_receive_message_length", 4 * _MIB),
    # manifests of large pyramids; everything else keeps below what clients take by default
    ("grpc.max_send_message_length", 64 * _MIB),
    # by default bursts are shed from 1000 pending calls on, with a status that says the client cancelled;
    # the gate sheds them with one that says when to come again
    ("grpc.server.max_pending_requests", 16384),
    ("grpc.server.max_pending_requests_hard_limit", 32768),
    ("grpc.max_concurrent_streams", 1000),
    # clients come back on another connection, so that servers behind one name share the load again
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 24 * 3600_000),
    # a client that vanished without a word frees its upload and its watches
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 60_000),
)


class Server:
    """A server of one folder of data.

    Parameters
    ----------
    settings : Settings
        Of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._closing = AsyncExitStack()
        self.metrics = Metrics()

    async def start(self) -> str:
        """Open the database, listen and serve; the address, with the port that was taken.

        Raises
        ------
        HinterlandError
            If the data, the database, certificates, tokens or the address cannot be used.
        """
        try:
            return await self._start()
        except BaseException:
            await self._closing.aclose()
            raise

    async def _start(self) -> str:
        settings, loop = self._settings, asyncio.get_running_loop()
        tokens = None if settings.tokens is None else Tokens(settings.tokens)
        credentials = _credentials(settings)
        self.database = await loop.run_in_executor(None, open_database, settings)
        self._closing.push_async_callback(loop.run_in_executor, None, self.database.close)
        self.backstage = Backstage(settings, self.database, self.metrics)
        self._closing.callback(self.backstage.close)
        self.hub = Hub(self.backstage)
        await self.hub.start()
        self._closing.push_async_callback(self.hub.stop)
        if settings.metrics_listen is not None:
            await self._start_metrics(settings.metrics_listen)
        authenticator = Authenticator(tokens, uses_certificates=settings.tls_client_ca is not None)
        self._gate = Gate(authenticator, self.metrics, most_in_flight=settings.submit_burst)
        self._grpc = grpc.aio.server(interceptors=(self._gate,), options=_OPTIONS)
        await self._register()
        address = self._listen(credentials)
        await self._grpc.start()
        self._closing.push_async_callback(self._grpc.stop, None)
        return address

    async def _register(self) -> None:
        pages = PageTokens(load_secret(self._settings.data / SECRET))
        planner = Planner(self.backstage)
        self._closing.callback(planner.close)
        jobs = JobsService(self.backstage, self.hub, pages, planner)
        jobs_pb2_grpc.add_JobsServicer_to_server(jobs, self._grpc)
        inputs_pb2_grpc.add_InputsServicer_to_server(InputsService(self.backstage), self._grpc)
        results_pb2_grpc.add_ResultsServicer_to_server(ResultsService(self.backstage), self._grpc)
        server_pb2_grpc.add_ServerServicer_to_server(ServerService(self.backstage), self._grpc)
        self._health = HealthServicer()
        for name in SERVICES:
            await self._health.set(name, _SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        names = (*SERVICES, "grpc.health.v1.Health", reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._grpc)

    def _listen(self, credentials: grpc.ServerCredentials | None) -> str:
        asked = self._settings.listen
        try:
            if credentials is None:
                port = self._grpc.add_insecure_port(asked)
            else:
                port = self._grpc.add_secure_port(asked, credentials)
        except RuntimeError as error:
            message = (
                f"{asked} cannot be listened on: it is taken, or no address of this machine; choose another"
            )
            raise InputError(message) from error
        address = f"{asked.rpartition(':')[0]}:{port}"
        _write_address(self.backstage.folders.run / ADDRESS, address)
        return address

    async def _start_metrics(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self.metrics.watch_gauges(self._gauges)
        try:
            httpd, thread = start_http_server(int(port), host.strip("[]"), self.metrics.registry)
        except (OSError, ValueError) as error:
            message = f"{listen}: metrics cannot be served there: {error}"
            raise InputError(message) from error
        self.metrics_address = f"{host}:{httpd.server_port}"
        self._closing.callback(thread.join)
        self._closing.callback(httpd.server_close)
        self._closing.callback(httpd.shutdown)
        self.monitor = JobMonitor(self.backstage)
        await self.monitor.start()
        self._closing.push_async_callback(self.monitor.stop)

    def _gauges(self) -> Mapping[str, float]:
        found: dict[str, float] = {
            "hinterland_watches": self.hub.open_watches,
            "hinterland_disk_free_bytes": shutil.disk_usage(self._settings.data).free,
        }
        with suppress(RefusedError):  # a scrape during a pause of the database tells the rest
            counts = self.database.read(
                lambda connection: store.queue_counts(connection, alive_s=self._settings.lease_s)
            )
            found["hinterland_jobs_pending"] = counts.pending
            found["hinterland_jobs_running"] = counts.running
            found["hinterland_workers"] = counts.workers
        return found

    async def drain(self) -> None:
        """Say that this server ends: to load balancers, then to new calls, then to those who watch."""
        await self._health.enter_graceful_shutdown()
        self._gate.is_draining = True
        self.hub.drain()

    async def finish_calls(self, grace_s: float) -> None:
        """Let the calls under way end, and break those that take longer."""
        await self._grpc.stop(grace_s)

    async def close(self) -> None:
        """End at once and close everything."""
        await self._closing.aclose()
        with suppress(FileNotFoundError):
            (self.backstage.folders.run / ADDRESS).unlink()


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    authority = None if settings.tls_client_ca is None else _pem(settings.tls_client_ca)
    key, chain = _pem(settings.tls_key), _pem(settings.tls_certificate)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_certificate, settings.tls_key)
    except ssl.SSLError as error:
        message = f"{settings.tls_key} is not the key of {settings.tls_certificate}: {error.reason or error}"
        raise InputError(message) from error
    return grpc.ssl_server_credentials(
        [(key, chain)],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def _pem(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}; give a PEM file that this user may read"
        raise InputError(message) from error
    if b"-----BEGIN " not in text:
        message = f"{path}: no PEM file"
        raise InputError(message)
    return text


def _write_address(path: Path, address: str) -> None:
    made = path.with_name(f"{path.name}.{os.getpid()}")
    made.write_text(address + "\n")
    made.replace(path)
