"""POSTs to servers that end idle connections by themselves, through Banyan and by a client that pools as long.

A POST that meets the end of its connection may have been executed and is never sent again, so it is lost. It comes in
bursts after pauses of random length, so that idle connections are of every age when they are needed.

Rule 1: through Banyan, with its default keys, no more POSTs are lost than the direct client loses.
Rule 2: none is lost where the server says when it ends a connection, or keeps it for 2 s and more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.machine import free_ports, raise_file_limit
from bench.table import Table
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import running
from holds.progress import Bar, bar
from holds.upstreams.keeping_servers import Keeping, install, missing, servers
from proxy.core.routing.route import Upstream

IDLE = Upstream(name="", scheme="http", host="", port=0).keep_alive
"""Seconds for which an unused connection is kept: Banyan's default, and the direct client's."""
BURST = 48
LONGEST_ANSWER = 60.0
TO_BANYAN = 30.0
"""Seconds for which the client keeps its own connections to Banyan, which keeps them longer."""
LONGEST_PAUSE = IDLE + 1.0
"""Seconds; beyond the ends of the servers that end first, after 1 s and 2 s, and of the pools."""
WHY_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a server: its port and path, and how long the client keeps idle connections."""

    port: int
    path: str
    idle: float


@dataclass(slots=True)
class Lost:
    """How many POSTs were sent one way, and what became of those that were lost."""

    sent: int
    why: list[str]


class Poster:
    """A client with a pool of its own: the connection used last goes first, none is used beyond `idle` or its end."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._idle: deque[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        head = f"POST {way.path} HTTP/1.1\r\nHost: holds\r\nContent-Length: 5\r\n\r\nhello"
        self._data = head.encode()

    async def post(self) -> str:
        """One POST; why it is lost, empty when a server has answered it."""
        try:
            async with asyncio.timeout(LONGEST_ANSWER):
                reader, writer = await self._connection()
                writer.write(self._data)
                head = await reader.readuntil(b"\r\n\r\n")
                return await self._rest(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since <= self._way.idle and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._way.port)

    async def _rest(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        fields = head.lower()
        if b"transfer-encoding: chunked" in fields:
            await reader.readuntil(b"0\r\n\r\n")
        else:
            length = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            body = await reader.readexactly(length)
            if b"application/problem+json" in fields:
                return body.decode(errors="replace")
        if b"connection: close" in fields:
            writer.close()
        else:
            self._idle.append((time.monotonic(), reader, writer))
        return "" if int(head.split(b" ")[1]) < 500 else head.partition(b"\r\n")[0].decode(errors="replace")

    def close(self) -> None:
        """Leave."""
        for _, _, writer in self._idle:
            with contextlib.suppress(OSError):
                writer.close()


async def measure(posts: int, seed: int) -> Finding:
    """Every server, both ways, all at once."""
    install()
    raise_file_limit()
    known = tuple(servers())
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        listen, admin, *ports = free_ports(2 + len(known))
        site = Site(folder=Path(name) / "site", listen=listen, admin=admin, legacy=ports[0], new=ports[0])
        async with AsyncExitStack() as stack:
            for each, port in zip(known, ports, strict=True):
                await stack.enter_async_context(running(each.launch(Path(name) / each.name, port)))
            await stack.enter_async_context(running(launch_banyan(site, routes(known, ports))))
            with bar("POSTs", 2.0 * posts * len(known)) as drawn:
                playing = [
                    _both(each, port, listen, posts, random.Random(f"{seed} {each.name}"), drawn)
                    for each, port in zip(known, ports, strict=True)
                ]
                found = await asyncio.gather(*playing)
    return _finding(known, found)


def routes(known: tuple[Keeping, ...], ports: list[int]) -> str:
    """A routes.yaml with an upstream for each server, and no key beside those that must be there."""
    upstreams = [
        f'  {each.name}: {{ url: "http://127.0.0.1:{port}" }}\n' for each, port in zip(known, ports, strict=True)
    ]
    own = [
        f'  - {{ name: {each.name}, match: "/{each.name}/**", stage: legacy, legacy: {each.name} }}\n' for each in known
    ]
    head = "version: 1\nlisten: 127.0.0.1:@LISTEN@\nadmin: 127.0.0.1:@ADMIN@\n"
    return f"{head}upstreams:\n{''.join(upstreams)}routes:\n{''.join(own)}"


async def _both(
    server: Keeping, port: int, listen: int, posts: int, draw: random.Random, drawn: Bar
) -> tuple[Lost, Lost]:
    """Through Banyan and directly, by the same pauses."""
    ways = (Way(listen, f"/{server.name}/x", TO_BANYAN), Way(port, f"/{server.name}/x", IDLE))
    seed = draw.random()
    through, direct = await asyncio.gather(*(_play(way, posts, random.Random(seed), drawn) for way in ways))
    return through, direct


async def _play(way: Way, posts: int, draw: random.Random, drawn: Bar) -> Lost:
    poster, lost = Poster(way), Lost(0, [])
    while lost.sent < posts:
        count = min(draw.randint(1, BURST), posts - lost.sent)
        whys = await asyncio.gather(*(poster.post() for _ in range(count)))
        lost.sent += count
        lost.why += [why for why in whys if why]
        drawn.step(by=count)
        await asyncio.sleep(draw.uniform(0, LONGEST_PAUSE))
    poster.close()
    return lost


def _finding(known: tuple[Keeping, ...], found: list[tuple[Lost, Lost]]) -> Finding:
    rows = tuple(
        (
            each.name,
            "at once" if not each.keeps else f"{each.keeps:g} s",
            "yes" if each.tells else "no",
            str(through.sent),
            str(len(through.why)),
            str(len(direct.why)),
        )
        for each, (through, direct) in zip(known, found, strict=True)
    )
    columns = ("server", "ends idle connections", "says so", "POSTs each way", "lost through Banyan", "lost directly")
    title = f"POSTs after random pauses; unused connections are kept {IDLE:g} s"
    outcomes = list(zip(known, found, strict=True))
    more = [each.name for each, (through, direct) in outcomes if len(through.why) > len(direct.why)]
    unsafe = [each.name for each, (through, _) in outcomes if each.is_safe and through.why]
    checks = (
        Check(
            sentence="no more are lost through Banyan than by a direct client that keeps connections as long",
            holds=not more,
            seen=", ".join(more) or f"{len(known)} servers",
        ),
        Check(
            sentence="none is lost where the server says when it ends, or keeps 2 s and more",
            holds=not unsafe,
            seen=", ".join(unsafe) or f"{sum(each.is_safe for each in known)} servers",
        ),
    )
    notes = [f"not run: {each}" for each in missing()]
    for each, ways in zip(known, found, strict=True):
        notes += [f"{each.name}: {why}" for lost in ways for why in lost.why[:WHY_SHOWN]]
    table = Table(title=title, columns=columns, rows=rows, words=3)
    return Finding(suite="keepalive", tables=(table,), checks=checks, notes=tuple(notes))
