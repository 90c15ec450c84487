"""The real inputs that the demonstration runs on: they lie in examples/ beside the sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hinterland.errors import InputError

_EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Frames of one stop, and what is known of the ground there."""

    name: str
    """Folder of the bundle."""
    title: str
    """What the frames show."""
    frames: tuple[Path, ...]
    """Image files."""
    metadata: tuple[Path, ...] = ()
    """Feed files."""
    base_map: Path | None = None
    """Picture of the ground from above; None where there is none."""
    dem: Path | None = None
    """Elevation model."""
    route: tuple[Path, ...] = ()
    """Where the rover has been."""
    planned: Path | None = None
    """Where it might go."""


def examples() -> tuple[Example, ...]:
    """The two examples, checked to be there.

    Raises
    ------
    InputError
        If hinterland was installed without its examples.
    """
    pair, frames, ground, route = (
        _EXAMPLES / name
        for name in ("mer_navcam_pair", "jezero_landing_frames", "jezero_landing_map", "m2020_route")
    )
    found = (
        Example(
            name="opportunity-sol-4087",
            title="Two Navcam frames of Opportunity, sol 4087",
            frames=(pair / "1N491020376ILFCNY9P0706L0M1.IMG", pair / "1N491020519ILFCNY9P0706L0M1.IMG"),
        ),
        Example(
            name="perseverance-landing",
            title="Two frames at Perseverance's landing site, cut from its Navcam panorama",
            frames=(
                frames / "PIA24422_CUT_AZ189_SOL15_MODELS.png",
                frames / "PIA24422_CUT_AZ258_SOL15_MODELS.png",
            ),
            metadata=(frames / "feed.json",),
            base_map=ground / "Lookdown_Map_aligned.jpg",
            dem=ground / "jezero_landing_dem_1m.tif",
            route=(route / "places_best_interp_sol0-15.csv", route / "M20_waypoints.json"),
            planned=frames / "planned_route.geojson",
        ),
    )
    for example in found:
        for path in (*example.frames, *example.metadata, *example.route):
            if not path.exists():
                message = f"{path}: the example is not there; run the demo from a clone of the repository"
                raise InputError(message)
    return found
