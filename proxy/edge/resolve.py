"""From the names of an upstream's endpoints to addresses: off the loop, and the last good answer is kept (R28)."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from random import random
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proxy.core.route import Endpoint

RESOLVE_EVERY = 20.0
RESOLVE_JITTER = 8.0
"""Seconds: a name is asked for again every 20 to 28, so that what is used is never older than 30."""
LOOKUP = 10.0
"""Seconds that one look-up may take."""
_NEVER = float("inf")


class Found(NamedTuple):
    """One address, and the endpoint whose it is."""

    endpoint: Endpoint
    host: str


class Names:
    """The endpoints of one upstream."""

    def __init__(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Numbers need no look-up."""
        self._endpoints = endpoints
        self._known: dict[Endpoint, list[str]] = {each: [each.host] for each in endpoints if _is_number(each.host)}
        self._wanted = [each for each in endpoints if each not in self._known]
        self._running = False
        self._due = 0.0 if self._known else _NEVER

    @property
    def found(self) -> list[Found]:
        """What is known, each address once, in the order of the file."""
        return list(dict.fromkeys(Found(each, host) for each in self._endpoints for host in self._known.get(each, ())))

    def is_due(self, now: float) -> bool:
        """Whether it is time to look again; never for numbers, nor before somebody has asked for what is only names."""
        return bool(self._wanted) and not self._running and self._due <= now

    async def look_up(self) -> None:
        """Ask for every name; OSError or TimeoutError only when nothing is known at all."""
        self._running = True
        try:
            answers = await asyncio.gather(*[self._ask(each) for each in self._wanted], return_exceptions=True)
        finally:
            self._running = False
            self._due = monotonic() + RESOLVE_EVERY + RESOLVE_JITTER * random()  # noqa: S311 -- no secret hangs on it
        if not self._known:
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer

    async def _ask(self, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LOOKUP):
            entries = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        hosts = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        if hosts:
            self._known[endpoint] = hosts


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
