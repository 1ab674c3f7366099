"""Bodies that show what happened to them, over real sockets."""

from __future__ import annotations

import asyncio

import pytest

from bench.errors import BenchError
from bench.load.bodies import BLOCK, Framing, blocks, digest_of, framing_fields, parse_head, read_head, receive, send


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_blocks_add_up_to_the_size(size: int) -> None:
    """A body has exactly the bytes that were asked for."""
    assert sum(len(block) for block in blocks(size)) == size


def test_no_two_blocks_are_alike() -> None:
    """A block that is lost, repeated or moved changes the digest."""
    assert len(set(blocks(8 * BLOCK))) == 8


def test_a_head_is_read_whatever_its_case() -> None:
    """Field names are found in lower case, values without spaces around them."""
    head = parse_head(b"POST /upload HTTP/1.1\r\nContent-LENGTH:  12 \r\nX:y\r\n\r\n")
    assert head.first == "POST /upload HTTP/1.1"
    assert head.fields == {"content-length": "12", "x": "y"}


async def _pair(handler_framing: Framing, size: int, announced: int) -> tuple[asyncio.Server, int]:
    async def one(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\n{framing_fields(handler_framing, announced)}\r\n".encode())
        await send(writer, handler_framing, size)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("framing", list(Framing))
async def test_what_is_sent_arrives(framing: Framing) -> None:
    """Both framings carry a body of several blocks unchanged."""
    size = 5 * BLOCK + 123
    server, port = await _pair(framing, size, size)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await receive(reader, await read_head(reader)) == digest_of(size)
    writer.close()
    await writer.wait_closed()
    server.close()


async def test_a_body_that_ends_early_is_an_error() -> None:
    """A connection that closes before the announced length says how much was missing."""
    server, port = await _pair(Framing.LENGTH, 1000, 1500)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises(BenchError, match="500 bytes"):
        await receive(reader, await read_head(reader))
    writer.close()
    await writer.wait_closed()
    server.close()
