"""The kinds of levelling by name: apart from what does it, so that a mosaic that levels nothing starts at once."""

from __future__ import annotations

MODELS = ("offset", "plane")
"""What a levelling adds to heights: one height, or a height and two tilts."""
LEVELLINGS = ("auto", "gain", *MODELS, "none")
"""What is levelled: "auto" the tone of whole numbers, which are pictures, but not of floats, which measure;
"gain" the tone of both; "offset" and "plane" heights."""
