"""Prometheus metrics: calls as gRPC names them (A66), the queue, stages, pixels, and errors by reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

# the buckets that A66 asks for, thinned: each costs every scrape a line for every method and status
_CALL_S = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
_CALL_BYTES = (1024.0, 16384.0, 262144.0, 4194304.0, 67108864.0, 1073741824.0, 17179869184.0)
_STAGE_S = (0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0)


class Metrics:
    """What the server counts, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._started = Counter(
            "grpc_server_call_started",
            "Calls begun.",
            ("grpc_method",),
            registry=self.registry,
        )
        labels = ("grpc_method", "grpc_status")
        self._duration = Histogram(
            "grpc_server_call_duration_seconds",
            "From the first byte of a call to its status.",
            labels,
            buckets=_CALL_S,
            registry=self.registry,
        )
        self._received = Histogram(
            "grpc_server_call_rcvd_total_compressed_message_size_bytes",
            "Bytes of all requests of a call; messages are not compressed.",
            labels,
            buckets=_CALL_BYTES,
            registry=self.registry,
        )
        self._sent = Histogram(
            "grpc_server_call_sent_total_compressed_message_size_bytes",
            "Bytes of all responses of a call; messages are not compressed.",
            labels,
            buckets=_CALL_BYTES,
            registry=self.registry,
        )
        self._errors = Counter(
            "hinterland_errors", "Calls refused, by reason.", ("reason",), registry=self.registry
        )
        self._job_ends = Counter(
            "hinterland_job_ends",
            "Jobs that ended, by state and, where they failed, by reason.",
            ("kind", "state", "reason"),
            registry=self.registry,
        )
        self._stage_s = Histogram(
            "hinterland_stage_seconds",
            "Time that jobs spent in a stage.",
            ("kind", "stage"),
            buckets=_STAGE_S,
            registry=self.registry,
        )
        self._pixels = Counter(
            "hinterland_output_pixels",
            "Pixels of results that were published: its rate is the throughput.",
            ("kind",),
            registry=self.registry,
        )
        self._bytes = Counter(
            "hinterland_transferred_bytes",
            "Bytes of files taken in and handed out.",
            ("direction",),
            registry=self.registry,
        )

    def begin_call(self, method: str) -> None:
        """A call was begun."""
        self._started.labels(method).inc()

    def end_call(self, method: str, status: str, seconds: float, received: int, sent: int) -> None:
        """A call ended with a status, "OK" or another, after seconds, and bytes received and sent."""
        self._duration.labels(method, status).observe(seconds)
        self._received.labels(method, status).observe(received)
        self._sent.labels(method, status).observe(sent)

    def refuse(self, reason: str) -> None:
        """A call was refused."""
        self._errors.labels(reason).inc()

    def transfer(self, direction: str, size_bytes: int) -> None:
        """Bytes of a file went "in" or "out"."""
        self._bytes.labels(direction).inc(size_bytes)

    def end_stage(self, kind: str, stage: str, seconds: float) -> None:
        """A job left a stage."""
        self._stage_s.labels(kind, stage).observe(seconds)

    def end_job(self, kind: str, state: str, reason: str, pixels: int) -> None:
        """A job ended."""
        self._job_ends.labels(kind, state, reason).inc()
        self._pixels.labels(kind).inc(pixels)

    def watch_gauges(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Read some gauges when they are asked for; where that fails, none are told."""
        self.registry.register(_Gauges(read))


_GAUGES = {
    "hinterland_jobs_pending": "Jobs that wait.",
    "hinterland_jobs_running": "Jobs that run.",
    "hinterland_workers": "Workers that are alive.",
    "hinterland_watches": "Watches that are open.",
    "hinterland_disk_free_bytes": "Free on the disk of the data.",
}


class _Gauges(Collector):
    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._read().items():
            yield GaugeMetricFamily(name, _GAUGES[name], value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        for name, words in _GAUGES.items():
            yield GaugeMetricFamily(name, words)
