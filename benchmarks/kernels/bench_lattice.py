"""Building the lattice of a whole Navcam frame, beside the exact map at every pixel."""

from __future__ import annotations

from benchmarks.harness import Figure, Settings, paired
from benchmarks.kernels.scene import maps, scene
from hinterland_kernels.lattice import build_lattice, choose_step


def run(settings: Settings) -> list[Figure]:
    """Megapixels of window a second, one core."""
    of = scene(small=settings.small)
    shape = of.camera.shape
    step = choose_step(of.exact_map, of.window, shape)
    lattice = build_lattice(of.exact_map, of.window, shape, step=step)
    pair = paired(
        lambda: build_lattice(of.exact_map, of.window, shape, step=step), lambda: maps(of), settings.rounds
    )
    return [
        Figure(
            name="lattice, CAHVORE on a plane",
            value=of.window[2] * of.window[3] / pair.ours_s / 1e6,
            unit="Mpix/s",
            peer="exact at every pixel",
            ratio=pair.ratio,
            details={
                "step": step,
                "blocks": lattice.blocks.size,
                "exact_blocks": len(lattice.exact),
                "bytes": lattice.nodes.nbytes + lattice.blocks.nbytes + lattice.exact.nbytes,
            },
        )
    ]
