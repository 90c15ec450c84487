"""preview.jpg: the panorama at screen size, which viewers of panoramas place by its GPano properties.

Reference: https://developers.google.com/streetview/spherical-metadata
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinterland.model.grids import CylindricalGrid
from hinterland.publish.display import JPEG_QUALITY, Stretch

LARGEST = 2048
"""Samples and lines of the preview, at most."""

ReadReduced = Callable[[int, int], tuple[NDArray[np.generic], NDArray[np.bool_]]]
"""Samples (bands, lines, samples) and mask (lines, samples) of the panorama reduced to lines and samples."""


def panorama_properties(grid: CylindricalGrid, lines: int, samples: int) -> dict[str, int | float]:
    """GPano properties of an image that shows a part of a full equirectangular panorama.

    The full panorama is laid so that the image is in its middle and never crosses its edge.

    Parameters
    ----------
    grid : CylindricalGrid
        Of the panorama.
    lines, samples : int
        The size that the image has, reduced from that of the grid.

    Returns
    -------
    dict
        Sizes and places in pixels of the image, and the compass heading of the full panorama's middle.
    """
    pixels_per_degree = grid.pixels_per_degree * samples / grid.samples
    full_width = max(round(360.0 * pixels_per_degree), samples)
    left = (full_width - samples) // 2
    top = max(round((90.0 - grid.elevation_top_deg) * pixels_per_degree), 0)
    heading = grid.azimuth_left_deg + (0.5 * full_width - left) / pixels_per_degree
    return {
        "FullPanoWidthPixels": full_width,
        "FullPanoHeightPixels": max(round(0.5 * full_width), top + lines),
        "CroppedAreaImageWidthPixels": samples,
        "CroppedAreaImageHeightPixels": lines,
        "CroppedAreaLeftPixels": left,
        "CroppedAreaTopPixels": top,
        "PoseHeadingDegrees": round(heading % 360.0, 6) % 360.0,
    }


def xmp_packet(properties: Mapping[str, int | float]) -> bytes:
    """The XMP packet that carries GPano properties."""
    values = "".join(f' GPano:{name}="{value}"' for name, value in properties.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"'
        f' GPano:UsePanoramaViewer="True" GPano:ProjectionType="equirectangular"{values}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def write_preview(path: Path, grid: CylindricalGrid, read_reduced: ReadReduced) -> Stretch:
    """Write the preview of a panorama as JPEG.

    Parameters
    ----------
    path : Path
        The file to write.
    grid : CylindricalGrid
        Of the panorama.
    read_reduced : ReadReduced
        Reads the panorama at a reduced size, so that a large one never is in memory.

    Returns
    -------
    Stretch
        How samples became the preview's.
    """
    factor = min(1.0, LARGEST / max(grid.shape))
    lines, samples = (max(1, round(size * factor)) for size in grid.shape)
    reduced, mask = read_reduced(lines, samples)
    stretch = Stretch.of(reduced, mask)
    xmp = xmp_packet(panorama_properties(grid, lines, samples))
    image = stretch.picture(reduced, mask)
    image.save(path, "JPEG", quality=JPEG_QUALITY, optimize=True, xmp=xmp)
    return stretch
