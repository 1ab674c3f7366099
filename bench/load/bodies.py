"""Long bodies that can be checked, and just enough HTTP/1.1 to send and receive them over asyncio streams.

A body is blocks of 256 KiB; each begins with its number, so that a block lost, repeated or moved changes the digest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import xxhash

from bench.errors import BenchError

BLOCK = 256 << 10
FILLER = (bytes(range(251)) * (BLOCK // 251 + 1))[8:BLOCK]  # 251 is prime: no period that a buffer size would share
READ_BYTES = 256 << 10


class Framing(StrEnum):
    """How the end of a body is known (RFC 9112 section 6)."""

    LENGTH = "length"
    CHUNKED = "chunked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """First line and header fields (names in lower case) of a message."""

    first: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Length and hash of a body."""

    size: int
    hash: str


def blocks(size: int) -> Iterator[bytes]:
    """The body of `size` bytes, block by block."""
    for number in range(-(-size // BLOCK)):
        yield (number.to_bytes(8, "big") + FILLER)[: size - number * BLOCK]


def digest_of(size: int) -> Digest:
    """What a faithful copy of the body of `size` bytes must give."""
    hashed = xxhash.xxh3_128()
    for block in blocks(size):
        hashed.update(block)
    return Digest(size=size, hash=hashed.hexdigest())


def parse_head(text: bytes) -> Head:
    """Reads a message head that ends in an empty line."""
    first, *lines = text.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return Head(first=first, fields={name.lower(): value.strip() for name, _, value in pairs})


def framing_fields(framing: Framing, size: int) -> str:
    """The header line that goes with a framing."""
    return "Transfer-Encoding: chunked\r\n" if framing is Framing.CHUNKED else f"Content-Length: {size}\r\n"


async def read_head(reader: asyncio.StreamReader) -> Head:
    """The next message's head."""
    return parse_head(await reader.readuntil(b"\r\n\r\n"))


async def send(writer: asyncio.StreamWriter, framing: Framing, size: int) -> None:
    """Sends the body of `size` bytes, at the pace that the other side takes it."""
    for block in blocks(size):
        if framing is Framing.CHUNKED:
            writer.write(b"%x\r\n" % len(block))
            writer.write(block)
            writer.write(b"\r\n")
        else:
            writer.write(block)
        await writer.drain()
    if framing is Framing.CHUNKED:
        writer.write(b"0\r\n\r\n")
    await writer.drain()


async def receive(reader: asyncio.StreamReader, head: Head, *, pause: float = 0.0) -> Digest:
    """Takes a body to its end. With a pause, stops reading for that many seconds once the first 8 MiB are there."""
    hashed, size, rest = xxhash.xxh3_128(), 0, pause
    async for piece in _pieces(reader, head):
        hashed.update(piece)
        size += len(piece)
        if rest and size > 8 << 20:
            await asyncio.sleep(rest)
            rest = 0.0
    return Digest(size=size, hash=hashed.hexdigest())


async def _pieces(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    if head.fields.get("transfer-encoding", "").lower() == "chunked":
        while length := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            async for piece in _exactly(reader, length):
                yield piece
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return
    async for piece in _exactly(reader, int(head.fields.get("content-length", "0"))):
        yield piece


async def _exactly(reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    while length:
        piece = await reader.read(min(length, READ_BYTES))
        if not piece:
            raise BenchError(f"the connection ended with {length:,} bytes of the body to come")
        length -= len(piece)
        yield piece
