"""A URL that is no upstream's, as the server behind it: whom Banyan's own parts ask for keys, tokens and callers."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from proxy.core.routing.route import Resolve, Timeouts, Upstream


class AskedServer(NamedTuple):
    """As an upstream, and what is asked of it: path and query."""

    upstream: Upstream
    path: str


def server_of(name: str, url: str, seconds: float, *, system: bool) -> AskedServer:
    """`seconds` for a connection, and for its answer; `system`: its name is asked of the system, as that part does."""
    found = urlsplit(url)
    upstream = Upstream(
        name=name,
        scheme=found.scheme,
        host=found.hostname or "",
        port=found.port or (443 if found.scheme == "https" else 80),
        timeouts=Timeouts(connect=seconds, response=seconds),
        resolve=Resolve(system=system),
    )
    return AskedServer(upstream, (found.path or "/") + (f"?{found.query}" if found.query else ""))
