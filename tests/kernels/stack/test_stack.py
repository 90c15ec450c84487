import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hinterland_kernels.stack import STATISTICS, stack_statistic


def reference(column: NDArray[np.float64], statistic: str) -> float:
    """NumPy's and SciPy's own."""
    if statistic == "count":
        return float(len(column))
    if not len(column):
        return 0.0
    if statistic in {"first", "last"}:
        return float(column[0 if statistic == "first" else -1])
    if statistic == "nmad":
        return 1.4826 * float(stats.median_abs_deviation(column))
    return float({"stddev": np.std}.get(statistic, getattr(np, statistic, np.std))(column))


def check_against_reference(values: NDArray[np.generic], masks: NDArray[np.bool_], statistic: str) -> None:
    out, out_mask = stack_statistic(values, masks, statistic)
    np.testing.assert_array_equal(out_mask, masks.any(axis=0))
    expected = [
        [reference(values[masks[:, i, j], i, j].astype(np.float64), statistic) for j in range(out.shape[1])]
        for i in range(out.shape[0])
    ]
    np.testing.assert_allclose(out, np.array(expected), rtol=2e-7)  # rounded to float32


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_statistic_of_a_stack_is_numpys_of_what_is_valid(statistic: str, dtype: type) -> None:
    generator = np.random.default_rng(13)
    values = generator.uniform(0, 250, size=(7, 11, 13)).astype(dtype)
    masks = generator.random(values.shape) < 0.4
    assert not masks.any(axis=0).all()  # some samples have nothing
    check_against_reference(values, masks, statistic)


@pytest.mark.parametrize("statistic", ["median", "nmad"])
@pytest.mark.parametrize("distinct", [1, 2, 5, 1000])
@pytest.mark.parametrize("count", [1, 2, 3, 40, 41])
def test_ties_and_depth_change_no_median(statistic: str, distinct: int, count: int) -> None:
    generator = np.random.default_rng(count)
    values = generator.integers(-distinct, distinct, size=(count, 9, 10)).astype(np.int16)
    check_against_reference(values, generator.random(values.shape) < 0.8, statistic)


@pytest.mark.parametrize("order", [1, -1])
def test_a_median_of_what_is_sorted_is_its_middle(order: int) -> None:
    values = np.arange(9, dtype=np.float32)[::order, None, None]
    assert stack_statistic(values, np.ones(values.shape, dtype=np.bool_), "median")[0] == 4.0


def test_a_median_may_be_infinite() -> None:
    values = np.array([np.inf, 1.0, np.inf, -np.inf, np.inf], dtype=np.float32)[:, None, None]
    assert stack_statistic(values, np.ones(values.shape, dtype=np.bool_), "median")[0] == np.inf


def test_nan_where_not_valid_does_not_spread() -> None:
    values = np.array([[[np.nan]], [[3.0]], [[5.0]]], dtype=np.float32)
    masks = np.array([[[False]], [[True]], [[True]]])
    for statistic in STATISTICS:
        assert np.isfinite(stack_statistic(values, masks, statistic)[0]).all()


def test_an_unknown_statistic_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="first, last, min, max, mean"):
        stack_statistic(np.zeros((1, 2, 2)), np.ones((1, 2, 2), dtype=np.bool_), "mode")
    with pytest.raises(ValueError, match="a stack is"):
        stack_statistic(np.zeros((0, 2, 2)), np.ones((0, 2, 2), dtype=np.bool_), "mean")
