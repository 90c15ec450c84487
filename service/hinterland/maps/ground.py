"""The ground of a map: base maps of any resolution in one picture, sharp over fuzzy, and which is where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from hinterland.errors import InputError
from hinterland.maps.local_frame import MapGrid
from hinterland.maps.tone import AS_IT_IS, Tone, level_to
from hinterland.products.basemaps import BaseMap, CostlyReadError, GroundImage, read_ground

NO_LAYER = -1

_FEATHER = 1.0 / 60.0
"""Width of a join, of the map's width: wide enough to hide a change of tone."""
_COARSE = 1.0 / 200.0
"""A sample larger than this share of the map's shorter side looks fuzzy: 3 px on a map shown 600 px wide."""
_BACKGROUND = 150.0
_SAME_BODY = 0.01
"""Radii of one body differ less between its ellipsoids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One base map as it takes part in a map."""

    path: Path
    """The file."""
    sample_m: float
    """Size of its samples on the ground, m, in the middle of the map or the nearest the raster has."""
    share: float
    """Of the map's area that it shows, 0 to 1."""
    is_coarse: bool
    """True if its samples are large on this map."""
    tone: Tone = AS_IT_IS
    """What was done to its 8-bit samples, so that it is as bright as the coarser ones around it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The picture of the ground that a map is drawn on."""

    picture: NDArray[np.uint8]
    """(lines, samples, 3); mid-grey where no base map reaches."""
    layer: NDArray[np.int16]
    """(lines, samples): index into `layers` of the base map seen there, or `NO_LAYER`."""
    layers: tuple[Layer, ...]
    """Finest first; those that show nothing are left out."""

    @property
    def coarse(self) -> NDArray[np.bool_]:
        """(lines, samples), True where the imagery is coarse for this map."""
        flags = np.array([layer.is_coarse for layer in self.layers] + [False])  # NO_LAYER is the last
        coarse: NDArray[np.bool_] = flags[self.layer]
        return coarse

    @property
    def empty(self) -> NDArray[np.bool_]:
        """(lines, samples), True where no base map reaches."""
        empty: NDArray[np.bool_] = self.layer == NO_LAYER
        return empty


def body_radius(base_maps: Sequence[BaseMap]) -> float:
    """Radius of the body that base maps show.

    Raises
    ------
    InputError
        If they show different bodies.
    """
    first = base_maps[0]
    for other in base_maps[1:]:
        if abs(other.radius_m - first.radius_m) > _SAME_BODY * first.radius_m:
            message = (
                f"{other.path}: its body has a radius of {other.radius_m / 1000:.0f} km, "
                f"that of {first.path.name} {first.radius_m / 1000:.0f} km: mend its coordinate system"
            )
            raise InputError(message)
    return first.radius_m


def compose_ground(base_maps: Sequence[BaseMap], grid: MapGrid, *, skip_costly: bool = False) -> Ground:
    """Draw base maps on the samples of a map, the finest on top, level with the coarser, with feathered joins.

    Parameters
    ----------
    base_maps : sequence of BaseMap
        In any order.
    grid : MapGrid
        The map.
    skip_costly : bool
        Leave out a base map that is too fine for the map and has no overviews, instead of refusing it.

    Returns
    -------
    Ground
        Near the edge of a finer base map it fades into the coarser one under it; where there is none it ends.
        One that leaves nothing of the coarser ones to be seen keeps its tone.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    ranked = sorted(
        ((_sample_m(base_map, grid), base_map) for base_map in base_maps), key=lambda pair: pair[0]
    )
    picture = np.full((grid.lines, grid.samples, 3), _BACKGROUND, dtype=np.float32)
    layer = np.full((grid.lines, grid.samples), NO_LAYER, dtype=np.int16)
    seen: list[tuple[float, BaseMap, Tone]] = []
    feather = max(1.0, _FEATHER * grid.samples)
    for sample_m, base_map in reversed(ranked):
        image = _read(base_map, grid, skip_costly=skip_costly)
        if image is None:
            continue
        inside = ndimage.distance_transform_edt(image.mask) if not image.mask.all() else np.inf
        weight = np.clip(np.asarray(inside) / feather, 0.0, 1.0)
        weight = np.where(layer == NO_LAYER, image.mask, weight).astype(np.float32)
        hides = weight >= 0.5
        samples = np.moveaxis(image.samples, 0, -1)
        tone = AS_IT_IS
        if (~hides & (layer != NO_LAYER)).any():
            both = image.mask & (layer != NO_LAYER)
            under = np.unique(layer[both])
            coarsest = max([sample_m, *(seen[index][0] for index in under)]) / grid.metres_per_sample
            tone = level_to(picture.mean(axis=-1), samples.mean(axis=-1), both, coarsest)
        picture += weight[..., None] * (np.clip(tone.gain * samples + tone.offset, 0, 255) - picture)
        layer[hides] = len(seen)
        seen.append((sample_m, base_map, tone))
    return _finest_first(picture, layer, seen, grid)


def _read(base_map: BaseMap, grid: MapGrid, *, skip_costly: bool) -> GroundImage | None:
    try:
        return read_ground(base_map, grid.to_degrees, grid.lines, grid.samples)
    except CostlyReadError:
        if not skip_costly:
            raise
        return None


def _finest_first(
    picture: NDArray[np.float32],
    layer: NDArray[np.int16],
    seen: Sequence[tuple[float, BaseMap, Tone]],
    grid: MapGrid,
) -> Ground:
    coarse_m = _COARSE * min(grid.lines, grid.samples) * grid.metres_per_sample
    counts = np.bincount(layer.ravel() + 1, minlength=len(seen) + 1)[1:]
    shown = [index for index in reversed(range(len(seen))) if counts[index]]
    rank = np.full(len(seen) + 1, NO_LAYER, dtype=np.int16)
    rank[shown] = np.arange(len(shown))
    layers = [
        Layer(
            path=seen[index][1].path,
            sample_m=seen[index][0],
            share=float(counts[index]) / layer.size,
            is_coarse=seen[index][0] > coarse_m,
            tone=seen[index][2],
        )
        for index in shown
    ]
    return Ground(
        picture=np.clip(np.rint(picture), 0, 255).astype(np.uint8), layer=rank[layer], layers=tuple(layers)
    )


def _sample_m(base_map: BaseMap, grid: MapGrid) -> float:
    size = base_map.coordinates.sample_m(*grid.center_deg)
    return size if math.isfinite(size) else base_map.coordinates.sample_m(*base_map.coordinates.center_deg())
