"""`python -m holds.wire.echo PORT`: a WebSocket server that sends back what it gets, message by message."""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection, serve


async def echo(socket: ServerConnection) -> None:
    """One conversation."""
    async for message in socket:
        await socket.send(message)


async def listen(port: int) -> None:
    """Until killed."""
    async with serve(echo, "127.0.0.1", port, max_size=None, ping_interval=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1])))
