"""The rasters of an orbital mosaic: itself, its sources and resolution, its relief and slope."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from hinterland.model.masks import distinct
from hinterland.mosaics.orthomosaic import Tile
from hinterland.mosaics.orthomosaic_plan import MosaicPlan
from hinterland.mosaics.orthomosaic_resolution import RESOLUTION_PX
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
        # labels that are not compressed would take longer to write than the mosaic, and tell no more
        self._labels_storage = storage if storage.compress != "none" else replace(storage, compress="deflate")
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
        if plan.relief:
            described["relief"] = "Shaded relief", np.uint8
        if plan.slope:
            described["slope"] = "Slope in degrees", np.float32
        for name, (what, dtype) in described.items():
            self._beside[name] = self._writer(
                beside(out, name), what, np.dtype(dtype), labels=name == "sources"
            )
        if plan.has_sources:
            self._beside["resolution"] = self._writer(
                beside(out, "resolution"),
                f"Metres that the ground resolves, the most in {RESOLUTION_PX} x {RESOLUTION_PX} samples",
                np.dtype(np.float32),
                grid=plan.grid.reduced(RESOLUTION_PX),
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
        if not distinct(tile.mask).any():
            return
        self.has_samples = True
        line, sample, _, _ = tile.window
        self._main.write(line, sample, tile.samples, tile.mask)
        beside_it = {
            "sources": (tile.sources, None),
            "relief": (tile.relief, tile.drawn),
            "slope": (tile.slope_deg, tile.drawn),
        }
        for name, (samples, mask) in beside_it.items():
            if samples is not None and name in self._beside:
                self._beside[name].write(line, sample, samples[None], mask)
        if tile.resolution is not None:
            squares = line // RESOLUTION_PX, sample // RESOLUTION_PX
            self._beside["resolution"].write(*squares, tile.resolution[None], tile.resolution > 0)
        self.shown |= tile.shown

    def finish(self) -> None:
        """Complete and check all files."""
        for writer in (self._main, *self._beside.values()):
            writer.finish()

    def _writer(self, name: str, what: str, dtype: np.dtype[Any], **options: Any) -> RasterWriter:  # noqa: ANN401 - of RasterWriter
        settings: dict[str, Any] = {"bands": 1, "nodata": None, "grid": self._plan.grid, **options}
        return RasterWriter(
            self._folder / name,
            lines=settings["grid"].lines,
            samples=settings["grid"].samples,
            dtype=dtype,
            storage=self._labels_storage if options.get("labels") else self._storage,
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
