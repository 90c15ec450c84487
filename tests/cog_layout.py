"""What GDAL's `validate_cloud_optimized_geotiff --full-check=yes` asks of a file's blocks.

That script needs GDAL's own Python bindings, and rio-cogeo's validator leaves this part of it out. Sizes and
places of blocks are those that GDAL reads from the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import rasterio

_BLOCK = 512
_MASK_BYTES = _BLOCK * _BLOCK // 8


def layout_faults(path: Path) -> list[str]:
    """Say where a file's blocks do not lie as its ghost area promises.

    Parameters
    ----------
    path : Path
        A COG with blocks of 512 samples.

    Returns
    -------
    list of str
        Empty for a file as it should be.
    """
    data = path.read_bytes()
    start = 8 if data[2:4] == b"*\0" else 16
    first_line, _, rest = data[start:].partition(b"\n")
    promises = rest[: int(first_line.split(b"=")[1].split()[0])]
    faults = [
        f"{promise} is not promised"
        for promise in (
            "LAYOUT=IFDS_BEFORE_DATA",
            "BLOCK_ORDER=ROW_MAJOR",
            "BLOCK_LEADER=SIZE_AS_UINT4",
            "BLOCK_TRAILER=LAST_4_BYTES_REPEATED",
            "KNOWN_INCOMPATIBLE_EDITION=NO",
        )
        if promise.encode() not in promises
    ]
    has_mask = b"MASK_INTERLEAVED_WITH_IMAGERY=YES" in promises
    behind = start + len(first_line) + 1 + len(promises)
    with rasterio.open(path) as dataset:
        first_directory = int(dataset.get_tag_item("IFD_OFFSET", "TIFF", bidx=1))
        if first_directory != behind + behind % 2:
            faults.append(f"the first directory is at {first_directory}, not behind the ghost area")
        is_compressed = dataset.compression is not None
        coarsest_first = [*reversed(range(len(dataset.overviews(1)))), None]
        blocks = [block for level in coarsest_first for block in _blocks(dataset, level)]
    end = 0
    for name, offset, size in blocks:
        if offset < end:
            faults.append(f"{name} is not behind the one before it")
        end = offset + size
        faults += _end_faults(data, name, offset, size)
        if has_mask:
            place = end + 8  # behind the trailer of the samples and its own leader
            mask_size = int.from_bytes(data[place - 4 : place], "little")
            end = place + mask_size
            faults += _end_faults(data, f"the mask of {name}", place, mask_size)
            mask = zlib.decompress(data[place:end]) if is_compressed else data[place:end]
            if len(mask) != _MASK_BYTES:
                faults.append(f"the mask of {name} is none")
    if end + 4 != len(data):
        faults.append(f"the last block ends at {end + 4}, the file at {len(data)}")
    return faults


def _blocks(dataset: rasterio.DatasetReader, level: int | None) -> Iterator[tuple[str, int, int]]:
    """Name, place and size of a level's blocks, line by line."""
    factor = 1 if level is None else dataset.overviews(1)[level]
    down, across = (-(-extent // (_BLOCK * factor)) for extent in dataset.shape)
    options = {} if level is None else {"ovr": level}
    for row in range(down):
        for column in range(across):
            offset, size = (
                dataset.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1, **options)
                for what in ("OFFSET", "SIZE")
            )
            yield f"block ({row}, {column}) of overview {level}", int(offset), int(size)


def _end_faults(data: bytes, name: str, offset: int, size: int) -> list[str]:
    faults = []
    if int.from_bytes(data[offset - 4 : offset], "little") != size:
        faults.append(f"{name} does not follow its size")
    if data[offset + size - 4 : offset + size] != data[offset + size : offset + size + 4]:
        faults.append(f"the last bytes of {name} are not repeated")
    return faults
