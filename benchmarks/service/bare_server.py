"""A server without workers: `python -m benchmarks.service.bare_server DATA`; it ends with its standard input."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from hinterland.jobs import logs
from hinterland.rpc.server import Server
from hinterland.rpc.serving import steady
from hinterland.settings import load_settings


async def _serve(data: Path) -> None:
    server = Server(load_settings(data=data, listen="127.0.0.1:0", owner_queued_jobs=1_000_000))
    address = await server.start()
    steady()
    print(address, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.drain()
    await server.finish_calls(1.0)
    await server.close()


if __name__ == "__main__":
    logs.set_up("info")
    asyncio.run(_serve(Path(sys.argv[1])))
