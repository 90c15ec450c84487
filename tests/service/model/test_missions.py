import pytest

from hinterland.model.missions import mission_of


@pytest.mark.parametrize(
    ("key", "rover"),
    [("M2020", "Perseverance"), ("MSL", "Curiosity"), ("MER1", "Opportunity"), ("MER2", "Spirit")],
)
def test_a_rover_is_called_by_its_name_and_drove_on_mars(key: str, rover: str) -> None:
    mission = mission_of(key)
    assert mission.rover == rover
    assert (mission.target, mission.target_class) == ("Mars", "planet")


def test_a_mission_that_is_not_known_keeps_its_label_s_name_and_claims_no_body() -> None:
    mission = mission_of("ROSALIND")
    assert mission.name == "ROSALIND"
    assert (mission.rover, mission.target, mission.target_class) == (None, None, None)
