from __future__ import annotations

from pathlib import Path

import pytest

from hinterland.demo import examples
from hinterland.publish import panorama
from hinterland.publish.observer import Observer, Outline
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest


class Keeper(Observer):
    """Keeps everything."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.outlines: list[Outline] = []

    def planned(self, outline: Outline) -> None:
        self.outlines.append(outline)

    def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def save(self, name: str, value: bytes) -> None:
        self.kept[name] = value


def test_a_second_run_goes_on_from_the_tie_points_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = examples()[0]
    keeper = Keeper()

    def run(name: str) -> Path:
        request = PanoramaRequest(
            frames=example.frames,
            metadata=example.metadata,
            out=tmp_path / name,
            pixels_per_degree=3.0,
            kernel="nearest",
            backend="cpu",
        )
        make_bundle(request, observer=keeper)
        return tmp_path / name

    first = run("first")
    monkeypatch.setattr(panorama, "find_tie_points", lambda _: pytest.fail("they are known"))
    second = run("second")
    for name in ("panorama.tif", "sources.tif", "nav.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    for folder, outline in zip((first, second), keeper.outlines, strict=True):
        assert outline.output_bytes >= sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        assert (outline.tiles, outline.backend) == (1, "cpu")
