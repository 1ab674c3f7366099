"""What name servers do to upstreams that are asked for all the while: each play is one row, and one sentence.

Rule 1: an old place refuses new connections from the instant in which its name has moved; what it has taken it answers.
Rule 2: each play has a name of its own, so that nothing is left of the one before.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from holds.asking import Answer, Ask, Asker, percentile
from holds.endurance.system import Talk
from holds.finding import Check
from tests.names.server import NameServer, Told
from tests.wire.reference import Message

MOVES, STAYS = 10, 2.0
"""How often a name moves; seconds for which it stays at least, with a TTL of 1 s."""
LATER = 0.37
"""Seconds by which each move comes later within the second between two look-ups, so that no two are alike."""
GONE = 6.0
"""Seconds for which a name is not there."""
MANY, TOO_MANY, MOST = 100, 1000, 256
"""Addresses in one answer; the most of which a proxy is to use."""
CUT = 60
"""Addresses that do not fit into one answer by UDP."""
_SO_ATTACH_FILTER = 26
_DROP_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 2), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""For the system's packet filter: load the flags of TCP, and drop what has SYN among them."""
RATE, MANY_RATE = 100.0, 200.0
TIMES = 15
"""Requests for each of many addresses, so that chance leaves none out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where Banyan listens, and whom it asks for names; `port` is that of all upstreams, on any address."""

    listen: int
    port: int
    server: NameServer
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one play went; `asked` are addresses that were asked, and `by_tcp` questions that came so."""

    title: str
    answers: list[Answer]
    look_ups: int
    by_tcp: int
    asked: int
    sentence: str
    holds: bool

    @property
    def failed(self) -> int:
        """Requests without the answer that was theirs."""
        return sum(1 for each in self.answers if each.trouble)

    @property
    def row(self) -> tuple[str, ...]:
        """As `COLUMNS`."""
        figures = (len(self.answers), self.failed, self.look_ups, self.by_tcp, self.asked)
        late = percentile(self.answers, 0.99) * 1000
        return (self.title, *(f"{each}" for each in figures), f"{late:.0f}")

    @property
    def check(self) -> Check:
        """Its sentence, and that something was asked and nothing failed."""
        seen = f"{self.failed} of {len(self.answers)} failed, {self.look_ups} look-ups, {self.asked} addresses"
        return Check(sentence=self.sentence, holds=self.holds and bool(self.answers) and not self.failed, seen=seen)


COLUMNS = ("what is played", "requests", "failed", "look-ups", "by TCP", "addresses asked", "99 % within ms")


class _Spoken(Talk):
    """It notes at which address it was asked, and answers once: the next request needs a connection of its own."""

    lines = b"Connection: close\r\n"

    def __init__(self, executed: int, asked: set[str]) -> None:
        super().__init__(b"any", executed)
        self._asked = asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The proxy is there."""
        self._asked.add(cast("str", transport.get_extra_info("sockname")[0]))
        super().connection_made(transport)

    def _answer(self, message: Message) -> None:
        super()._answer(message)
        self._transport.close()


@dataclass(slots=True)
class Place:
    """An upstream at one address, or at every address of loopback (`0.0.0.0`), within this process."""

    host: str
    port: int
    executed: int
    asked: set[str] = field(default_factory=set)
    _sock: socket.socket | None = None
    _taken: list[asyncio.Task[object]] = field(default_factory=list)

    async def come(self) -> None:
        """Listen."""
        self._sock = sock = socket.create_server((self.host, self.port), backlog=1024)
        sock.setblocking(False)  # noqa: FBT003
        asyncio.get_running_loop().add_reader(sock, self._take, sock)

    async def leave(self) -> None:
        """Refuse from now on (rule 1): nothing new comes while what waits is taken, else that would be lost."""
        sock, self._sock = self._sock, None
        if sock is None:
            return
        let_nothing_in(sock)
        asyncio.get_running_loop().remove_reader(sock)
        self._take(sock)
        sock.close()
        await asyncio.gather(*self._taken)
        self._taken.clear()

    def _take(self, sock: socket.socket) -> None:
        """All who wait."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):
            while True:
                taken, _ = sock.accept()
                talk = loop.connect_accepted_socket(lambda: _Spoken(self.executed, self.asked), taken)
                self._taken.append(loop.create_task(talk))


def let_nothing_in(sock: socket.socket) -> None:
    """From now on its system drops whatever would open a connection; whoever sent it sends it again after a second."""
    code = b"".join(struct.pack("=HBBI", *each) for each in _DROP_SYN)
    kept = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(_DROP_SYN), ctypes.addressof(kept)))


async def _asking(stage: Stage, route: str, during: Callable[[], Awaitable[None]], rate: float = RATE) -> list[Answer]:
    """Reads and writes, until `during` is over."""
    asker = Asker(stage.listen, (Ask("GET", route), Ask("POST", route)), rate, belongs=_is_its_own)
    asked = asyncio.ensure_future(asker.ask_for(float("inf")))
    await during()
    asker.enough()
    await asked
    return asker.answers


async def moves(stage: Stage) -> Played:
    """From one address to another and back, each refusing as soon as the name has left it."""
    executed = os.open(stage.folder / "moved.executed", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    here, there = (Place(host, stage.port, executed) for host in ("127.0.1.1", "127.0.1.2"))
    name, places, by_tcp = "moved.test", (here, there), stage.server.by_tcp
    stage.server.book[name] = Told(1, (here.host,))
    await here.come()

    async def during() -> None:
        for number in range(1, MOVES + 1):
            await asyncio.sleep(STAYS + number * LATER % 1.0)
            old, new = places[1 - number % 2], places[number % 2]
            await new.come()
            stage.server.book[name] = Told(1, (new.host,))
            await old.leave()
        await asyncio.sleep(STAYS)

    answers = await _asking(stage, "moved", during)
    for each in places:
        await each.leave()
    os.close(executed)
    written = (stage.folder / "moved.executed").read_text().splitlines()
    sent = sum(1 for each in answers if each.ask.method == "POST")
    return Played(
        title=f"{MOVES} moves with a TTL of 1 s",
        answers=answers,
        look_ups=stage.server.kinds(name),
        by_tcp=stage.server.by_tcp - by_tcp,
        asked=len(here.asked | there.asked),
        sentence="no request fails through moves, and every write is done once",
        holds=len(here.asked | there.asked) == len(places) and len(written) == len(set(written)) == sent,
    )


async def vanishes(stage: Stage) -> Played:
    """The name was good; then no server knows it any more."""
    name, before, by_tcp = "gone.test", 0, stage.server.by_tcp
    place = Place("127.0.1.1", stage.port, _nowhere())
    stage.server.book[name] = Told(1, (place.host,))
    await place.come()

    async def during() -> None:
        nonlocal before
        await asyncio.sleep(STAYS)
        before = stage.server.kinds(name)
        del stage.server.book[name]
        await asyncio.sleep(GONE)

    answers = await _asking(stage, "gone", during)
    await place.leave()
    os.close(place.executed)
    denied = stage.server.kinds(name) - before
    return Played(
        title=f"no such name for {GONE:.0f} s, after a good answer",
        answers=answers,
        look_ups=denied,
        by_tcp=stage.server.by_tcp - by_tcp,
        asked=len(place.asked),
        sentence="a name that is gone leaves its last good address in use",
        holds=denied > 1,
    )


async def many(stage: Stage, route: str, count: int) -> Played:
    """So many addresses in one answer, which is cut short by UDP."""
    name, place = f"{route}.test", Place("0.0.0.0", stage.port, _nowhere())
    by_tcp, used = stage.server.by_tcp, min(count, MOST)
    told = tuple(f"127.1.{number // 200}.{number % 200 + 1}" for number in range(count))
    stage.server.book[name] = Told(60, told)
    await place.come()

    async def during() -> None:
        await asyncio.sleep(used * TIMES / MANY_RATE)

    answers = await _asking(stage, route, during, MANY_RATE)
    await place.leave()
    os.close(place.executed)
    over = stage.server.by_tcp - by_tcp
    return Played(
        title=f"{count} addresses in one answer",
        answers=answers,
        look_ups=stage.server.kinds(name),
        by_tcp=over,
        asked=len(place.asked),
        sentence=f"of {count} addresses {'all' if used == count else f'the first {used}'} are asked, none else",
        holds=over > 0 and place.asked == set(told[:used]),
    )


async def cut_short(stage: Stage) -> Played:
    """Nothing but the mark is said by UDP; the addresses come by TCP, at each look-up."""
    name, place = "cut.test", Place("0.0.0.0", stage.port, _nowhere())
    by_tcp, told = stage.server.by_tcp, tuple(f"127.2.0.{number + 1}" for number in range(CUT))
    stage.server.book[name] = Told(1, told)
    await place.come()

    async def during() -> None:
        await asyncio.sleep(CUT * TIMES / MANY_RATE)

    answers = await _asking(stage, "cut", during, MANY_RATE)
    await place.leave()
    os.close(place.executed)
    asked, over = stage.server.kinds(name), stage.server.by_tcp - by_tcp
    return Played(
        title=f"{CUT} addresses with a TTL of 1 s, each answer cut short (TC)",
        answers=answers,
        look_ups=asked,
        by_tcp=over,
        asked=len(place.asked),
        sentence="an answer that is cut short is asked for again by TCP, each time, and nothing of it is lost",
        holds=over > 1 and place.asked == set(told),
    )


PLAYS: tuple[Callable[[Stage], Awaitable[Played]], ...] = (
    moves,
    vanishes,
    lambda stage: many(stage, "many", MANY),
    lambda stage: many(stage, "most", TOO_MANY),
    cut_short,
)


async def play_all(stage: Stage, step: Callable[[], None]) -> list[Played]:
    """One after the other; `step` is called after each."""
    played = []
    for play in PLAYS:
        played.append(await play(stage))
        step()
    return played


def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def _is_its_own(body: bytes, number: int, ask: Ask, sent: int) -> bool:
    """Whether the upstream answered this request, whatever its name."""
    _, asked, length, *_ = [*body.split(b" ", 3), b"", b"", b""]
    return asked == b"%d" % number and length == (b"0" if ask.method == "GET" else b"%d" % sent)
