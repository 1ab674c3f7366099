"""A name server on loopback: says what its book says, over UDP, and over TCP what is longer than 512 bytes."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import cast

A, CNAME, AAAA = 1, 5, 28
_NO_ERROR, _SERVER_FAILED, _NO_NAME = 0, 2, 3
_ANSWER, _CUT_SHORT = 0x8180, 0x0200
_LONGEST = 512


class Mute(Enum):
    """What is said instead of an answer."""

    SILENT = "nothing, whatever is asked"
    SILENT_ABOUT_SIX = "nothing about AAAA"
    FAILED = "SERVFAIL"


@dataclass(frozen=True, slots=True)
class Told:
    """Addresses of either family, in seconds' TTL, behind an alias if `alias` names one (with a TTL of its own)."""

    ttl: int
    addresses: tuple[str, ...]
    alias: str = ""
    alias_ttl: int = 0
    mute: Mute | None = None


@dataclass
class NameServer:
    """`book` may change at any time; `asked` are names and kinds as they came, `by_tcp` counts those of TCP."""

    book: dict[str, Told | Mute] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    by_tcp: int = 0
    port: int = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> NameServer:
        """On the same port for both."""
        loop = asyncio.get_running_loop()
        while True:
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=(host, port))
            self.port = self._udp.get_extra_info("sockname")[1]
            try:
                self._tcp = await asyncio.start_server(self._talk, host, self.port)
            except OSError:
                self._udp.close()
                if port:
                    raise
            else:
                return self

    async def stop(self) -> None:
        """No more answers."""
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    def resolv_conf(self, path: Path, *more: str) -> Path:
        """A file that names this server."""
        path.write_text("\n".join((f"nameserver 127.0.0.1:{self.port}", *more, "")), encoding="utf-8")
        return path

    def kinds(self, name: str) -> int:
        """How often addresses of the first family were asked for."""
        return self.asked.count((name, A))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2))
            self.by_tcp += 1
            said = self.answer(await reader.readexactly(length), 65535)
            writer.write(len(said).to_bytes(2) + said)
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    def answer(self, question: bytes, longest: int) -> bytes:
        """Empty for silence."""
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length])
            at += 1 + length
        name = b".".join(labels).decode().lower()
        kind = int.from_bytes(question[at + 1 : at + 3])
        asked = question[12 : at + 5]
        self.asked.append((name, kind))
        told = self.book.get(name)
        if told is Mute.SILENT or (kind == AAAA and isinstance(told, Told) and told.mute is Mute.SILENT_ABOUT_SIX):
            return b""
        if not isinstance(told, Told):
            code = _NO_NAME if told is None else _SERVER_FAILED
            return question[:2] + struct.pack(">5H", _ANSWER | code, 1, 0, 0, 0) + asked
        records = _records(told, kind)
        whole = question[:2] + struct.pack(">5H", _ANSWER, 1, len(records), 0, 0) + asked + b"".join(records)
        if len(whole) <= longest:
            return whole
        return question[:2] + struct.pack(">5H", _ANSWER | _CUT_SHORT, 1, 0, 0, 0) + asked


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        said = self._server.answer(data, _LONGEST)
        if said:
            self._transport.sendto(said, addr)


def _records(told: Told, kind: int) -> list[bytes]:
    owner, made = b"\xc0\x0c", []
    if told.alias:
        target = b"".join(bytes([len(label)]) + label.encode() for label in told.alias.split(".")) + b"\0"
        made.append(owner + struct.pack(">HHIH", CNAME, 1, told.alias_ttl, len(target)) + target)
        owner = target
    for address in told.addresses:
        if kind == (AAAA if ":" in address else A):
            raw = ip_address(address).packed
            made.append(owner + struct.pack(">HHIH", kind, 1, told.ttl, len(raw)) + raw)
    return made
