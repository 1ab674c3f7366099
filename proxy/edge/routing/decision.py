"""From a matched request to who answers it: the decision, and the order in which it may be refused beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.outcome import Side
from proxy.core.routing.decide import Decision, decide_by_draw
from proxy.core.routing.split_exceptions import decide_pinned
from proxy.edge.routing.body_limit import check_body
from proxy.edge.routing.respond import respond
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.routing.upgrades import check_upgrade

if TYPE_CHECKING:
    from proxy.edge.routing.request import Request

_LEGACY: Final = Side.LEGACY
_NEW: Final = Side.NEW
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
        return respond(bound, decision)
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
    answer = check_body(head, bound)
    if answer is None and head.upgrade and b"upgrade" in head.connection:
        answer = check_upgrade(head, bound)
        request.wants_upgrade = answer is None and head.upgrade == b"websocket" and head.minor == 1
    return answer


def _last_hop(request: Request) -> LocalAnswer:
    """RFC 9110 section 7.6.2: `Max-Forwards: 0` is answered by whoever has it."""
    any_method = request.bound.route.methods is None
    methods = () if any_method else sorted(request.live.table.methods(request.head))
    allow = b"Allow: " + b", ".join(methods) if methods else ALL_METHODS
    return LocalAnswer(204, "", body=b"", lines=(allow,))
