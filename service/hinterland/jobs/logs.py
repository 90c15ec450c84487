"""Logs: one JSON object a line, on standard error, with the request, the owner and the job that it is about."""

from __future__ import annotations

import logging
import sys
from contextlib import AbstractContextManager
from typing import TextIO

import structlog
from structlog.types import Processor

_COMMON: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)
_PROCESS = structlog.processors.CallsiteParameterAdder({structlog.processors.CallsiteParameter.PROCESS})


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Send our logs and those of libraries to a stream as JSON, in which no value can break a line."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*_COMMON, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=(*_COMMON, structlog.stdlib.add_logger_name, _PROCESS),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(number, logging.WARNING))  # of libraries only what is wrong
    for name in ("hinterland", "__main__"):  # a worker is a program of its own
        logging.getLogger(name).setLevel(number)


def about_job(job_id: str) -> AbstractContextManager[None]:
    """While entered, name a job in every line of the log."""
    return structlog.contextvars.bound_contextvars(job=job_id)


def logger() -> structlog.typing.FilteringBoundLogger:
    """The service's log."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger("hinterland")
    return bound
