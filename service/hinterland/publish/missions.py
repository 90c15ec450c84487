"""Names of the missions that labels abbreviate."""

from hinterland.model.missions import Mission, mission_of

__all__ = ["Mission", "mission_of"]
