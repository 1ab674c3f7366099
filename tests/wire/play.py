"""A client that sends exact bytes, cut as told, and hears what comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.wire.reference import Message, read_response

PATIENCE = 60.0
"""Seconds after which a connection that should have ended hangs; never waited for when all is well."""


class Cut(StrEnum):
    """How input is divided into writes."""

    WHOLE = "whole"
    RANDOM = "random"
    BYTES = "bytes"


@dataclass(slots=True)
class Heard:
    """What came back. `ended`: the proxy closed, with `reset` by a RST; `hung`: it did not, even when asked to.

    `methods` of the requests, as far as they matter (HEAD).
    """

    data: bytes = b""
    ended: bool = False
    hung: bool = False
    reset: bool = False
    methods: tuple[bytes, ...] = ()

    def responses(self, methods: tuple[bytes, ...] = ()) -> list[Message]:
        """The responses, interim ones too."""
        methods = methods or self.methods
        found: list[Message] = []
        data = self.data
        while data:
            final = sum(1 for each in found if each.status >= 200)
            method = methods[final] if final < len(methods) else b"GET"
            read = read_response(data, method, ended=self.ended and not self.reset)
            if read is None:
                break
            found.append(read[0])
            data = read[1]
        return found

    @property
    def statuses(self) -> list[int]:
        """Of the final responses."""
        return [each.status for each in self.responses() if each.status >= 200]


def pieces(data: bytes, cut: Cut, seed: str) -> list[bytes]:
    """`data` in the pieces that are written one by one."""
    match cut:
        case Cut.WHOLE:
            return [data]
        case Cut.BYTES:
            return [data[at : at + 1] for at in range(len(data))]
        case Cut.RANDOM:
            random, found, at = Random(seed), list[bytes](), 0
            while at < len(data):
                found.append(data[at : at + random.choice((1, 1, 2, 3, 7, 40, 1000))])
                at += len(found[-1])
            return found


class Client:
    """One connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.heard = Heard()

    @classmethod
    async def to(cls, port: int) -> Client:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, *parts: bytes) -> None:
        """Each part by itself, so that the proxy reads it by itself."""
        try:
            for part in parts:
                if self._writer.is_closing():
                    return
                self._writer.write(part)
                await asyncio.sleep(0)
            await self._writer.drain()
        except OSError:
            return

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        if not self.heard.ended and not self._writer.is_closing():
            self._writer.write_eof()

    async def hear(self, finals: int = 0) -> Heard:
        """Read until so many final responses are whole, or until the end."""
        heard = self.heard
        while not (heard.ended or heard.hung) and not (finals and len(heard.statuses) >= finals):
            await self._read()
        return heard

    async def hear_some(self) -> Heard:
        """Read once."""
        before = len(self.heard.data)
        while not (self.heard.ended or self.heard.hung) and len(self.heard.data) == before:
            await self._read()
        return self.heard

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                data = await self._reader.read(65536)
        except TimeoutError:
            self.heard.hung = True
            return
        except OSError:
            self.heard.reset = True
            data = b""
        self.heard.data += data
        self.heard.ended = not data

    def close(self) -> None:
        """Leave."""
        self._writer.transport.abort()


async def ask(port: int, data: bytes) -> bytes:
    """Send one request that closes the connection; all that comes back."""
    client = await Client.to(port)
    await client.send(data)
    heard = await client.hear()
    client.close()
    return heard.data


async def is_poisoned(port: int) -> str:
    """Ask both upstreams as a fresh client would; which one's answer was not its own."""
    for path in (b"/probe", b"/api/v2/probe"):
        data = await ask(port, b"GET %b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path)
        if not (data.startswith(b"HTTP/1.1 200 ") and data.endswith(b"\r\n\r\nprobe")):
            return f"the probe to {path.decode()} got {data[:200]!r}"
    return ""
