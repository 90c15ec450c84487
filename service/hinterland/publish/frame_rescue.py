"""A panorama's rescue: its frames move to where a stage is done."""

from __future__ import annotations

from collections.abc import Sequence

from hinterland.model.products import Image
from hinterland.mosaics.warping import Source, place_sources
from hinterland.publish.observer import Observer
from hinterland.publish.rescue import Rescue
from hinterland_kernels.backend import Backend


class FrameRescue(Rescue):
    """A rescue that knows where a panorama's frames are, and places them anew where the stage is done.

    Parameters
    ----------
    images : sequence of Image
        The frames.
    bands : int
        Of the panorama.
    backend, observer
        As of `Rescue`.
    """

    def __init__(self, images: Sequence[Image], bands: int, backend: Backend, observer: Observer) -> None:
        super().__init__(backend, observer)
        self._images = images
        self._bands = bands
        self._placed_on: Backend | None = None
        self.placed: list[Source] = []
        """The frames, on the backend that they were last asked for on."""

    def sources(self, backend: Backend) -> list[Source]:
        """The frames on a backend; they lie on one at a time."""
        if self._placed_on is not backend:
            self.placed, self._placed_on = [], None  # gone before room is needed for the others
            self.placed = place_sources(self._images, self._bands, backend)
            self._placed_on = backend
        return self.placed
