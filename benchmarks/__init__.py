"""Benchmarks: figures of this code beside those of its peers, taken in the same run on the same machine."""

import sys
from pathlib import Path

# what judges a panorama is shared with the tests, so that a figure here means what it means there
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
