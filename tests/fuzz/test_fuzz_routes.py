"""Routes, planned routes and places: GeoJSON and tables."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fuzzing import JSON, damaged, fuzz, lines_of, outcome, records
from hypothesis import given
from hypothesis import strategies as st
from map_rasters import DATA

from hinterland.errors import InputError
from hinterland.maps.route_files import read_places, read_planned, read_route

FORMS = tuple(path.read_bytes()[:20_000] for path in sorted((DATA / "route_forms").glob("*.*json")))
TABLE = b"frame,site,drive,planetocentric_latitude,longitude,sol\nROVER,3,12,18.4,77.4,20\nSITE,3,0,18.4,77.4,20\n"
TABLES = (TABLE, *(path.read_bytes()[:20_000] for path in sorted((DATA / "route_forms").glob("*.csv"))))

_NUMBER = st.floats() | st.integers() | st.text(max_size=4)
_POSITIONS = st.lists(st.lists(_NUMBER, max_size=3) | JSON, max_size=4)
_GEOMETRY = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["Point", "LineString", "MultiLineString", "Polygon"]) | JSON,
        "coordinates": st.lists(_NUMBER, max_size=3) | _POSITIONS | st.lists(_POSITIONS, max_size=2) | JSON,
    },
)
_PROPERTIES = records(
    {
        **{name: st.integers(0, 99) for name in ("site", "drive", "sol", "pos")},
        **{name: st.floats(-90, 90) for name in ("lon", "lat", "easting", "northing", "yaw")},
        **{
            name: st.sampled_from(["3_12", "3_", "_", "٣_٤", "3_12_5"])
            for name in ("RMC", "fromRMC", "toRMC")
        },
        "name": st.text(max_size=5),
    }
)
_FEATURE = st.fixed_dictionaries(
    {"type": st.just("Feature"), "properties": _PROPERTIES | JSON, "geometry": _GEOMETRY | JSON}
)
_DOCUMENT = st.fixed_dictionaries(
    {"type": st.just("FeatureCollection"), "features": st.lists(_FEATURE, max_size=4) | JSON}
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("routes") / "route.json"


def read_all(path: Path, data: bytes) -> None:
    """Take bytes for each thing that they may be; what is read lies on the body."""
    path.write_bytes(data)
    positions: list[tuple[float, float]] = []
    for reader in (read_route, read_planned, read_places):
        found: Any = outcome(partial(reader, path), InputError)
        if found is None:
            continue
        if reader is read_route:
            positions += [(stop.longitude_deg, stop.latitude_deg) for stop in found.stops]
        elif reader is read_planned:
            positions += [point for line in found for point in line]
        else:
            positions += [place.position for place in found]
    assert all(math.isfinite(value) for position in positions for value in position)
    assert all(abs(latitude) <= 90.0 for _, latitude in positions)


@fuzz
@given(data=damaged(*FORMS))
def test_a_damaged_route_is_read_or_refused(data: bytes, path: Path) -> None:
    read_all(path, data)


@fuzz
@given(document=_DOCUMENT | _FEATURE | _GEOMETRY | JSON)
def test_any_geojson_is_read_or_refused(document: Any, path: Path) -> None:
    read_all(path, json.dumps(document).encode())


@fuzz
@given(
    data=damaged(*TABLES)
    | lines_of(["frame", "site", "drive", ",", "\n", '"', "ROVER", "longitude", TABLE.decode()])
)
def test_a_table_is_read_or_refused(data: bytes, path: Path) -> None:
    read_all(path, data)
