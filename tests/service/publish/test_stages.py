import pytest

from hinterland.publish.stages import Stages


def test_stages_are_timed_in_order_and_the_whole_is_no_less_than_they_are() -> None:
    stages = Stages(lambda *_: None)
    with stages.stage("reading"):
        pass
    with stages.stage("publishing"):
        timing_s = stages.timing_s()
    assert list(timing_s) == ["reading", "publishing", "total"]
    # each is rounded to a millisecond
    assert timing_s["total"] >= timing_s["reading"] + timing_s["publishing"] - 0.0015


def test_progress_is_told_of_a_stage_and_not_that_one_that_failed_is_done() -> None:
    told: list[tuple[str, int, int]] = []
    stages = Stages(lambda *report: told.append(report))
    with stages.stage("blending", 3):
        stages.advance("blending", 1, 3)
    with pytest.raises(OSError, match="full"), stages.stage("publishing"):
        raise OSError("full")
    assert told == [("blending", 0, 3), ("blending", 1, 3), ("blending", 3, 3), ("publishing", 0, 1)]
