"""Runs whose GPU, a stand-in, has no memory at one allocation, at each in turn, or at all."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from map_rasters import STEREO, WEST, from_origin, smooth, write_raster
from short_memory import Listener, ShortMemory, backend_of

from hinterland.demo import examples
from hinterland.publish import mosaic, panorama
from hinterland.publish.mosaic import make_mosaic
from hinterland.publish.mosaic_request import MosaicRequest
from hinterland.publish.panorama import make_bundle
from hinterland.publish.panorama_request import PanoramaRequest

ALWAYS = 1 << 40
SHARES = 4
"""Of the allocations, so that the cores share them."""


@dataclass
class Panoramas:
    """Small panoramas of one stop, in several tiles."""

    folder: Path
    patch: pytest.MonkeyPatch
    ties: dict[str, bytes] = field(default_factory=dict)

    def run(self, memory: ShortMemory) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
        """The files whose bytes a backend must not change, and the degradations."""
        self.patch.setattr(panorama, "choose", lambda _: backend_of(memory))
        out, listener = self.folder / "out", Listener(kept=self.ties)
        request = PanoramaRequest(
            frames=examples()[0].frames,
            out=out,
            pixels_per_degree=3.0,
            kernel="nearest",
            tile_px=256,
            overwrite=True,
        )
        make_bundle(request, observer=listener)
        assert [path.name for path in self.folder.iterdir()] == ["out"]  # nothing is left beside it
        return {name: (out / name).read_bytes() for name in FILES}, listener.told


FILES = ("panorama.tif", "sources.tif", "nav.json")


@pytest.fixture
def panoramas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Panoramas:
    return Panoramas(tmp_path, monkeypatch)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_panorama_is_the_same_whichever_allocation_fails(panoramas: Panoramas, share: int) -> None:
    enough = ShortMemory(0, 0)
    whole, told = panoramas.run(enough)
    assert told == []
    assert enough.allocations > 50
    for failing in range(1 + share, enough.allocations + 1, SHARES):
        files, told = panoramas.run(ShortMemory(failing, failing))
        assert len(told) == 1, failing
        assert told[0][0] in {"planning", "levelling", "seams", "blending"}
        assert files == whole, failing


def test_a_panorama_is_the_same_without_any_memory_of_the_gpu(panoramas: Panoramas) -> None:
    whole, _ = panoramas.run(ShortMemory(0, 0))
    files, told = panoramas.run(ShortMemory(1, ALWAYS))
    assert [stage for stage, _ in told] == ["planning", "levelling", "seams", *["blending"] * 2]
    assert "in tiles of 128 pixels" in told[3][1]
    assert "on the CPU" in told[-1][1]
    assert files == whole


@dataclass
class Mosaics:
    """Small mosaics of two rasters of other projections, levelled and blended."""

    folder: Path
    patch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        picture = np.stack([smooth(300, 280) / 8.0, smooth(300, 280, 1.0) / 8.0]).astype(np.uint8)
        self.rasters = (
            write_raster(self.folder / "a.tif", picture[0]),
            write_raster(
                self.folder / "b.tif", picture[1], affine=from_origin(WEST + 900.0, 1_099_400.0, 6.0)
            ),
        )

    def run(self, memory: ShortMemory) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
        """All files but the report, which tells the time; and the degradations."""
        self.patch.setattr(mosaic, "choose", lambda _: backend_of(memory))
        listener, out = Listener(), self.folder / "out" / "out.tif"
        out.parent.mkdir(exist_ok=True)
        make_mosaic(
            MosaicRequest(rasters=self.rasters, out=out, crs=STEREO, workers=1, overwrite=True),
            observer=listener,
        )
        files = {path.name: path.read_bytes() for path in out.parent.iterdir()}
        assert set(files) == {"out.tif", "out.json", "out.sources.tif", "out.resolution.tif"}
        del files["out.json"]
        return files, listener.told


@pytest.fixture
def mosaics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mosaics:
    return Mosaics(tmp_path, monkeypatch)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_mosaic_is_the_same_whichever_allocation_fails(mosaics: Mosaics, share: int) -> None:
    enough = ShortMemory(0, 0)
    whole, told = mosaics.run(enough)
    assert told == []
    assert enough.allocations > 20
    for failing in range(1 + share, enough.allocations + 1, SHARES):
        files, told = mosaics.run(ShortMemory(failing, failing))
        assert len(told) == 1, failing
        assert told[0][0] in {"levelling", "mosaicking"}
        assert files == whole, failing


def test_a_mosaic_is_the_same_without_any_memory_of_the_gpu(mosaics: Mosaics) -> None:
    whole, _ = mosaics.run(ShortMemory(0, 0))
    files, told = mosaics.run(ShortMemory(1, ALWAYS))
    assert [stage for stage, _ in told] == ["levelling", *["mosaicking"] * 3]
    assert [message.rpartition("done ")[2] for _, message in told[1:]] == [
        "in tiles of 1024 pixels",
        "in tiles of 512 pixels",
        "on the CPU",
    ]
    assert files == whole
