"""Zstandard's blocks: a search for repeats where it saves something; the oracle is the library's level 1."""

from typing import Any

import numpy as np
import pytest
import zstandard
from numpy.typing import NDArray

from hinterland.products.cog.codecs import encoder, predictor_of
from hinterland_kernels.predictor import differences

RANDOM = np.random.default_rng(4)


def noise() -> NDArray[np.uint8]:
    """A picture of a camera: smooth, with noise of 2 DN."""
    line, sample = np.mgrid[:512, :512]
    smooth = 128.0 + 60.0 * np.sin(line / 90.0) * np.cos(sample / 70.0)
    return (smooth + 2.0 * RANDOM.standard_normal((3, 512, 512))).clip(0, 255).astype(np.uint8)


def repeats() -> NDArray[np.uint8]:
    """Texture that comes again every few lines."""
    return np.tile(RANDOM.integers(0, 256, (3, 8, 64), np.uint8), (1, 64, 8))


def compressed(samples: NDArray[Any], *, of_overviews: bool = False) -> bytes:
    predictor = predictor_of("zstd", samples.dtype, labels=False)
    return bytes(encoder("zstd", predictor, of_overviews=of_overviews)(samples))


def level_1_bytes(samples: NDArray[Any]) -> int:
    """What the library's level 1 makes of the same differences."""
    return len(zstandard.ZstdCompressor(level=1).compress(pixel_differences(samples)))


def pixel_differences(samples: NDArray[Any]) -> bytes:
    pixels = np.moveaxis(samples, 0, 2).reshape(samples.shape[1], -1)
    return differences(pixels, len(samples)).tobytes()


@pytest.mark.parametrize("of_overviews", [False, True])
@pytest.mark.parametrize("make", [noise, repeats])
def test_any_reader_of_zstandard_reads_a_block(make: Any, of_overviews: bool) -> None:
    samples = make()
    packed = compressed(samples, of_overviews=of_overviews)
    assert zstandard.ZstdDecompressor().decompress(packed) == pixel_differences(samples)
    assert zstandard.get_frame_parameters(packed).has_checksum


def test_noise_is_not_searched_and_takes_no_more_for_it() -> None:
    samples = noise()
    # chance repeats cost more than they save: less than level 1, and not by its search
    assert compressed(samples) == compressed(samples, of_overviews=True)
    assert len(compressed(samples)) < level_1_bytes(samples)


@pytest.mark.parametrize("of_overviews", [False, True])
def test_repeats_are_searched(of_overviews: bool) -> None:
    samples = repeats()
    # without the search the random texture has its 8 bits a sample in each of its 512 places
    assert len(compressed(samples, of_overviews=of_overviews)) < 0.05 * samples.size
    assert len(compressed(samples, of_overviews=of_overviews)) < 1.01 * level_1_bytes(samples)


def test_repeats_in_a_part_of_a_block_are_searched_too() -> None:
    samples = noise()
    samples[:, :256] = repeats()[:, :256]
    assert len(compressed(samples)) < 1.01 * level_1_bytes(samples)
