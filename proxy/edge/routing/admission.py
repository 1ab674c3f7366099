"""From a request head to who answers it, or to Banyan's own answer: every check between the parser and the decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from proxy.core.http.via import line_of, why_refused
from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, decide_by_draw
from proxy.core.routing.split_exceptions import decide_pinned
from proxy.core.routing.table import Miss

if TYPE_CHECKING:
    from proxy.core.http.request import HeadBounds, RequestHead, RequestRefusal
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live

_LEGACY: Final = Side.LEGACY
_NEW: Final = Side.NEW
_PROBLEM = b"application/problem+json"
_VERSION_13 = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13")
"""What a 426 has to say (RFC 9110 sections 15.5.22 and 7.8, RFC 6455 section 4.4)."""
_WEBSOCKET_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_NO_PROXY_PROTOCOL = (
    "the PROXY protocol is not spoken here: let the balancer send X-Forwarded-For, and name it in trusted_proxies"
)
_FOREIGN = (
    (b"\x16\x03", "a TLS handshake came to a port that speaks plain HTTP: ask with http://, or write a tls block"),
    (b"PROXY TCP", _NO_PROXY_PROTOCOL),
    (b"PROXY UNKNOWN", _NO_PROXY_PROTOCOL),
    (b"\x00\r\nQUIT\n", _NO_PROXY_PROTOCOL),
)
"""How what comes to a port for HTTP by mistake begins (RFC 8446 section 5.1; HAProxy's PROXY, less its CRLFs)."""
_ALL_METHODS = b"Allow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"


@dataclass(slots=True)
class Answer:
    """What Banyan says itself; `body` None makes a problem document of `detail`. `close` ends the connection."""

    status: int
    detail: str
    bound: BoundRoute | None = None
    body: bytes | None = None
    content_type: bytes = _PROBLEM
    lines: tuple[bytes, ...] = ()
    close: bool = False
    reason: str = ""
    shed: Shed | None = None


Admitted = tuple["BoundRoute", "Leg", Decision, bool]
"""Who answers: route, leg and decision, and whether a tunnel is wanted; a bare tuple, since one is made per request."""


def admit(live: Live, head: RequestHead, client_ip: bytes) -> Admitted | Answer:
    """The checks in order: route, decision, expectation, size, upgrade."""
    found = live.table.match(head)
    if isinstance(found, Miss):
        forgiven = live.forgiving.by_raw_path(head, found) if live.forgiving is not None else None
        if forgiven is None:
            return _missed(head, found)
        found = forgiven
    bound = live.bound[found.index]
    decision = bound.decision
    if decision is None:
        exceptions = bound.exceptions
        if exceptions is None:
            decision = decide_by_draw(bound.route, bound.salt, head, client_ip)
        elif exceptions.recalls and live.ties is not None:
            decision = live.ties.decide(bound, head, client_ip, exceptions)
        else:
            decision = decide_pinned(bound.route, bound.salt, head, client_ip, exceptions)
        if decision.serve is _NEW and decision.draw is not None:
            bound.lately.add(decision.draw)
    side = decision.serve
    leg = bound.legacy if side is _LEGACY else bound.new if side is not None else None
    if leg is None:
        return _own_answer(bound, decision)
    upgrade = False
    if not head.plain and (head.expect or head.length > 0 or head.connection or not head.hops):
        extras = _check_extras(live, head, bound)
        if isinstance(extras, Answer):
            return extras
        upgrade = extras
    return bound, leg, decision, upgrade


def unless_it_loops(admitted: Admitted | Answer, head: RequestHead) -> Admitted | Answer:
    """A request that came through a Banyan before: what was admitted, with its mark, or why it goes no further."""
    if isinstance(admitted, Answer):
        return admitted
    bound = admitted[0]
    if why := why_refused(bound.entry, head.passed, bound.route.name):
        return Answer(508, why, bound)
    head.bear(line_of(bound.entry, head.passed))
    return admitted


def _check_extras(live: Live, head: RequestHead, bound: BoundRoute) -> Answer | bool:
    """What few requests have: the answer where it cannot be, or whether a tunnel is wanted."""
    if not head.hops:
        return _last_hop(live, head, bound)
    answer = _check_body(head, bound)
    if answer is None and head.upgrade and b"upgrade" in head.connection:
        answer = _check_upgrade(head, bound)
        return answer or (head.upgrade == b"websocket" and head.minor == 1)
    return answer or False


def refused(refusal: RequestRefusal) -> Answer:
    """What cannot be read, or is never passed on, whatever the routes say."""
    lines = (_ALL_METHODS,) if refusal.status == 405 else ()
    return Answer(refusal.status, refusal.detail, close=True, lines=lines, shed=refusal.shed)


def foreign(data: bytes) -> Answer | None:
    """The answer to another protocol, by its name; None: it is none."""
    named = (sentence for first, sentence in _FOREIGN if data.startswith(first))
    sentence = next(named, "")
    return Answer(400, sentence) if sentence else None


def too_long(data: bytes, bounds: HeadBounds) -> Answer:
    """A head that is not whole and longer than any may be."""
    if data.find(b"\r\n", 0, bounds.line) < 0:
        return Answer(414, "the request line is too long", shed=Shed.REQUEST_LINE)
    return Answer(431, "the request head is too long", shed=Shed.HEAD)


def no_room(reason: Shed) -> Answer:
    """For a client, or a request, for which there is none."""
    detail = "short of memory" if reason is Shed.MEMORY else "too many connections"
    return Answer(503, detail, lines=(b"Retry-After: 1",), close=True, shed=reason)


def _missed(head: RequestHead, miss: Miss) -> Answer:
    if head.path == b"*":
        return Answer(204, "", body=b"", lines=(_ALL_METHODS,))
    if miss.ambiguous:
        return Answer(
            400, "the path can be read in more than one way, and the readings belong to different routes", close=True
        )
    if miss.methods:
        allow = b"Allow: " + b", ".join(sorted(miss.methods))
        return Answer(405, "no route takes this method here", lines=(allow,))
    return Answer(404, "no route takes this path")


def _own_answer(bound: BoundRoute, decision: Decision) -> Answer:
    respond = bound.route.respond
    if respond is not None:
        answer = Answer(respond.status, "", bound, reason=decision.reason.value)
        if respond.body or respond.status < 400:
            answer.body, answer.content_type = respond.body, respond.content_type.encode("latin-1")
        else:
            answer.detail = "this route is answered by the proxy itself"
        return answer
    return Answer(410, f"{bound.route.name} has been retired", bound, reason=decision.reason.value)


def _last_hop(live: Live, head: RequestHead, bound: BoundRoute) -> Answer:
    """RFC 9110 section 7.6.2: `Max-Forwards: 0` is answered by whoever has it."""
    methods = () if bound.route.methods is None else sorted(live.table.methods(head))
    allow = b"Allow: " + b", ".join(methods) if methods else _ALL_METHODS
    return Answer(204, "", bound, body=b"", lines=(allow,))


def _check_body(head: RequestHead, bound: BoundRoute) -> Answer | None:
    if head.expect and head.expect != b"100-continue":
        return Answer(417, "the only expectation known is 100-continue", bound, close=True)
    if bound.body_limit and head.length > bound.body_limit:
        detail = f"the body is larger than {bound.body_limit} bytes"
        return Answer(413, detail, bound, close=True, shed=Shed.BODY_SIZE)
    return None


def _check_upgrade(head: RequestHead, bound: BoundRoute) -> Answer | None:
    """RFC 6455 section 4.2.1; with any other protocol the request is served without it (RFC 9110 section 7.8)."""
    if head.upgrade != b"websocket" or head.minor == 0:
        return None
    if not bound.route.websocket:
        detail = f"route {bound.route.name} does not allow this upgrade; it lacks the line `upgrades: [websocket]`"
        return Answer(403, detail, bound, close=True)
    if head.method != b"GET" or head.length:
        return Answer(400, "a WebSocket begins with GET and no body", bound, close=True)
    if head.first(b"sec-websocket-version") != b"13":
        return Answer(426, "WebSocket version 13 is the one spoken", bound, lines=_VERSION_13, close=True)
    if not _WEBSOCKET_KEY.fullmatch(head.first(b"sec-websocket-key") or b""):
        return Answer(400, "Sec-WebSocket-Key is not 16 bytes in base64", bound, close=True)
    return None
