"""The rasters of a panorama are made within the memory that the plan says."""

import json
import subprocess
import sys
from pathlib import Path

_RUN = """
import json, sys
from pathlib import Path
import numpy as np
from navcam_rig import ATTITUDE, STOP, navcam_cameras
from hinterland.model.products import Image, Product
from hinterland.model.solution import INFINITY, Solution, SolvedFrame
from hinterland.mosaics.compose import Composition
from hinterland.mosaics.panorama_memory import bytes_needed
from hinterland.mosaics.plan import plan_panorama
from hinterland.mosaics.previews import Previews
from hinterland.mosaics.warping import build_lattices, place_sources
from hinterland.publish.memory import peak_bytes, resident_bytes
from hinterland.publish.rasters import write_rasters
from hinterland.publish.stages import Stages

WORKERS, BANDS = 2, 3

def frame(index, camera):
    name = f"NLF_{index}"
    product = Product(product_id=name, path=Path(name), sha256="0" * 64, camera=camera, attitude=ATTITUDE,
                      stop=STOP, exposure=name, instrument="NAVCAM_LEFT", sol=15)
    samples = np.random.default_rng(index).integers(40, 200, (BANDS, *camera.shape)).astype(np.uint8)
    return Image(product=product, samples=samples, mask=np.ones(camera.shape, np.bool_), largest=255.0)

def make(lines, samples, scale, folder):
    images = [frame(*each) for each in enumerate(navcam_cameras(lines, samples))]
    frames = tuple(SolvedFrame(product=i.product, camera=i.product.camera_in_local_level) for i in images)
    solution = Solution(frames=frames, surface=INFINITY, viewpoint=(0.0, 0.0, 0.0))
    plan = plan_panorama(solution, pixels_per_degree=scale, tile_px=512)
    lattices, sources = build_lattices(plan, solution), place_sources(images, BANDS)
    held = resident_bytes()
    previews = Previews(plan, solution, sources)
    solution = previews.levelled()
    labels, _ = previews.labels(solution)
    composition = Composition(plan=plan, solution=solution, lattices=lattices, sources=sources, labels=labels,
                              dtype=np.dtype(np.uint8))
    folder.mkdir()
    write_rasters(composition, WORKERS, folder, Stages(lambda *_: None))
    return plan, held

folder = Path(sys.argv[1])
make(60, 80, None, folder / "warm")  # imports, and kernels as they are loaded, count for neither
plan, held = make(480, 640, 14.0, folder / "measured")
print(json.dumps({"grew": peak_bytes() - held, "needed": bytes_needed(plan, BANDS, WORKERS, 0)}))
"""


def test_the_memory_of_a_run_stays_below_what_the_plan_needs(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{_RUN}", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["grew"] < measured["needed"]
    # 13 Mpx in three bands: a bound many times too high would refuse what fits
    assert measured["grew"] > measured["needed"] / 6
