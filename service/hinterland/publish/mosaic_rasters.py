"""The rasters of an orbital mosaic: itself, its sources and resolution, its relief and slope."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from hinterland.mosaics.orthomosaic import Tile
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.products.cog import RasterWriter, Storage
from hinterland.publish.mosaic_files import beside


class MosaicRasters:
    """Write the tiles of a mosaic to all its rasters.

    Parameters
    ----------
    plan : MosaicPlan
        Says which rasters there are.
    folder : Path
        Where they are made.
    out : Path
        The mosaic; the others are named after it.
    storage : Storage
        How they are stored.
    nodata : float or None
        What samples of the mosaic hold that are not valid, if its dtype can.
    inputs : int
        Rasters it is made of.
    """

    def __init__(
        self,
        plan: MosaicPlan,
        folder: Path,
        out: Path,
        *,
        storage: Storage,
        nodata: float | None,
        inputs: int,
    ) -> None:
        self.shown: set[int] = set()
        """Sources, from 1, that some sample is from."""
        self.has_samples = False
        """True once something valid was written."""
        self._storage = storage
        self._about = f"{plan.method} of {inputs} rasters"
        self._plan = plan
        self._folder = folder
        self._main = self._writer(
            out.name, "Mosaic", plan.dtype, bands=plan.bands, nodata=_fitting(nodata, plan.dtype)
        )
        self._beside: dict[str, RasterWriter] = {}
        described: dict[str, tuple[str, type[Any]]] = {}
        if plan.has_sources:
            described["sources"] = "Sources", np.uint16
            described["resolution"] = "Metres that the ground resolves", np.float32
        if plan.relief:
            described["relief"] = "Shaded relief", np.uint8
        if plan.slope:
            described["slope"] = "Slope in degrees", np.float32
        for name, (what, dtype) in described.items():
            self._beside[name] = self._writer(
                beside(out, name), what, np.dtype(dtype), labels=name == "sources"
            )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for writer in (self._main, *self._beside.values()):
                stack.enter_context(writer)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def write(self, tile: Tile) -> None:
        """Write one tile; what none covers has no data, and takes no room."""
        if not tile.mask.any():
            return
        self.has_samples = True
        line, sample, _, _ = tile.window
        self._main.write(line, sample, tile.samples, tile.mask)
        beside_it = {
            "sources": (tile.sources, None),
            "resolution": (tile.resolution, None if tile.sources is None else tile.sources > 0),
            "relief": (tile.relief, tile.drawn),
            "slope": (tile.slope_deg, tile.drawn),
        }
        for name, writer in self._beside.items():
            samples, mask = beside_it[name]
            if samples is not None:
                writer.write(line, sample, samples[None], mask)
        if tile.sources is not None:
            self.shown.update(set(np.unique(tile.sources).tolist()) - {0})

    def finish(self) -> None:
        """Complete and check all files."""
        for writer in (self._main, *self._beside.values()):
            writer.finish()

    def _writer(self, name: str, what: str, dtype: np.dtype[Any], **options: Any) -> RasterWriter:  # noqa: ANN401 - of RasterWriter
        settings: dict[str, Any] = {"bands": 1, "nodata": None, **options}
        return RasterWriter(
            self._folder / name,
            lines=self._plan.grid.lines,
            samples=self._plan.grid.samples,
            grid=self._plan.grid,
            dtype=dtype,
            storage=self._storage,
            description=f"{what}, {self._about}",
            metadata={"METHOD": self._plan.method},
            **settings,
        )


def _fitting(nodata: float | None, dtype: np.dtype[Any]) -> float | None:
    """A nodata value as the mosaic's dtype can hold it; None where it cannot."""
    if nodata is None or dtype.kind == "f":
        return nodata
    limits = np.iinfo(dtype)
    return nodata if limits.min <= nodata <= limits.max and nodata % 1.0 == 0.0 else None
