"""Settings of a server: from a file, the environment and the command line, the last one winning."""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Annotated, Self

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from hinterland.errors import InputError

Bytes = Annotated[int, Gt(0)]
Seconds = Annotated[float, Gt(0.0)]
Count = Annotated[int, Gt(0)]


class Settings(BaseSettings):
    """All that an operator can set: in a TOML file, as HINTERLAND_NAME, or by flags of `hinterland serve`."""

    model_config = SettingsConfigDict(env_prefix="HINTERLAND_", extra="forbid", frozen=True)

    data: Path
    """Folder of the server: its database, uploads, work and results; on a local disk."""
    listen: str = "127.0.0.1:50051"
    """Address and port of gRPC; port 0 takes a free one."""
    metrics_listen: str | None = None
    """Address and port of Prometheus metrics, say 127.0.0.1:9090; none by default."""
    database: SecretStr | None = None
    """postgresql://... shared by several servers; the embedded SQLite under `data` by default."""

    tls_certificate: Path | None = None
    """PEM chain of the server."""
    tls_key: Path | None = None
    """PEM key of the server."""
    tls_client_ca: Path | None = None
    """PEM authorities whose clients are let in; their certificate's common name is the owner."""
    tokens: Path | None = None
    """File of hashed bearer tokens, as `hinterland token` writes it."""

    workers: Count | None = None
    """Jobs that run at a time; one for each GPU, or one for every two cores."""
    backend: str = "auto"
    """"auto", "cpu" or "cuda"."""
    require_gpu: bool = False
    """End with status 3 where no GPU answers, instead of working on the CPU."""
    memory_bytes: Bytes | None = None
    """Resident memory of all workers together; three quarters of the machine's by default."""

    lease_s: Seconds = 30.0
    """A worker that is not heard of for so long has lost its job."""
    heartbeat_s: Seconds = 5.0
    """How often a worker says that it lives."""
    run_duration_s: Seconds = 6 * 3600.0
    """The longest attempt."""
    retention_s: Seconds = 30 * 86400.0
    """How long a job and its result are kept after its end."""
    upload_retention_s: Seconds = 86400.0
    """How long unfinished uploads, and files that no job uses, are kept."""
    drain_s: Seconds = 30.0
    """What running calls and jobs are given to stop when the server ends."""

    file_bytes: Bytes = 16 << 30
    """The largest input file."""
    owner_bytes: Bytes = 200 << 30
    """All files and results of one owner."""
    owner_queued_jobs: Count = 100_000
    """Jobs of one owner that wait."""
    owner_running_jobs: Count = 1024
    """Jobs of one owner that run at a time."""
    owner_watches: Count = 4096
    """Watches of one owner that are open."""
    queued_jobs: Count = 1_000_000
    """Jobs of all owners that wait."""
    disk_high_water: Annotated[float, Gt(0.0), Le(1.0)] = 0.95
    """Share of the disk past which nothing new is taken in."""
    plan_output_bytes: Bytes = 1 << 40
    """The largest output of a job, before compression."""
    log_level: str = "info"
    """"debug", "info", "warning" or "error"."""
    allow_insecure: bool = False
    """Listen beyond loopback without TLS and authentication: only inside a network that does both."""
    submit_burst: Annotated[int, Ge(1)] = 4096
    """Calls that may wait at a time; more are told to try again."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags before environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            message = "tls_certificate and tls_key belong together: give both or none"
            raise ValueError(message)
        if self.tls_client_ca is not None and self.tls_certificate is None:
            message = "tls_client_ca needs tls_certificate and tls_key"
            raise ValueError(message)
        if self.heartbeat_s * 3 > self.lease_s:
            message = f"a lease of {self.lease_s:g} s needs a heartbeat at most every {self.lease_s / 3:g} s"
            raise ValueError(message)
        if self.metrics_listen is not None and not (_is_loopback(self.metrics_listen) or self.allow_insecure):
            message = (
                f"metrics_listen {self.metrics_listen}: metrics know no callers, so they are served on 127.0.0.1; "
                "let a proxy or an agent on this machine pass them on"
            )
            raise ValueError(message)
        is_safe = self.is_loopback or (self.tls_certificate is not None and self.has_authentication)
        if not (is_safe or self.allow_insecure):
            message = (
                f"{self.listen} is reached from other machines: give tls_certificate, tls_key and tokens or "
                "tls_client_ca, or listen on 127.0.0.1"
            )
            raise ValueError(message)
        return self

    @property
    def is_loopback(self) -> bool:
        """True if only this machine reaches the address."""
        return _is_loopback(self.listen)

    @property
    def has_authentication(self) -> bool:
        """True if callers must show who they are."""
        return self.tokens is not None or self.tls_client_ca is not None


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings(file: Path | None = None, **flags: object) -> Settings:
    """Settings of a server: flags that are given, before the environment, before the file.

    Parameters
    ----------
    file : Path
        TOML; none by default.
    **flags
        By name; None is not given.

    Raises
    ------
    InputError
        In one line that names the setting and what is wrong with it.
    """

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        if file is not None and not file.is_file():
            message = f"{file}: no such file; hinterland config show prints what it may hold"
            raise InputError(message)
        return FromFile(**{name: value for name, value in flags.items() if value is not None})  # type: ignore[arg-type]
    except tomllib.TOMLDecodeError as error:
        message = f"{file}: not TOML: {error}"
        raise InputError(message) from error
    except (ValidationError, SettingsError) as error:
        raise InputError(_in_one_line(error)) from error


def _in_one_line(error: ValidationError | SettingsError) -> str:
    if isinstance(error, SettingsError):
        return str(error)
    said = []
    for one in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, one["loc"]))
        words = one["msg"].removeprefix("Value error, ")
        if one["type"] == "missing":
            words = f"give it with --{name} or HINTERLAND_{name.upper()}"
        elif one["type"] == "extra_forbidden":
            words = "there is no such setting; hinterland config show prints them all"
        said.append(f"{name}: {words}" if name else words)
    return "; ".join(said)
