"""Reads HTTP/1.1 messages off a socket strictly: what is not exactly as RFC 9112 says fails the test that reads it."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

_CHUNK_SIZE = re.compile(rb"[0-9a-f]+\r\n")
_REQUEST_ID = re.compile("[0-9a-f]{32}")
_STATUS = re.compile(rb"HTTP/1\.1 ([1-9][0-9]{2}) [^\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A request or a response. `head` is raw, up to and with its empty line; `trailers` are raw lines."""

    head: bytes
    body: bytes = b""
    trailers: tuple[bytes, ...] = ()

    @property
    def start(self) -> bytes:
        """The first line."""
        return self.head.partition(b"\r\n")[0]

    @property
    def lines(self) -> list[bytes]:
        """The raw field lines."""
        return self.head.split(b"\r\n")[1:-2]

    @property
    def names(self) -> list[bytes]:
        """Field names in lower case, in order."""
        return [line.partition(b":")[0].lower() for line in self.lines]

    @property
    def status(self) -> int:
        """A response's status."""
        found = _STATUS.fullmatch(self.start)
        assert found is not None, self.start
        return int(found[1])

    @property
    def target(self) -> bytes:
        """A request's target."""
        return self.start.split(b" ")[1]

    @property
    def problem(self) -> dict[str, Any]:
        """The body of a problem document."""
        assert self.value(b"Content-Type") == b"application/problem+json"
        found: dict[str, Any] = json.loads(self.body)
        return found

    def values(self, name: bytes) -> list[bytes]:
        """All values of a field."""
        return [line.partition(b":")[2].strip(b" \t") for line in self.lines if _names(line, name)]

    def value(self, name: bytes) -> bytes | None:
        """The one value of a field; None when it is not there."""
        found = self.values(name)
        assert len(found) <= 1, found
        return found[0] if found else None

    def has(self, line: bytes) -> bool:
        """Whether this very line stands in the head."""
        return line in self.lines


def _names(line: bytes, name: bytes) -> bool:
    return line.partition(b":")[0].lower() == name.lower()


async def read_head(reader: asyncio.StreamReader) -> Message:
    """Up to the empty line."""
    return Message(head=await reader.readuntil(b"\r\n\r\n"))


async def read_request(reader: asyncio.StreamReader) -> Message:
    """A whole request."""
    return await _read_body(reader, await read_head(reader), at_end=b"")


async def read_response(reader: asyncio.StreamReader, *, to: bytes = b"GET") -> Message:
    """A whole response, interim ones included; `to` is the method that it answers."""
    head = await read_head(reader)
    if to == b"HEAD" or head.status < 200 or head.status in {204, 304}:
        return head
    return await _read_body(reader, head, at_end=None)


async def _read_body(reader: asyncio.StreamReader, head: Message, *, at_end: bytes | None) -> Message:
    """`at_end` is the body where no framing is declared; None reads until the connection closes."""
    length, coding = head.value(b"Content-Length"), head.value(b"Transfer-Encoding")
    assert length is None or coding is None, head.head
    if coding is not None:
        assert coding == b"chunked", coding
        body, trailers = await read_chunked(reader)
        return Message(head=head.head, body=body, trailers=trailers)
    if length is not None:
        return Message(head=head.head, body=await reader.readexactly(int(length)))
    return Message(head=head.head, body=await reader.read() if at_end is None else at_end)


async def read_chunk(reader: asyncio.StreamReader) -> bytes:
    """One chunk's payload; empty for the last one, whose trailers are still to be read."""
    size_line = await reader.readuntil(b"\r\n")
    assert _CHUNK_SIZE.fullmatch(size_line), size_line
    size = int(size_line, 16)
    if not size:
        return b""
    payload = await reader.readexactly(size)
    assert await reader.readexactly(2) == b"\r\n"
    return payload


async def read_chunked(reader: asyncio.StreamReader) -> tuple[bytes, tuple[bytes, ...]]:
    """Body and trailers."""
    pieces = []
    while piece := await read_chunk(reader):
        pieces.append(piece)
    trailers = []
    while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        trailers.append(line[:-2])
    return b"".join(pieces), tuple(trailers)


def check_problem(answer: Message, status: int) -> str:
    """That the answer is a problem document as RFC 9457 has it, with the request's id; its detail."""
    found = answer.problem

    assert answer.status == found["status"] == status
    assert found["type"] == "about:blank"
    assert found["title"]
    assert answer.value(b"X-Request-Id") == found["request_id"].encode("ascii")
    assert _REQUEST_ID.fullmatch(found["request_id"])
    assert answer.value(b"Content-Length") == b"%d" % len(answer.body)
    assert found["detail"]

    return str(found["detail"])
