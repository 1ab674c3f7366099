"""Who may ask the admin port for what.

Rule 1: what changes state needs the token, always; without a token nothing can be changed. It is the one in the
        environment; on loopback, where none is there, the one that stands in the state directory.
Rule 2: beyond loopback everything needs it, but for the health paths, which say nothing, and public keys.
Rule 3: on loopback the `Host` must be a local name: a page in an operator's browser whose name was rebound to 127.0.0.1
        still sends its own.
"""

from __future__ import annotations

import hmac
import socket
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Middleware

from proxy.control.admin.http.responses import Handler, problem
from proxy.core.http.authority import normal_host

TOKEN_VARIABLE = "BANYAN_ADMIN_TOKEN"  # noqa: S105 the name of the variable
KEY_SET_PATH = "/.well-known/jwks.json"
OPEN_PATHS = frozenset({"/-/healthy", "/-/ready", KEY_SET_PATH})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAuth:
    """`token` empty: there is none. `file` is where it stands; empty when it is the environment's.

    `own_host` is the admin address as routes.yaml writes it.
    """

    loopback: bool
    token: str = field(repr=False)
    own_host: str
    file: str = ""

    def knows(self, hosts: list[str]) -> bool:
        """Whether every `Host` sent is a name of this machine; HTTP/1.0 may send none."""
        return all(self._is_local(normal_host(host.encode("utf-8", "surrogateescape"))) for host in hosts)

    def _is_local(self, host: str | None) -> bool:
        return host is not None and (host in {"localhost", self.own_host.lower()} or is_loopback(host.strip("[]")))

    def asks_token(self, request: web.Request) -> bool:
        """Whether this request needs the token."""
        if request.method not in _READING:
            return True
        return not self.loopback and request.path not in OPEN_PATHS

    def accepts(self, authorization: str) -> bool:
        """Whether the `Authorization` field holds the token (RFC 6750 section 2.1), compared in constant time."""
        scheme, _, sent = authorization.partition(" ")
        same = hmac.compare_digest(_bytes(sent.strip()), _bytes(self.token))
        return bool(self.token) and scheme.lower() == "bearer" and same


def gate_for(listening: socket.socket, own_host: str, token: str) -> AdminAuth:
    """The gate of a bound admin socket; what the socket is bound to counts, not what the file calls it."""
    return AdminAuth(loopback=is_loopback(str(listening.getsockname()[0])), token=token.strip(), own_host=own_host)


def is_loopback(address: str) -> bool:
    """Whether it is an address of this machine's loopback; False for names."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def guarded_by(gate: AdminAuth) -> Middleware:
    """The middleware that lets requests pass the gate."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if gate.loopback and not gate.knows(request.headers.getall("Host", [])):
            detail = "the Host of this request is no name of this machine; ask for localhost or the loopback address"
            return problem(HTTPStatus.FORBIDDEN, detail)
        if gate.asks_token(request) and not gate.accepts(request.headers.get("Authorization", "")):
            return problem(HTTPStatus.UNAUTHORIZED, _what_to_do(gate), {"WWW-Authenticate": 'Bearer realm="banyan"'})
        return await handler(request)

    return guard


def _what_to_do(gate: AdminAuth) -> str:
    if gate.token and gate.file:
        return f"send what stands in {gate.file} as a bearer token"
    if gate.token:
        return f"send the value of {TOKEN_VARIABLE} as a bearer token"
    return f"this needs a token and none is set: start Banyan with {TOKEN_VARIABLE}, then send it as a bearer token"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
