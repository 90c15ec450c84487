from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hinterland.demo import examples
from hinterland.publish import panorama
from hinterland.publish.observer import Observer
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest
from hinterland_kernels.backend import Backend

ALLOCATORS = {"asarray", "empty", "empty_like", "stack", "zeros", "zeros_like"}
FILES = ("panorama.tif", "sources.tif", "nav.json")


class ShortMemory:
    """NumPy whose memory ends: allocations from the first to the last of a range fail."""

    def __init__(self, first: int, last: int) -> None:
        self.allocations = 0
        self._fails = range(first, last + 1)

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)
        return self._counted(function) if name in ALLOCATORS else function

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.allocations += 1
            if self.allocations in self._fails:
                message = "Out of memory allocating 1,073,741,824 bytes"
                raise MemoryError(message)
            return function(*arguments, **options)

        return call


@dataclass
class Listener(Observer):
    told: list[tuple[str, str]] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    def degraded(self, stage: str, message: str) -> None:
        self.told.append((stage, message))

    def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def save(self, name: str, value: bytes) -> None:
        self.kept[name] = value


def test_memory_that_ends_at_any_allocation_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = examples()[0]
    ties: dict[str, bytes] = {}

    def run(name: str, memory: ShortMemory) -> tuple[Path, list[tuple[str, str]]]:
        # loops run on the CPU, but nothing else knows: what is not `CPU` itself may run out
        backend = Backend(name="cpu", xp=memory, device="short of memory")
        monkeypatch.setattr(panorama, "choose", lambda _: backend)
        listener = Listener(kept=ties)
        request = PanoramaRequest(
            frames=example.frames, out=tmp_path / name, pixels_per_degree=6.0, kernel="nearest", tile_px=512
        )
        make_bundle(request, observer=listener)
        return tmp_path / name, listener.told

    enough = ShortMemory(0, 0)
    whole, told = run("whole", enough)
    assert told == []
    count = enough.allocations
    assert count > 50
    for number, first in enumerate(np.linspace(1, count, 8).round().astype(int).tolist()):
        bundle, told = run(f"once{number}", ShortMemory(first, first))
        assert len(told) == 1
        assert told[0][0] in {"planning", "levelling", "seams", "blending"}
        for name in FILES:
            assert (bundle / name).read_bytes() == (whole / name).read_bytes()
    bundle, told = run("none", ShortMemory(1, 1 << 40))
    assert [stage for stage, _ in told] == ["planning", "levelling", "seams", *["blending"] * 3]
    assert "in tiles of 256 pixels" in told[3][1]
    assert "on the CPU" in told[-1][1]
    for name in FILES:
        assert (bundle / name).read_bytes() == (whole / name).read_bytes()
