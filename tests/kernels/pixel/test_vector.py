import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hinterland_kernels.pixel.vector import add_scaled, cross, dot, norm, scale

numbers = st.floats(-1e3, 1e3)
vectors = st.tuples(numbers, numbers, numbers)


@settings(deadline=None)
@given(a=vectors, b=vectors, factor=numbers)
def test_vector_arithmetic_is_that_of_numpy(
    a: tuple[float, float, float], b: tuple[float, float, float], factor: float
) -> None:
    # sums of three products of at most 1e6, in another order
    np.testing.assert_allclose(dot(a, b), np.dot(a, b), rtol=0, atol=1e-8)
    np.testing.assert_allclose(cross(a, b), np.cross(a, b), rtol=0, atol=1e-8)
    np.testing.assert_allclose(norm(a), np.linalg.norm(a), rtol=1e-14, atol=1e-150)
    np.testing.assert_allclose(scale(factor, a), factor * np.array(a), rtol=1e-15)
    np.testing.assert_allclose(
        add_scaled(a, factor, b), np.array(a) + factor * np.array(b), rtol=0, atol=1e-8
    )
