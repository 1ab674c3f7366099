"""From a matched request to who answers it: the decision, and what few requests have beside (a body, an upgrade)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, decide_by_draw
from proxy.core.routing.split_exceptions import decide_pinned
from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import BoundRoute
    from proxy.edge.routing.request import Request

_LEGACY: Final = Side.LEGACY
_NEW: Final = Side.NEW
_VERSION_13 = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13")
"""What a 426 has to say (RFC 9110 sections 15.5.22 and 7.8, RFC 6455 section 4.4)."""
_WEBSOCKET_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
ALL_METHODS = b"Allow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"


def decide(request: Request) -> LocalAnswer | None:
    """Who answers; then in order expectation, size, upgrade."""
    head, bound = request.head, request.bound
    decision = bound.decision
    if decision is None:
        decision = _decide_one(request)
    side = decision.serve
    leg = bound.legacy if side is _LEGACY else bound.new if side is not None else None
    if leg is None:
        return _own_answer(bound, decision)
    request.leg = leg
    request.decision = decision
    if not head.plain and (head.expect or head.length > 0 or head.connection or not head.hops):
        return _check_extras(request)
    return None


def _decide_one(request: Request) -> Decision:
    """For a route on which requests differ: by draw, pin, flow or drain."""
    live, head, bound, client_ip = request.live, request.head, request.bound, request.client_ip
    exceptions = bound.exceptions
    if exceptions is None:
        decision = decide_by_draw(bound.route, bound.salt, head, client_ip)
    elif exceptions.recalls and live.ties is not None:
        decision = live.ties.decide(bound, head, client_ip, exceptions)
    else:
        decision = decide_pinned(bound.route, bound.salt, head, client_ip, exceptions)
    if decision.serve is _NEW and decision.draw is not None:
        bound.lately.add(decision.draw)
    return decision


def _check_extras(request: Request) -> LocalAnswer | None:
    """What few requests have: the answer where it cannot be."""
    head, bound = request.head, request.bound
    if not head.hops:
        return _last_hop(request)
    answer = _check_body(head, bound)
    if answer is None and head.upgrade and b"upgrade" in head.connection:
        answer = _check_upgrade(head, bound)
        request.wants_upgrade = answer is None and head.upgrade == b"websocket" and head.minor == 1
    return answer


def _own_answer(bound: BoundRoute, decision: Decision) -> LocalAnswer:
    respond = bound.route.respond
    if respond is not None:
        answer = LocalAnswer(respond.status, "", reason=decision.reason.value)
        if respond.body or respond.status < 400:
            answer.body, answer.content_type = respond.body, respond.content_type.encode("latin-1")
        else:
            answer.detail = "this route is answered by the proxy itself"
        return answer
    return LocalAnswer(410, f"{bound.route.name} has been retired", reason=decision.reason.value)


def _last_hop(request: Request) -> LocalAnswer:
    """RFC 9110 section 7.6.2: `Max-Forwards: 0` is answered by whoever has it."""
    any_method = request.bound.route.methods is None
    methods = () if any_method else sorted(request.live.table.methods(request.head))
    allow = b"Allow: " + b", ".join(methods) if methods else ALL_METHODS
    return LocalAnswer(204, "", body=b"", lines=(allow,))


def _check_body(head: RequestHead, bound: BoundRoute) -> LocalAnswer | None:
    if head.expect and head.expect != b"100-continue":
        return LocalAnswer(417, "the only expectation known is 100-continue", close=True)
    if bound.body_limit and head.length > bound.body_limit:
        detail = f"the body is larger than {bound.body_limit} bytes"
        return LocalAnswer(413, detail, close=True, shed=Shed.BODY_SIZE)
    return None


def _check_upgrade(head: RequestHead, bound: BoundRoute) -> LocalAnswer | None:
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
