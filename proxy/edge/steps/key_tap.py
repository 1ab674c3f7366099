"""What watches a request with an idempotency key, and tells the clerk what became of it.

Rule 1: whatever had a connection counts as sent, also where an idle one seems to have been closed before: a side that
        was killed at its work looks the same.
Rule 2: nothing is sent whose lock may have run out (`held_keys.py`); this is looked at when its connection stands.
Rule 3: an answer is kept as the client got it, up to a bound; what frames it is not, nor cookies, which are given once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.http.rewrite import rewrite_lines
from proxy.core.idempotency.claims import MOST_KEPT, Settlement, settlement_of
from proxy.core.outcome import Phase, Refused, Side
from proxy.edge.routing.tap import Tap
from proxy.edge.upstream.dial import refusal
from proxy.edge.wire.request_bytes import public_name
from proxy.link.idempotency_questions import KeptAnswer, KeySettled

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.core.outcome import Failure
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.tap import TappedClient
    from proxy.edge.steps.held_keys import HeldKeys
    from proxy.edge.steps.step_kind import Clerk

_LEFT_OUT: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"trailer", b"date", b"set-cookie", b"x-request-id", b"connection"}
)


class KeyTap(Tap):
    """Of one request; `key` is its record and owner."""

    def __init__(self, request: Request, key: tuple[bytes, bytes], clerk: Clerk, held: HeldKeys, since: float) -> None:
        """Its key is held, since it was asked for at `since`."""
        self.key = key
        self._request = request
        self._clerk = clerk
        self._held = held
        self._head: ResponseHead | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._is_kept = True
        self._public: tuple[bytes, bytes] | None = None
        held.add(key, since)

    def unsent(self) -> None:
        """The key is free."""
        self._settle(Settlement.UNSENT, 0)

    def sending(self, data: bytes, leg: Leg) -> bytes | Failure:
        """Rule 2."""
        del leg
        if self._held.may_send(self.key):
            return data
        return refusal(Refused.WRITE_OUTDATED, "the request has waited too long to be sent")

    def whole(self, client: TappedClient) -> None:
        """The client's name for what it asked, in which an answer speaks of places."""
        self._public = public_name(self._request.head, client.scheme, trusted=client.trusted)

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """An answer begins."""
        self._head = head
        self.relay(payload)

    def relay(self, payload: bytes) -> None:
        """More of it; what is too long is not kept."""
        if not self._is_kept:
            return
        size = self._size + len(payload)
        if size <= MOST_KEPT and self._held.answers.take(len(payload)):
            self._size = size
            self._body.append(payload)
        else:
            self._is_kept = False
            self._let_go()

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """It is over."""
        del began, ended
        head = self._head
        status = 0 if head is None else head.status
        whole = failure is None and self._is_kept
        sent = failure is None or not (failure.refused or failure.phase is Phase.CONNECT)
        settlement = settlement_of(status, whole=whole, sent=sent)
        answer = self._answer(head, fell_back=fell_back) if head and settlement is Settlement.ANSWERED else None
        self._settle(settlement, status, answer)

    def _answer(self, head: ResponseHead, *, fell_back: bool) -> KeptAnswer:
        lines = list(head.lines)
        leg = self._leg(fell_back=fell_back)
        if leg is not None and leg.rewrites and head.rewritable and self._public is not None:
            lines = rewrite_lines(lines, leg.authority, *self._public)
        kept = [line for line in lines if line.partition(b":")[0].lower() not in _LEFT_OUT]
        return KeptAnswer(head.status, kept, b"".join(self._body))

    def _leg(self, *, fell_back: bool) -> Leg | None:
        """Whose answer it is."""
        request = self._request
        if not fell_back:
            return request.leg
        return request.bound.new if request.leg.side is Side.LEGACY else request.bound.legacy

    def _settle(self, settlement: Settlement, status: int, answer: KeptAnswer | None = None) -> None:
        self._held.discard(self.key)
        self._let_go()
        self._clerk.tell(KeySettled(*self.key, settlement, status, answer))

    def _let_go(self) -> None:
        self._held.answers.give_back(self._size)
        self._size = 0
        self._body.clear()
