"""A side as it may be, on a port of its own: `python -m bench.load.hostile MODE PORT`.

good answers at once; usual after 5 ms, as one that asks a database; slow a hundred times later than that; hang never;
reset resets; flood sends 1 GiB each time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from enum import StrEnum

USUAL, SLOW = 0.005, 0.5
"""Seconds, as in the published case SH01."""
FLOOD = 1 << 30
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"hello":"w"}'
_FLOOD_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_PIECE = b"10000\r\n" + b"x" * 65536 + b"\r\n"


class Mode(StrEnum):
    """How it behaves."""

    GOOD = "good"
    USUAL = "usual"
    SLOW = "slow"
    HANG = "hang"
    RESET = "reset"
    FLOOD = "flood"


async def serve(mode: Mode, port: int) -> None:
    """For ever; a GET of `/-/status` is answered well in every mode."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await _answer(Mode.GOOD if head.startswith(b"GET /-/status ") else mode, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def _answer(mode: Mode, writer: asyncio.StreamWriter) -> None:
    match mode:
        case Mode.GOOD:
            writer.write(_ANSWER)
        case Mode.USUAL | Mode.SLOW:
            await asyncio.sleep(USUAL if mode is Mode.USUAL else SLOW)
            writer.write(_ANSWER)
        case Mode.HANG:
            await asyncio.Event().wait()
        case Mode.RESET:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        case Mode.FLOOD:
            writer.write(_FLOOD_HEAD)
            for _ in range(FLOOD // 65536):
                writer.write(_PIECE)
                await writer.drain()


if __name__ == "__main__":
    asyncio.run(serve(Mode(sys.argv[1]), int(sys.argv[2])))
