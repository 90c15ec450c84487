"""One stop: a panorama needs frames taken from one place with one attitude of the rover."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from hinterland.errors import InputError, NothingToDoError
from hinterland.model.products import Image, Stop

POSE_TOLERANCE_DEG = 0.1
"""How far attitudes of one stop may differ: printed digits and settling make 0.01, a slipped wheel more."""


def one_stop(images: Sequence[Image]) -> Stop:
    """Check that all images were taken from one stop with one attitude of the rover.

    Returns
    -------
    Stop
        The stop.

    Raises
    ------
    InputError
        If there are several stops, or attitudes differ by more than `POSE_TOLERANCE_DEG`.
    NothingToDoError
        If there is no image.
    """
    if not images:
        message = "no usable image"
        raise NothingToDoError(message)
    stops = Counter(image.product.stop for image in images)
    if len(stops) > 1:
        listed = ", ".join(f"{stop} ({count} frame{'s' * (count > 1)})" for stop, count in stops.items())
        message = f"{len(stops)} stops mixed: {listed}; pass the frames of one stop"
        raise InputError(message)
    first = images[0].product
    for image in images[1:]:
        product = image.product
        cosine = abs(sum(a * b for a, b in zip(first.attitude, product.attitude, strict=True)))
        lengths = math.hypot(*first.attitude) * math.hypot(*product.attitude)
        angle = 2.0 * math.degrees(math.acos(min(1.0, cosine / lengths)))
        if angle > POSE_TOLERANCE_DEG:
            message = (
                f"{product.product_id} and {first.product_id}: the rover's attitude differs by {angle:.2f} "
                f"degrees within {first.stop}; pass frames of one attitude"
            )
            raise InputError(message)
    return first.stop
