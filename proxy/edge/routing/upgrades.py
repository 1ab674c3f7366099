"""`upgrades: [websocket]`: whether a request may leave HTTP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import BoundRoute

_VERSION_13 = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13")
"""What a 426 has to say (RFC 9110 sections 15.5.22 and 7.8, RFC 6455 section 4.4)."""
_WEBSOCKET_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")


def check_upgrade(head: RequestHead, bound: BoundRoute) -> LocalAnswer | None:
    """RFC 6455 section 4.2.1; with any other protocol the request is served without it (RFC 9110 section 7.8)."""
    if head.upgrade != b"websocket" or head.minor == 0:
        return None
    if not bound.route.websocket:
        detail = f"route {bound.route.name} does not allow this upgrade; it lacks the line `upgrades: [websocket]`"
        return LocalAnswer(403, detail, close=True)
    if head.method != b"GET" or head.length:
        return LocalAnswer(400, "a WebSocket begins with GET and no body", close=True)
    if head.first(b"sec-websocket-version") != b"13":
        return LocalAnswer(426, "WebSocket version 13 is the one spoken", lines=_VERSION_13, close=True)
    if not _WEBSOCKET_KEY.fullmatch(head.first(b"sec-websocket-key") or b""):
        return LocalAnswer(400, "Sec-WebSocket-Key is not 16 bytes in base64", close=True)
    return None
