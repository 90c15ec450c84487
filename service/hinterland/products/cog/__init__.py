"""Cloud-optimized GeoTIFF: written tile by tile, overviews and all, while the next tiles are computed.

Tiles come in any order, from any thread. What completes a block of the file is encoded at once, and halved into
the blocks of the overviews, which are encoded as soon as they are complete. Compressed blocks wait;
`finish` puts them in the order that the format asks for.
"""

from hinterland.products.cog.codecs import COMPRESSIONS
from hinterland.products.cog.errors import WriteError
from hinterland.products.cog.layout import BLOCK, Storage
from hinterland.products.cog.writer import RasterWriter

__all__ = ["BLOCK", "COMPRESSIONS", "RasterWriter", "Storage", "WriteError"]
