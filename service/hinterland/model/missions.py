"""Names of the missions that labels abbreviate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mission:
    """A mission as people call it."""

    name: str
    """The mission: "Mars 2020"."""
    rover: str | None = None
    """The rover: "Perseverance"; None if it is not known."""
    target: str | None = None
    """The body it drove on, in IVOA's spelling; None if it is not known."""
    target_class: str | None = None
    """IVOA's class of that body."""


_MISSIONS = {
    key: Mission(name=name, rover=rover, target="Mars", target_class="planet")
    for key, name, rover in (
        ("M2020", "Mars 2020", "Perseverance"),
        ("MSL", "Mars Science Laboratory", "Curiosity"),
        ("MER1", "Mars Exploration Rover", "Opportunity"),
        ("MER2", "Mars Exploration Rover", "Spirit"),
    )
}


def mission_of(key: str) -> Mission:
    """The mission of a stop; one that is not known is called what the label calls it."""
    return _MISSIONS.get(key, Mission(name=key))
