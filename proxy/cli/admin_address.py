"""Where the admin port is called, from where it is bound."""

from __future__ import annotations

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what a server binds, a client cannot call


def url_of(address: tuple[str, int]) -> str:
    """`http://127.0.0.1:9090`; every address is called on loopback."""
    host, port = _ANYWHERE.get(address[0], address[0]), address[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
