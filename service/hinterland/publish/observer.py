"""What a job's host hears of it beside the progress, and keeps for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a plan says of a job, before anything big is made."""

    lines: int
    """Of the output."""
    samples: int
    """Of the output."""
    bands: int
    """Of the output."""
    tiles: int
    """That it is made in."""
    memory_bytes: int
    """Resident memory that it stays within."""
    output_bytes: int
    """Upper bound of what it writes, before compression."""
    backend: str
    """"cpu" or "cuda"."""


class Observer:
    """Listens to a job; this one cares for nothing. What a method raises ends the job."""

    def planned(self, outline: Outline) -> None:
        """Hear the plan."""

    def degraded(self, stage: str, message: str) -> None:
        """Hear that the GPU's memory was not enough for a stage, and how it is done instead."""

    def load(self, name: str) -> bytes | None:
        """What an earlier, broken run of the same job saved under a name; None without one."""

    def save(self, name: str, value: bytes) -> None:
        """Keep what a later run of the same job can go on from."""


nobody = Observer()
