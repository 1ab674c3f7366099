"""From a request head to its route, and what is answered where there is none."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from proxy.core.http.via import line_of, why_refused
from proxy.core.limits.bounds_met import Shed
from proxy.core.routing.table import Miss
from proxy.edge.routing.admission_steps import Admission
from proxy.edge.routing.decision import ALL_METHODS, decide
from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead, RequestRefusal
    from proxy.core.limits.request_head_bounds import HeadBounds
    from proxy.edge.routing.request import Request

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


def admit(request: Request) -> LocalAnswer | Admission | None:
    """Find the route and who answers; None: the request has both. `Admission`: the route's steps are to be taken."""
    missed = find_route(request)
    if missed is not None:
        return missed
    if request.bound.admission:
        return Admission(request)
    return decide(request)


def find_route(request: Request) -> LocalAnswer | None:
    """The first half of it."""
    live, head = request.live, request.head
    if live.claims is not None:
        head.claims = live.claims(request)
    found = live.table.match(head)
    if isinstance(found, Miss):
        forgiven = live.forgiving.by_raw_path(head, found) if live.forgiving is not None else None
        if forgiven is None:
            return _missed(head, found)
        found = forgiven
    request.bound = live.bound[found.index]
    request.is_matched = True
    return None


def loops(request: Request) -> LocalAnswer | None:
    """A request that came through a Banyan before goes on with its mark, or is told why it goes no further."""
    bound, head = request.bound, request.head
    if why := why_refused(bound.entry, head.passed, bound.route.name):
        return LocalAnswer(508, why)
    head.bear(line_of(bound.entry, head.passed))
    return None


def refused(refusal: RequestRefusal) -> LocalAnswer:
    """What cannot be read, or is never passed on, whatever the routes say."""
    lines = (ALL_METHODS,) if refusal.status == 405 else ()
    return LocalAnswer(refusal.status, refusal.detail, close=True, lines=lines, shed=refusal.shed)


def foreign(data: bytes) -> LocalAnswer | None:
    """The answer to another protocol, by its name; None: it is none."""
    named = (sentence for first, sentence in _FOREIGN if data.startswith(first))
    sentence = next(named, "")
    return LocalAnswer(400, sentence) if sentence else None


def too_long(data: bytes, bounds: HeadBounds) -> LocalAnswer:
    """A head that is not whole and longer than any may be."""
    if data.find(b"\r\n", 0, bounds.line) < 0:
        return LocalAnswer(414, "the request line is too long", shed=Shed.REQUEST_LINE)
    return LocalAnswer(431, "the request head is too long", shed=Shed.HEAD)


def no_room(reason: Shed) -> LocalAnswer:
    """For a client, or a request, for which there is none."""
    detail = "short of memory" if reason is Shed.MEMORY else "too many connections"
    return LocalAnswer(503, detail, lines=(b"Retry-After: 1",), close=True, shed=reason)


def too_many(where: str, wait: float, reason: Shed) -> LocalAnswer:
    """The answer to one request more than a rate lets pass, which may be asked again after `wait` seconds."""
    again = b"Retry-After: %d" % max(1, ceil(wait))
    return LocalAnswer(429, f"too many requests {where}; ask again later", lines=(again,), shed=reason)


def _missed(head: RequestHead, miss: Miss) -> LocalAnswer:
    if head.path == b"*":
        return LocalAnswer(204, "", body=b"", lines=(ALL_METHODS,))
    if miss.ambiguous:
        return LocalAnswer(
            400, "the path can be read in more than one way, and the readings belong to different routes", close=True
        )
    if miss.methods:
        allow = b"Allow: " + b", ".join(sorted(miss.methods))
        return LocalAnswer(405, "no route takes this method here", lines=(allow,))
    return LocalAnswer(404, "no route takes this path")
