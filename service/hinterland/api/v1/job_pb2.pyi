# Generated from proto/ by `make proto`; not to be edited.
import datetime

from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Job(_message.Message):
    __slots__ = ("name", "panorama", "mosaic", "overview", "title", "labels", "max_run_duration", "expire_time", "ttl", "state", "sequence", "progress", "attempt", "error", "plan", "degraded", "create_time", "start_time", "end_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Job.State]
        PENDING: _ClassVar[Job.State]
        RUNNING: _ClassVar[Job.State]
        CANCELLING: _ClassVar[Job.State]
        SUCCEEDED: _ClassVar[Job.State]
        FAILED: _ClassVar[Job.State]
        CANCELLED: _ClassVar[Job.State]
    STATE_UNSPECIFIED: Job.State
    PENDING: Job.State
    RUNNING: Job.State
    CANCELLING: Job.State
    SUCCEEDED: Job.State
    FAILED: Job.State
    CANCELLED: Job.State
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    PANORAMA_FIELD_NUMBER: _ClassVar[int]
    MOSAIC_FIELD_NUMBER: _ClassVar[int]
    OVERVIEW_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    MAX_RUN_DURATION_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    panorama: PanoramaSpec
    mosaic: MosaicSpec
    overview: OverviewSpec
    title: str
    labels: _containers.ScalarMap[str, str]
    max_run_duration: _duration_pb2.Duration
    expire_time: _timestamp_pb2.Timestamp
    ttl: _duration_pb2.Duration
    state: Job.State
    sequence: int
    progress: Progress
    attempt: int
    error: _status_pb2.Status
    plan: Plan
    degraded: _containers.RepeatedCompositeFieldContainer[Degradation]
    create_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., panorama: _Optional[_Union[PanoramaSpec, _Mapping]] = ..., mosaic: _Optional[_Union[MosaicSpec, _Mapping]] = ..., overview: _Optional[_Union[OverviewSpec, _Mapping]] = ..., title: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., max_run_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., state: _Optional[_Union[Job.State, str]] = ..., sequence: _Optional[int] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., attempt: _Optional[int] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., degraded: _Optional[_Iterable[_Union[Degradation, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class InputFile(_message.Message):
    __slots__ = ("file", "filename")
    FILE_FIELD_NUMBER: _ClassVar[int]
    FILENAME_FIELD_NUMBER: _ClassVar[int]
    file: str
    filename: str
    def __init__(self, file: _Optional[str] = ..., filename: _Optional[str] = ...) -> None: ...

class PanoramaSpec(_message.Message):
    __slots__ = ("frames", "metadata", "surface", "projection", "pixels_per_degree", "kernel", "nav")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SURFACE_FIELD_NUMBER: _ClassVar[int]
    PROJECTION_FIELD_NUMBER: _ClassVar[int]
    PIXELS_PER_DEGREE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    NAV_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[InputFile]
    metadata: _containers.RepeatedCompositeFieldContainer[InputFile]
    surface: str
    projection: str
    pixels_per_degree: float
    kernel: str
    nav: InputFile
    def __init__(self, frames: _Optional[_Iterable[_Union[InputFile, _Mapping]]] = ..., metadata: _Optional[_Iterable[_Union[InputFile, _Mapping]]] = ..., surface: _Optional[str] = ..., projection: _Optional[str] = ..., pixels_per_degree: _Optional[float] = ..., kernel: _Optional[str] = ..., nav: _Optional[_Union[InputFile, _Mapping]] = ...) -> None: ...

class MosaicSpec(_message.Message):
    __slots__ = ("rasters", "crs", "resolution", "extent", "method", "priority", "level", "kernel", "compress", "reference", "join", "feather_px", "fill_m", "relief", "slope", "light")
    class Extent(_message.Message):
        __slots__ = ("west", "south", "east", "north")
        WEST_FIELD_NUMBER: _ClassVar[int]
        SOUTH_FIELD_NUMBER: _ClassVar[int]
        EAST_FIELD_NUMBER: _ClassVar[int]
        NORTH_FIELD_NUMBER: _ClassVar[int]
        west: float
        south: float
        east: float
        north: float
        def __init__(self, west: _Optional[float] = ..., south: _Optional[float] = ..., east: _Optional[float] = ..., north: _Optional[float] = ...) -> None: ...
    class Light(_message.Message):
        __slots__ = ("azimuth_deg", "elevation_deg")
        AZIMUTH_DEG_FIELD_NUMBER: _ClassVar[int]
        ELEVATION_DEG_FIELD_NUMBER: _ClassVar[int]
        azimuth_deg: float
        elevation_deg: float
        def __init__(self, azimuth_deg: _Optional[float] = ..., elevation_deg: _Optional[float] = ...) -> None: ...
    RASTERS_FIELD_NUMBER: _ClassVar[int]
    CRS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    EXTENT_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    COMPRESS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    JOIN_FIELD_NUMBER: _ClassVar[int]
    FEATHER_PX_FIELD_NUMBER: _ClassVar[int]
    FILL_M_FIELD_NUMBER: _ClassVar[int]
    RELIEF_FIELD_NUMBER: _ClassVar[int]
    SLOPE_FIELD_NUMBER: _ClassVar[int]
    LIGHT_FIELD_NUMBER: _ClassVar[int]
    rasters: _containers.RepeatedCompositeFieldContainer[InputFile]
    crs: str
    resolution: float
    extent: MosaicSpec.Extent
    method: str
    priority: str
    level: str
    kernel: str
    compress: str
    reference: InputFile
    join: str
    feather_px: float
    fill_m: float
    relief: bool
    slope: bool
    light: MosaicSpec.Light
    def __init__(self, rasters: _Optional[_Iterable[_Union[InputFile, _Mapping]]] = ..., crs: _Optional[str] = ..., resolution: _Optional[float] = ..., extent: _Optional[_Union[MosaicSpec.Extent, _Mapping]] = ..., method: _Optional[str] = ..., priority: _Optional[str] = ..., level: _Optional[str] = ..., kernel: _Optional[str] = ..., compress: _Optional[str] = ..., reference: _Optional[_Union[InputFile, _Mapping]] = ..., join: _Optional[str] = ..., feather_px: _Optional[float] = ..., fill_m: _Optional[float] = ..., relief: _Optional[bool] = ..., slope: _Optional[bool] = ..., light: _Optional[_Union[MosaicSpec.Light, _Mapping]] = ...) -> None: ...

class OverviewSpec(_message.Message):
    __slots__ = ("panorama", "base_maps", "dem", "routes", "position", "planned", "places", "range_m", "mast_height_m", "side_m", "width_px", "credit", "apply_heading")
    class Position(_message.Message):
        __slots__ = ("longitude_deg", "latitude_deg")
        LONGITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
        LATITUDE_DEG_FIELD_NUMBER: _ClassVar[int]
        longitude_deg: float
        latitude_deg: float
        def __init__(self, longitude_deg: _Optional[float] = ..., latitude_deg: _Optional[float] = ...) -> None: ...
    PANORAMA_FIELD_NUMBER: _ClassVar[int]
    BASE_MAPS_FIELD_NUMBER: _ClassVar[int]
    DEM_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PLANNED_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    RANGE_M_FIELD_NUMBER: _ClassVar[int]
    MAST_HEIGHT_M_FIELD_NUMBER: _ClassVar[int]
    SIDE_M_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PX_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    APPLY_HEADING_FIELD_NUMBER: _ClassVar[int]
    panorama: str
    base_maps: _containers.RepeatedCompositeFieldContainer[InputFile]
    dem: InputFile
    routes: _containers.RepeatedCompositeFieldContainer[InputFile]
    position: OverviewSpec.Position
    planned: InputFile
    places: InputFile
    range_m: float
    mast_height_m: float
    side_m: float
    width_px: int
    credit: str
    apply_heading: bool
    def __init__(self, panorama: _Optional[str] = ..., base_maps: _Optional[_Iterable[_Union[InputFile, _Mapping]]] = ..., dem: _Optional[_Union[InputFile, _Mapping]] = ..., routes: _Optional[_Iterable[_Union[InputFile, _Mapping]]] = ..., position: _Optional[_Union[OverviewSpec.Position, _Mapping]] = ..., planned: _Optional[_Union[InputFile, _Mapping]] = ..., places: _Optional[_Union[InputFile, _Mapping]] = ..., range_m: _Optional[float] = ..., mast_height_m: _Optional[float] = ..., side_m: _Optional[float] = ..., width_px: _Optional[int] = ..., credit: _Optional[str] = ..., apply_heading: _Optional[bool] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "done", "total", "update_time")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    stage: str
    done: int
    total: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, stage: _Optional[str] = ..., done: _Optional[int] = ..., total: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("lines", "samples", "bands", "tiles", "memory_bytes", "output_bytes", "backend")
    LINES_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    TILES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    lines: int
    samples: int
    bands: int
    tiles: int
    memory_bytes: int
    output_bytes: int
    backend: str
    def __init__(self, lines: _Optional[int] = ..., samples: _Optional[int] = ..., bands: _Optional[int] = ..., tiles: _Optional[int] = ..., memory_bytes: _Optional[int] = ..., output_bytes: _Optional[int] = ..., backend: _Optional[str] = ...) -> None: ...

class Degradation(_message.Message):
    __slots__ = ("stage", "reason", "message")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    stage: str
    reason: str
    message: str
    def __init__(self, stage: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
