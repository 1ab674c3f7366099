"""A client that sends exact bytes over a real socket and reads answers strictly."""

from __future__ import annotations

import asyncio
from typing import cast

from tests.edge.message import Message, read_head, read_response
from tests.edge.scripted import PATIENCE, reset


class Client:
    """One connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Each piece in a write of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def drip(self, data: bytes, size: int = 1) -> None:
        """In small pieces, each likely to arrive alone."""
        for at in range(0, len(data), size):
            await self.send(data[at : at + size])
            await asyncio.sleep(0)

    async def response(self, *, to: bytes = b"GET") -> Message:
        """The next response, interim or final."""
        async with asyncio.timeout(PATIENCE):
            return await read_response(self.reader, to=to)

    async def head(self) -> Message:
        """The next response's head; its body is left to the test."""
        async with asyncio.timeout(PATIENCE):
            return await read_head(self.reader)

    async def ask(self, request: bytes) -> Message:
        """Send a request and read its final answer."""
        await self.send(request)
        answer = await self.response(to=request.partition(b" ")[0])
        while answer.status < 200:
            answer = await self.response(to=request.partition(b" ")[0])
        return answer

    async def rest(self) -> bytes:
        """Everything until the proxy ends the connection; ConnectionResetError when it does so with a RST."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read()

    def stop_reading(self) -> None:
        """Leave what comes to the system's buffers."""
        cast("asyncio.Transport", self.writer.transport).pause_reading()

    def go_on_reading(self) -> None:
        """Take it from there."""
        cast("asyncio.Transport", self.writer.transport).resume_reading()

    def end_writing(self) -> None:
        """Close the sending half."""
        self.writer.write_eof()

    def close(self) -> None:
        """Close as a program that ends does."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a RST."""
        reset(self.writer)


def get(target: bytes = b"/", *lines: bytes) -> bytes:
    """A GET request."""
    return request(b"GET", target, *lines)


def request(method: bytes, target: bytes, *lines: bytes, body: bytes | None = None, version: bytes = b"1.1") -> bytes:
    """A request with `Host: a`, and a length when there is a body."""
    framing = [] if body is None else [b"Content-Length: %d" % len(body)]
    start = b"%b %b HTTP/%b" % (method, target, version)
    return b"\r\n".join([start, b"Host: a", *lines, *framing, b"", body or b""])


def post(body: bytes, *lines: bytes, target: bytes = b"/") -> bytes:
    """A POST request with a length."""
    return request(b"POST", target, *lines, body=body)
