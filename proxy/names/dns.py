"""Asks name servers, by c-ares: A and AAAA at once, along the search list, over TCP where an answer is cut short.

Rule 1: addresses of one family do not wait long for a server that is silent about the other.
Rule 2: "there is no such name" leads on to the next name of the search list, and so does a server that fails, as in
        glibc; silence does not: it must not lead to another system.
Rule 3: c-ares remembers answers for their whole TTL and cannot be told not to, so that a channel is asked for a name
        once only: what is heard is never older than the question. It is closed once nobody waits for it.
Rule 4: a channel keeps its port, so that it is asked for half a second only: whoever forges an answer has to guess it
        anew.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING

import aiodns
import pycares

from proxy.names.resolution import NoAddress, Resolved, Unresolved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.names.files import Servers

TRY, TRIES = 1.0, 3
"""Seconds that the first try of one server takes, doubled with each round; rounds."""
OTHER_FAMILY = 0.3
"""Seconds that the second family has after the first has brought addresses."""
CHANNEL = 0.5
"""Seconds for which a channel takes questions (rule 4)."""
MOST = 256
"""Addresses of one name; of more, the first in order count."""
_NONE = frozenset({aiodns.error.ARES_ENODATA, aiodns.error.ARES_ENOTFOUND})
_QUIET = frozenset({aiodns.error.ARES_ETIMEOUT, aiodns.error.ARES_ECONNREFUSED, aiodns.error.ARES_ECANCELLED})
_KINDS = ("A", "AAAA")
_AN_ADDRESS = (pycares.ARecordData, pycares.AAAARecordData)
_OF_A_CHAIN = (*_AN_ADDRESS, pycares.CNAMERecordData)
"""Each of them bounds how long the whole answer holds."""
logging.getLogger("aiodns").setLevel(logging.ERROR)
"""It warns each time that inotify's watches are used up, and then works without them."""


class _Part(Enum):
    """What came of one question."""

    NO_ADDRESS = auto()
    NO_NAME = auto()
    SILENT = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class _Addresses:
    hosts: tuple[str, ...]
    ttl: float


@dataclass(frozen=True, slots=True)
class AddressesByFamily:
    """By family: addresses, empty for none, or None where nobody could say."""

    four: tuple[str, ...] | None
    six: tuple[str, ...] | None
    ttl: float

    def over(self, before: AddressesByFamily | None) -> AddressesByFamily:
        """With what was known before of a family about which nobody could say."""
        four = self.four if self.four is not None or before is None else before.four
        six = self.six if self.six is not None or before is None else before.six
        return AddressesByFamily(four, six, self.ttl)

    def resolved(self, at: float) -> Resolved:
        """Both families in one order, whatever order a server put them in; `at` is when they were asked for."""
        return Resolved((*_in_order(self.four), *_in_order(self.six))[:MOST], self.ttl, at)


def _in_order(hosts: Sequence[str] | None) -> list[str]:
    family = socket.AF_INET6 if hosts and ":" in hosts[0] else socket.AF_INET
    return sorted(hosts or (), key=lambda host: socket.inet_pton(family, host))


@dataclass(slots=True)
class _Channel:
    resolver: aiodns.DNSResolver
    servers: Servers
    until: float
    waiting: int = 0
    names: set[str] = field(default_factory=set)


class Dns:
    """One process's way to its name servers; to be used within the running loop."""

    def __init__(self) -> None:
        self._channel: _Channel | None = None

    async def ask(self, name: str, servers: Servers) -> AddressesByFamily | Unresolved:
        """All addresses of `name`, or of the first name of the search list that has some."""
        failed: NoAddress | None = None
        for full in servers.names_for(name):
            match await self._both(full, servers):
                case AddressesByFamily() as addresses:
                    return addresses
                case _Part.SILENT:
                    return Unresolved(name, NoAddress.SILENT, monotonic(), ", ".join(servers.addresses))
                case _Part.FAILED:
                    failed = NoAddress.FAILED
                case _:
                    pass
        return Unresolved(name, failed or NoAddress.UNKNOWN, monotonic())

    async def close(self) -> None:
        """End the channel: whoever waits gets `SILENT`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.resolver.close()

    async def _both(self, full: str, servers: Servers) -> AddressesByFamily | _Part:
        """Ask for A and AAAA at once, by rule 1."""
        channel = await self._open(full, servers)
        channel.waiting += 1
        questions = [_question(channel.resolver, full, kind) for kind in _KINDS]
        try:
            first, _ = await asyncio.wait(questions, return_when=asyncio.FIRST_COMPLETED)
            is_good = any(isinstance(_part(question), _Addresses) for question in first)
            await asyncio.wait(questions, timeout=OTHER_FAMILY if is_good else None)
            return _together([_part(question) if question.done() else _Part.SILENT for question in questions])
        finally:
            for question in questions:
                question.cancel()
            channel.waiting -= 1
            if channel is not self._channel and not channel.waiting:
                await channel.resolver.close()

    async def _open(self, full: str, servers: Servers) -> _Channel:
        """A channel that was not asked for this name yet (rules 3 and 4)."""
        now, old = monotonic(), self._channel
        if old is not None and old.until > now and old.servers == servers and full not in old.names:
            old.names.add(full)
            return old
        resolver = aiodns.DNSResolver(nameservers=servers.addresses, timeout=TRY, tries=TRIES)
        channel = self._channel = _Channel(resolver, servers, now + CHANNEL, names={full})
        if old is not None and not old.waiting:
            await old.resolver.close()
        return channel


_Question = asyncio.Future[pycares.DNSResult]


def _question(resolver: aiodns.DNSResolver, full: str, kind: str) -> _Question:
    return resolver.query_dns(full, kind)


def _part(question: _Question) -> _Addresses | _Part:
    """What came of a question that is done."""
    error = None if question.cancelled() else question.exception()
    if error is not None or question.cancelled():
        return _fault(error)
    records = [record for record in question.result().answer if isinstance(record.data, _OF_A_CHAIN)]
    hosts = [record.data.addr for record in records if isinstance(record.data, _AN_ADDRESS)]
    if not hosts:
        return _Part.NO_ADDRESS
    return _Addresses(tuple(dict.fromkeys(hosts)), float(min(record.ttl for record in records)))


def _fault(error: BaseException | None) -> _Part:
    number = error.args[0] if isinstance(error, aiodns.error.DNSError) and error.args else aiodns.error.ARES_ECANCELLED
    if number == aiodns.error.ARES_ENOTFOUND:
        return _Part.NO_NAME
    if number in _NONE:
        return _Part.NO_ADDRESS
    return _Part.SILENT if number in _QUIET else _Part.FAILED


def _together(parts: Sequence[_Addresses | _Part]) -> AddressesByFamily | _Part:
    """The addresses of both families, or why there are none: what one family says of a name holds for the other."""
    good = [part for part in parts if isinstance(part, _Addresses)]
    if good:
        four, six = (_family(part) for part in parts)
        return AddressesByFamily(four, six, min(part.ttl for part in good))
    bad = [part for part in parts if isinstance(part, _Part)]
    return next(part for part in (_Part.NO_NAME, _Part.SILENT, _Part.FAILED, _Part.NO_ADDRESS) if part in bad)


def _family(part: _Addresses | _Part) -> tuple[str, ...] | None:
    if isinstance(part, _Addresses):
        return part.hosts
    return () if part in (_Part.NO_ADDRESS, _Part.NO_NAME) else None
