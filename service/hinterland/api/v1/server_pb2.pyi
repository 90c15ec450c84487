# Generated from proto/ by `make proto`; not to be edited.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ServerInfo(_message.Message):
    __slots__ = ("version", "backends", "gpus", "capabilities", "limits", "queue", "confinement")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BACKENDS_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    CONFINEMENT_FIELD_NUMBER: _ClassVar[int]
    version: str
    backends: _containers.RepeatedScalarFieldContainer[str]
    gpus: _containers.RepeatedScalarFieldContainer[str]
    capabilities: _containers.RepeatedCompositeFieldContainer[Capability]
    limits: Limits
    queue: Queue
    confinement: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[str] = ..., backends: _Optional[_Iterable[str]] = ..., gpus: _Optional[_Iterable[str]] = ..., capabilities: _Optional[_Iterable[_Union[Capability, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., queue: _Optional[_Union[Queue, _Mapping]] = ..., confinement: _Optional[_Iterable[str]] = ...) -> None: ...

class Capability(_message.Message):
    __slots__ = ("kind", "option", "choices", "default_value")
    KIND_FIELD_NUMBER: _ClassVar[int]
    OPTION_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VALUE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    option: str
    choices: _containers.RepeatedScalarFieldContainer[str]
    default_value: str
    def __init__(self, kind: _Optional[str] = ..., option: _Optional[str] = ..., choices: _Optional[_Iterable[str]] = ..., default_value: _Optional[str] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("file_bytes", "owner_bytes", "owner_queued_jobs", "owner_running_jobs", "owner_watches", "run_duration", "retention")
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    OWNER_BYTES_FIELD_NUMBER: _ClassVar[int]
    OWNER_QUEUED_JOBS_FIELD_NUMBER: _ClassVar[int]
    OWNER_RUNNING_JOBS_FIELD_NUMBER: _ClassVar[int]
    OWNER_WATCHES_FIELD_NUMBER: _ClassVar[int]
    RUN_DURATION_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    file_bytes: int
    owner_bytes: int
    owner_queued_jobs: int
    owner_running_jobs: int
    owner_watches: int
    run_duration: _duration_pb2.Duration
    retention: _duration_pb2.Duration
    def __init__(self, file_bytes: _Optional[int] = ..., owner_bytes: _Optional[int] = ..., owner_queued_jobs: _Optional[int] = ..., owner_running_jobs: _Optional[int] = ..., owner_watches: _Optional[int] = ..., run_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retention: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Queue(_message.Message):
    __slots__ = ("pending", "running", "workers")
    PENDING_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    pending: int
    running: int
    workers: int
    def __init__(self, pending: _Optional[int] = ..., running: _Optional[int] = ..., workers: _Optional[int] = ...) -> None: ...
