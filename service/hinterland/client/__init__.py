"""Client of the service: submit, watch and download, from a program or a notebook.

    from hinterland.client import Client, Panorama

    with Client("127.0.0.1:50051") as client:
        job = client.submit(Panorama(frames=[Path("left.IMG"), Path("right.IMG")]))
        client.wait(job.name)
        client.download(job.name, Path("west"))

`AsyncClient` has the same calls for asyncio.
"""

from hinterland.client.asynchronous import AsyncClient
from hinterland.client.blocking import Client
from hinterland.client.connection import Tls
from hinterland.client.errors import ServiceError
from hinterland.client.specs import Mosaic, Overview, Panorama
from hinterland.client.transfers import TransferError

__all__ = ["AsyncClient", "Client", "Mosaic", "Overview", "Panorama", "ServiceError", "Tls", "TransferError"]
