"""What all tests share: the backends they run on, and the option that lets those on a GPU run."""

from __future__ import annotations

import hypothesis
import pytest

from hinterland_kernels.backend import CPU, Backend, BackendMissingError, cuda

# formulas compile when first called, so no example is held to a time
hypothesis.settings.register_profile("hinterland", deadline=None)
hypothesis.settings.load_profile("hinterland")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-cuda", action="store_true", help="run the tests that need an NVIDIA GPU")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--run-cuda"):
        return
    skip = pytest.mark.skip(reason="needs an NVIDIA GPU and --run-cuda")
    for item in items:
        if item.get_closest_marker("cuda"):
            item.add_marker(skip)


@pytest.fixture
def cuda_backend() -> Backend:
    """The GPU, or Numba's simulator in its place; that there is none is a failure here, not a skip."""
    try:
        return cuda()
    except BackendMissingError as error:
        pytest.fail(str(error))


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    if request.param == "cpu":
        return CPU
    gpu: Backend = request.getfixturevalue("cuda_backend")
    return gpu
