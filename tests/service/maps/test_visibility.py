import math
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from numpy.typing import NDArray

from hinterland.errors import InputError
from hinterland.maps.visibility import LEAST_CELLS, VisibleGround, visible_ground
from hinterland.products.elevation import Dem, read_dem

JEZERO = Path(__file__).parents[3] / "examples" / "jezero_landing_map" / "jezero_landing_dem_1m.tif"
STOP = (77.45088572, 18.44462715)  # waypoint 3_0, where Perseverance landed
GEOD = pyproj.Geod(a=3396190.0, b=3396190.0)


@pytest.fixture(scope="module")
def jezero() -> Dem:
    return read_dem(JEZERO, longitude_deg=STOP[0], latitude_deg=STOP[1])


def places(ground: VisibleGround) -> NDArray[np.float64]:
    return np.concatenate([ring for one in ground.polygons for ring in (one.outer, *one.holes)])


def directions(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Azimuths (degrees) and distances (m) from the stop, on the sphere."""
    n = len(points)
    azimuths, _, distances = GEOD.inv(np.full(n, STOP[0]), np.full(n, STOP[1]), points[:, 0], points[:, 1])
    return np.mod(azimuths, 360.0), distances


def test_the_outlines_are_cut_exactly_at_the_panoramas_azimuths(jezero: Dem) -> None:
    ground = visible_ground(jezero, *STOP, 230.0, 310.0)
    azimuths, distances = directions(places(ground))
    far = distances > 5.0
    assert azimuths[far].min() == pytest.approx(230.0, abs=0.05)
    assert azimuths[far].max() == pytest.approx(310.0, abs=0.05)


def test_a_view_across_north_is_one_sector(jezero: Dem) -> None:
    ground = visible_ground(jezero, *STOP, 350.0, 20.0)
    azimuths, distances = directions(places(ground))
    turned = np.mod(azimuths[distances > 5.0] + 180.0, 360.0) - 180.0
    assert turned.min() == pytest.approx(-10.0, abs=0.05)
    assert turned.max() == pytest.approx(20.0, abs=0.05)


def test_the_outlines_bound_what_the_mask_marks(jezero: Dem) -> None:
    ground = visible_ground(jezero, *STOP, 0.0, 360.0)
    drawn = shapely.union_all([shapely.Polygon(one.outer, one.holes) for one in ground.polygons])
    lines, samples = np.indices(ground.mask.shape)
    points = jezero.places(np.stack([lines.ravel(), samples.ravel()], axis=-1).astype(np.float64))
    inside = shapely.contains_xy(drawn, points[:, 0], points[:, 1]).reshape(ground.mask.shape)
    # what differs lies within the tolerance of an edge, or in patches too small to draw
    assert np.mean(inside != ground.mask) < 0.02
    assert ground.mask.sum() > 10000
    assert ground.tolerance_m == pytest.approx(jezero.metres_per_line, rel=1e-3)  # a cell
    areas = [abs(GEOD.polygon_area_perimeter(one.outer[:, 0], one.outer[:, 1])[0]) for one in ground.polygons]
    assert min(areas) >= 0.5 * LEAST_CELLS * jezero.metres_per_line * jezero.metres_per_sample * 0.999


def test_rings_run_as_geojson_wants_them(jezero: Dem) -> None:
    ground = visible_ground(jezero, *STOP, 0.0, 360.0)
    holes = [hole for one in ground.polygons for hole in one.holes]
    assert holes
    assert all(shapely.LinearRing(one.outer).is_ccw for one in ground.polygons)
    assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)
    assert all(np.array_equal(one.outer[0], one.outer[-1]) for one in ground.polygons)


def test_ground_nearer_than_the_lower_edge_is_not_in_the_picture(jezero: Dem) -> None:
    whole = visible_ground(jezero, *STOP, 0.0, 360.0)
    cut = visible_ground(jezero, *STOP, 0.0, 360.0, elevation_bottom_deg=-10.0)
    assert not (cut.mask & ~whole.mask).any()
    lines, samples = np.nonzero(whole.mask & ~cut.mask)
    distances = directions(jezero.places(np.stack([lines, samples], axis=-1).astype(np.float64)))[1]
    # level ground drops out at 2 m / tan 10 degrees = 11.3 m; here it falls and rises by less than half of that
    assert 5.0 < distances.max() < 20.0


def test_ground_above_the_upper_edge_is_not_in_the_picture(jezero: Dem) -> None:
    below = visible_ground(jezero, *STOP, 0.0, 360.0, elevation_top_deg=-1.0)
    above = visible_ground(jezero, *STOP, 0.0, 360.0, elevation_bottom_deg=-1.0)
    whole = visible_ground(jezero, *STOP, 0.0, 360.0)
    np.testing.assert_array_equal(below.mask ^ above.mask, whole.mask)
    assert above.mask.any()
    assert below.mask.any()


def test_ground_that_no_frame_shows_is_not_in_the_picture(jezero: Dem) -> None:
    def east_of_north(azimuths: NDArray[np.float64], elevations: NDArray[np.float64]) -> NDArray[np.bool_]:
        turned = np.mod(azimuths, 2.0 * math.pi)
        return (turned > math.radians(20.0)) & (turned < math.radians(70.0)) & (elevations > -0.2)

    whole = visible_ground(jezero, *STOP, 350.0, 100.0)
    shown = visible_ground(jezero, *STOP, 350.0, 100.0, in_picture=east_of_north)
    lines, samples = np.nonzero(shown.mask)
    azimuths, distances = directions(jezero.places(np.stack([lines, samples], axis=-1).astype(np.float64)))
    assert azimuths.min() == pytest.approx(20.0, abs=0.5)
    assert azimuths.max() == pytest.approx(70.0, abs=0.5)
    assert distances.min() > 5.0
    assert not (shown.mask & ~whole.mask).any()


def test_a_range_ends_the_ground(jezero: Dem) -> None:
    ground = visible_ground(jezero, *STOP, 45.0, 225.0, range_m=40.0)
    _, distances = directions(places(ground))
    assert distances.max() <= 40.0 + 0.01
    assert 39.0 < ground.farthest_m <= 40.0
    assert ground.kind == "viewshed"


def test_a_higher_mast_sees_all_that_a_lower_one_does_and_more(jezero: Dem) -> None:
    low = visible_ground(jezero, *STOP, 0.0, 360.0, mast_height_m=1.0)
    high = visible_ground(jezero, *STOP, 0.0, 360.0, mast_height_m=20.0)
    assert not (low.mask & ~high.mask).any()
    assert high.mask.sum() > 1.5 * low.mask.sum()


def test_a_turned_map_gives_the_same_ground() -> None:
    # a plane seen whole: the sector's corners say where it lies, whatever the map's own up direction
    crs = pyproj.CRS.from_proj4("+proj=longlat +R=3396190 +no_defs").to_wkt()
    step = 1e-5
    corners = []
    for turn in (0.0, math.radians(30.0)):
        heights = np.zeros((201, 201), dtype=np.float32)
        a, b = step * math.cos(turn), step * math.sin(turn)
        dem = Dem(
            product="plane",
            heights=heights,
            mask=np.ones(heights.shape, dtype=np.bool_),
            affine=(a, b, 10.0 - 100.5 * (a + b), b, -a, -100.5 * (b - a)),
            crs_wkt=crs,
            longitude_deg=10.0,
            latitude_deg=0.0,
            metres_per_line=step * math.radians(3396190.0),
            metres_per_sample=step * math.radians(3396190.0),
            up_azimuth=-turn if turn else 0.0,
            radius_m=3396190.0,
        )
        ground = visible_ground(dem, 10.0, 0.0, 40.0, 70.0, range_m=30.0)
        corners.append(shapely.Polygon(ground.polygons[0].outer))
    overlap = corners[0].intersection(corners[1]).area
    assert overlap > 0.98 * max(corners[0].area, corners[1].area)


def test_a_stop_off_the_heights_is_refused(jezero: Dem) -> None:
    with pytest.raises(InputError, match=r"jezero_landing_dem_1m\.tif: has no height at longitude 77\.5"):
        visible_ground(jezero, 77.5, 18.44, 0.0, 90.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mast_height_m": 0.0}, "mast"),
        ({"range_m": -1.0}, "range must be positive"),
        ({"elevation_bottom_deg": 5.0, "elevation_top_deg": 4.0}, "lower edge"),
    ],
)
def test_options_without_sense_are_refused(jezero: Dem, options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        visible_ground(jezero, *STOP, 0.0, 90.0, **options)
