"""Banyan's own answers to clients: their bytes, their count, their canonical line."""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING

from proxy.core.http.request import RequestHead
from proxy.edge.account.canonical_line import line_of_answer
from proxy.edge.account.own_answer import OwnAnswerRecord
from proxy.edge.exchange.rescue import answer_bytes, problem_body

if TYPE_CHECKING:
    from proxy.edge.client.connections import Services
    from proxy.edge.exchange.client import Client
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer
    from proxy.edge.tally import AnswerTally
    from proxy.edge.wire.request_bytes import Ids

NO_HEAD = RequestHead(b"", b"", b"", b"", 1)
"""Stands for the head of a request that could not be read."""


def own_answer(answer: LocalAnswer, head: RequestHead | None, ids: Ids, *, closing: bool) -> bytes:
    """The whole answer; `head` None when the request could not be read."""
    body = answer.body if answer.body is not None else problem_body(answer.status, answer.detail, ids.request_id)
    lines = [*answer.lines, b"X-Request-Id: " + ids.request_id]
    return with_connection(answer.status, answer.content_type, body, head, lines, closing=closing)


def with_connection(
    status: int, content_type: bytes, body: bytes, head: RequestHead | None, lines: list[bytes], *, closing: bool
) -> bytes:
    """The bytes of an answer, with the `Connection` field that the client needs to see."""
    if closing:
        lines.append(b"Connection: close")
    elif head is not None and not head.minor:
        lines.append(b"Connection: keep-alive")
    bodyless = head is not None and head.method == b"HEAD"
    return answer_bytes(status, lines, content_type, body, bodyless=bodyless)


def account(services: Services, client: Client, answer: LocalAnswer, ids: Ids, request: Request | None) -> None:
    """Count the answer and write its line, behind those of the requests that ended before it.

    `request` None: its head could not be read.
    """
    ended = monotonic()
    seconds = ended - client.started
    live = services.live
    bound = request.bound if request is not None and request.is_matched else None
    tally: AnswerTally = bound.own if bound else live.unmatched if request is not None else live.refused
    tally.count(answer.status, seconds)
    if answer.shed is not None:
        services.counters.shed(answer.shed)
    if answer.counted:
        services.counters.step_answered(tally.route, answer.counted)
    finished = services.finished
    finished.fold()
    if request is not None and bound is not None and request.principal is not None:
        finished.callers.count(tally.route, request.principal, answer.status)
    head, notes = (NO_HEAD, ()) if request is None else (request.head, request.notes)
    who = None if request is None else request.principal
    own = OwnAnswerRecord(answer, bound, head, ids, live, seconds, ended, client.peer, client.address, notes, who)
    if request is not None:
        for tap in request.taps:
            tap.unsent()
        if (bound is None or bound.route.is_remembered) and finished.recent.count():
            finished.recent.keep(own)
    log = services.access_log
    if log.wants(answer.status) or not answer.reason:
        log.write(line_of_answer(log.stamp(time()), own, tally.route))
