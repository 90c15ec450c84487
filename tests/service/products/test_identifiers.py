import pytest
from product_files import TILE, sol_15_records

from hinterland.products.identifiers import exposure_key, mission_of_host, mission_of_id


@pytest.mark.parametrize(
    ("product_id", "mission"),
    [
        (TILE, "M2020"),
        ("ZL0_0038_0670307360_057ECM_N0031392ZCAM08007_1100LUJ", "M2020"),
        ("NLB_663825389EDR_F0850000NCAM00312M_", "MSL"),
        ("1N491020376ILFCNY9P0706L0M1", None),
    ],
)
def test_an_id_tells_its_mission(product_id: str, mission: str | None) -> None:
    assert mission_of_id(product_id) == mission


@pytest.mark.parametrize(("host", "mission"), [("MARS 2020", "M2020"), ("msl", "MSL"), ("MER2", "MER2")])
def test_a_labels_host_has_a_short_name(host: str, mission: str) -> None:
    assert mission_of_host(host) == mission


def test_tiles_share_their_exposure_and_eyes_do_not() -> None:
    keys = {name: exposure_key(name, "NAVCAM", None) for name in sol_15_records()}
    full = {name: key for name, key in keys.items() if "0668275677" in name}
    assert len(full) == 5
    assert set(full.values()) == {"NLE_0015_0668275677", "NRE_0015_0668275677"}


def test_an_image_without_a_clock_is_an_exposure_of_its_own() -> None:
    assert exposure_key("1234ML0012340000", "MAST_LEFT", None) == "1234ML0012340000"
    assert exposure_key("1234ML0012340000", "MAST_LEFT", "507.25") == "MAST_LEFT 507.25"
