"""An upstream for bodies of any length: `python -m bench.load.stream_upstream PORT`.

`POST /upload` takes a body and answers its size and hash; `GET /download/FRAMING/SIZE` sends one.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

import msgspec

from bench.load.bodies import Framing, Head, framing_fields, read_head, receive, send

PAUSE_SECONDS = 0.5  # the upstream stops reading for a while, so that a proxy without backpressure has to hoard


async def serve(port: int) -> None:
    """Serves until the process is ended."""
    server = await asyncio.start_server(_connection, "127.0.0.1", port, limit=1 << 20)
    await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
        while True:
            await _exchange(await read_head(reader), reader, writer)


async def _exchange(head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match head.first.split(" ")[1].strip("/").split("/"):
        case ["download", framing, size]:
            how = Framing(framing)
            writer.write(f"HTTP/1.1 200 OK\r\n{framing_fields(how, int(size))}\r\n".encode())
            await send(writer, how, int(size))
        case _:
            if head.fields.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            answer = msgspec.json.encode(await receive(reader, head, pause=PAUSE_SECONDS))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
            await writer.drain()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
