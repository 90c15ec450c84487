"""The real frames that the demonstration runs on: they lie in examples/ beside the sources."""

from __future__ import annotations

from pathlib import Path

from hinterland.errors import InputError

_EXAMPLES = Path(__file__).parents[2] / "examples"
OPPORTUNITY_PAIR = ("1N491020376ILFCNY9P0706L0M1.IMG", "1N491020519ILFCNY9P0706L0M1.IMG")


def example_frames() -> list[Path]:
    """Paths of the Opportunity pair.

    Raises
    ------
    InputError
        If hinterland was installed without its examples.
    """
    frames = [_EXAMPLES / "mer_navcam_pair" / name for name in OPPORTUNITY_PAIR]
    for frame in frames:
        if not frame.exists():
            message = f"{frame}: the example is not there; run the demo from a clone of the repository"
            raise InputError(message)
    return frames
