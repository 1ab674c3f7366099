"""How HTTP clients of control and the clerk connect: names by our own resolver, sockets by their paths.

Rule: no look-up takes a thread of the loop's own, in which routes.yaml and certificates are read: a name server that is
      silent holds up whoever asks for that name, and nobody else.
"""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from proxy.names.resolution import Unresolved

if TYPE_CHECKING:
    from proxy.core.routing.route import Upstream
    from proxy.names.resolver import Resolver

FRESH = 1.0
"""Seconds for which an answer is taken that another look-up has brought."""


class Looking(AbstractResolver):
    """The resolver, as aiohttp asks it; `system` as in `proxy.names.resolver`."""

    def __init__(self, resolver: Resolver, *, system: bool = False) -> None:
        """Nothing is asked yet."""
        self._resolver = resolver
        self._system = system

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """OSError where there is no address, of that family if one is said."""
        found = await self._resolver.ask(host, monotonic() - FRESH, system=self._system)
        if isinstance(found, Unresolved):
            kept = self._resolver.kept(host, system=self._system)
            if kept is None:
                raise OSError(None, found.detail)
            found = kept
        made = [_result(host, each, port) for each in found.hosts]
        return [each for each in made if family in (socket.AF_UNSPEC, each["family"])]

    async def close(self) -> None:
        """Nothing: the names belong to who made this resolver."""


def _result(name: str, host: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=name, host=host, port=port, family=family, proto=0, flags=flags)


def connector_to(upstream: Upstream, resolver: Resolver, keeps: float = 0.0) -> aiohttp.BaseConnector:
    """To one endpoint: for one request, or for many, with connections that are kept for `keeps` seconds."""
    kept: dict[str, Any] = {"keepalive_timeout": keeps} if keeps else {"force_close": True}
    if upstream.host.startswith("/"):
        return aiohttp.UnixConnector(upstream.host, **kept)
    looking = Looking(resolver, system=upstream.resolve.system)
    return aiohttp.TCPConnector(resolver=looking, use_dns_cache=False, **kept)
