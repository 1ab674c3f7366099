"""What sees a request and its answer pass: any number of taps that watch, at most one that replaces the answer.

Rule 1: `Request.taps` is empty for most requests, which pay one truth test at each place.
Rule 2: a tap hears, in this order: `opened`, `request` with each part of the body, `whole`, `respond`, `relay` with
        each further part, `ended`. All but `opened` and `ended` may be missing; `ended` comes once, whatever happened.
        `again` comes before each further attempt.
        Where the request is never passed on, `unsent` comes instead of them all: once, too.
Rule 3: what replaces the answer does so before it is framed for the client and before the other taps see it. Its head
        says how long the new body is, or that nobody knows; nobody may change the head that came.
Rule 4: whoever inherits from `Tap` is compiled as well (`hatch_build.py`): of a compiled class no interpreted one can.
Rule 5: an answer in whose place the other side is asked is seen by no tap. A tunnel is seen by none after its request.
Rule 6: `lacks` is asked before the first attempt takes a connection, and `sending` just before the head of each is
        sent: it may put another in its place. Who says no gives the failure that it is.
Rule 7: one that `holds` the answer has it whole before the client gets any of it. It says in `settle` when it may go
        on; `respond` and `relay` come then. What is longer goes on as it comes, unless it is `outgrown`. One tap of a
        request holds at most; whether it does may depend on the head (`see`).
Rule 8: what `changes_last` is asked behind all that watch: it is seen by the client, and by no tap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proxy.core.outcome import Failure, Refused
from proxy.edge.upstream.dial import refusal

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.http.response import ResponseHead
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.step import LocalAnswer, Wait


class TappedClient(Protocol):
    """The client's connection, as a tap sees it."""

    scheme: bytes
    trusted: bool

    def forwarded(self, head: RequestHead) -> bytes:
        """The forwarding fields for the upstream, each with CRLF."""


class Tap:
    """Hears of everything and does nothing; a subclass takes what it needs."""

    replaces = False
    """Whether `replace` and `replace_more` are to be asked."""
    changes_last = False
    """Whether `last` is to be asked."""
    holds = 0
    """The longest body, in bytes, of an answer that it holds; 0: it holds none."""

    def unsent(self) -> None:
        """A later step, or what stands behind the steps, has answered it, or its client left before."""

    def opened(self) -> None:
        """The request is about to be sent."""

    def request(self, payload: bytes) -> None:
        """More of the request's body, coded as it is sent on."""

    def whole(self, client: TappedClient) -> None:
        """The request has come whole and was passed on."""

    def again(self) -> None:
        """It is about to be sent once more: what it was sent to first may have done it."""

    def lacks(self, leg: Leg) -> Failure | None:
        """Why this side is not asked, where it is not; the other may be then."""
        del leg
        return None

    def sending(self, data: bytes, leg: Leg) -> bytes | Failure:
        """The head to send to this side in place of `data`; or why nothing is sent."""
        del leg
        return data

    def sends(self, payload: bytes, leg: Leg) -> bytes:
        """The body for this side in place of what came of it by then; asked behind `sending`."""
        del leg
        return payload

    def interim(self, head: ResponseHead) -> ResponseHead | None:
        """A 1xx that is to go to the client, for one that `replaces`: what goes in its place; None: nothing."""
        return head

    def see(self, head: ResponseHead) -> LocalAnswer | None:
        """The final head, before anything is held: None, it may go on; or this answer in its place."""
        del head
        return None

    def outgrown(self) -> LocalAnswer | None:
        """The answer that it holds is longer: None, it goes on as it comes; or this one in its place."""
        return None

    def replace(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        """What the client gets in place of the final head and of what came along; `done`: that is all."""
        del done
        return head, payload

    def replace_more(self, payload: bytes, *, done: bool) -> bytes:
        """The same for what comes later."""
        del done
        return payload

    def last(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        """What the client gets in place of what all others have seen; `done`: that is all (rule 8).

        Without `done` the length may not change: what comes later goes on as it comes.
        """
        del done
        return head, payload

    def settle(self, head: ResponseHead, body: bytes) -> LocalAnswer | Wait | None:
        """The answer that it holds is whole: None, it may go on; or once the word has come; or this one instead."""
        del head, body
        return None

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """The final head, and what came along."""

    def relay(self, payload: bytes) -> None:
        """More of the answer's body."""

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """The client has its answer, or none (`failure`); both times are monotonic."""


def what_lacks(taps: tuple[Tap, ...], leg: Leg) -> Failure | None:
    """Rule 6: the first reason not to ask this side."""
    for tap in taps:
        if (failure := tap.lacks(leg)) is not None:
            return failure
    return None


def sent_as(taps: tuple[Tap, ...], data: bytes, leg: Leg) -> bytes | Failure:
    """The head as they want it sent to this side, or the first reason why nothing is."""
    for tap in taps:
        said = tap.sending(data, leg)
        if isinstance(said, Failure):
            return said
        data = said
    return data


def interim_as(taps: tuple[Tap, ...], head: ResponseHead) -> ResponseHead | None:
    """What goes to the client in place of an answer before the final one; None: nothing."""
    return taps[0].interim(head) if taps and taps[0].replaces else head


def no_token(leg: Leg) -> Failure:
    """There is no token to call the upstream with: nothing was sent, and the other side may be asked."""
    return refusal(Refused.NO_TOKEN, f"there is no token to ask {leg.pool.upstream.name} with", retry_after=2)
