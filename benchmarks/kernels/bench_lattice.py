"""Building the lattice of a whole Navcam frame, beside the exact map at every pixel."""

from __future__ import annotations

from benchmarks.harness import Figure, Settings, paired
from benchmarks.kernels.scene import maps, scene
from hinterland_kernels.lattice import Lattice, build_lattice, choose_step


def run(settings: Settings) -> list[Figure]:
    """Megapixels of window a second, one core."""
    of = scene(small=settings.small)
    shape = of.camera.shape
    step = choose_step(of.exact_map, of.window, shape, is_gentle=True)

    def ours() -> Lattice:
        return build_lattice(of.exact_map, of.window, shape, step=step, is_gentle=True)

    lattice = ours()
    pair = paired(ours, lambda: maps(of), settings.rounds)
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
                "bytes": sum(
                    array.nbytes for array in (lattice.nodes, lattice.blocks, lattice.exact, lattice.bends)
                ),
            },
        )
    ]
