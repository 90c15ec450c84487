"""The writer as a process of its own: a disk that is too small, and memory."""

import subprocess
import sys
from pathlib import Path

import pytest


def names(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir())


# a file-size limit fails each write beyond it, as a full disk does, and needs no disk to fill
ON_A_SMALL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from hinterland.products.cog import RasterWriter, WriteError
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
tile = np.random.default_rng(1).integers(1, 4096, (1, 512, 512)).astype(np.uint16)
try:
    with RasterWriter(Path(sys.argv[1]), lines=1024, samples=1024, bands=1, dtype="uint16") as writer:
        for line in (0, 512):
            for sample in (0, 512):
                writer.write(line, sample, tile, tile[0] > 100)
        writer.finish()
except WriteError as error:
    print("refused:", error)
else:
    print("written")
"""


@pytest.mark.parametrize("limit", [0, 1, 4 << 10, 300 << 10, 1 << 20, 2_000_000])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "out.tif"
    command = [sys.executable, "-c", ON_A_SMALL_DISK, str(path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"refused: {path}: cannot be written")
    assert names(tmp_path) == []


def test_a_disk_just_large_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "out.tif"
    command = [sys.executable, "-c", ON_A_SMALL_DISK, str(path), str(8 << 20)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "written\n"
    assert names(tmp_path) == ["out.tif"]


MEMORY_OF = """
import resource, sys
from pathlib import Path
import numpy as np
from hinterland.products.cog import RasterWriter
lines, shuffled, noisy = int(sys.argv[2]), "shuffled" in sys.argv[3], "noise" in sys.argv[3]
tile, mask = np.full((1, 512, 512), 1000, np.uint16), np.ones((512, 512), bool)
if noisy:
    tile = np.random.default_rng(2).integers(0, 65536, tile.shape).astype(np.uint16)
places = [(line, sample) for line in range(0, lines, 512) for sample in range(0, 4096, 512)]
if shuffled:
    np.random.default_rng(1).shuffle(places)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with RasterWriter(Path(sys.argv[1]), lines=lines, samples=4096, bands=1, dtype="uint16") as writer:
    for line, sample in places:
        writer.write(line, sample, tile, mask)
    writer.finish()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(
    ("tiles", "lines"),
    [("in order", 2048), ("shuffled", 2048), ("noise in order", 8192), ("noise shuffled", 8192)],
)
def test_memory_does_not_grow_with_the_raster(tmp_path: Path, tiles: str, lines: int) -> None:
    def growth_bytes(lines: int) -> int:
        command = [sys.executable, "-c", MEMORY_OF, str(tmp_path / "out.tif"), str(lines), tiles]
        return 1024 * int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    small, large = growth_bytes(lines), growth_bytes(16384)
    # the large one has 67 or 117 MB more, which noise does not lose by compression, and a quarter of it in halves
    assert large - small < 10e6
