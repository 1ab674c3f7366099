"""One request with all that was answered to it: the client's own answer, the shadow's, and perhaps legacy's second.

Rule 1: nothing here runs before the client's own bytes are on their way.
Rule 2: where the client's answer depends on validators or a range of its own, the side that answered it is asked once
        more without them, and that is what is compared: a 304 has no body to compare with.
Rule 3: the shadow and the second question to legacy are sent together, in random order: neither has the later state.
Rule 4: when the last answer is in, the pair is offered once; there is no second try.
Rule 5: a pair says whether a write overlapped it: the answers may then be about two states (`proxy.edge.writes`).
"""

from __future__ import annotations

from random import random
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from proxy.core.chunked import ChunkedDecoder
from proxy.core.outcome import Blame, Side
from proxy.core.parity.captured import CapturedAnswer, CapturedRequest, Pair
from proxy.core.request import CHUNKED
from proxy.core.shadow import Shadowed
from proxy.core.split import hash_of
from proxy.edge.asked import Asked
from proxy.edge.kept import SHED, STREAMING, Kept, fields_of, why_not_whole
from proxy.edge.shadow_bytes import shadow_head
from proxy.edge.who import cohort_key
from proxy.edge.writes import place_of
from proxy.pairs import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.outcome import Failure
    from proxy.core.response import ResponseHead
    from proxy.core.shadow import ShadowPolicy
    from proxy.edge.kept import Room
    from proxy.edge.live import Leg
    from proxy.edge.shadow import ShadowLeg
    from proxy.edge.writes import Writes

FIXED = 4096
"""Bytes that a capture is taken to hold beside bodies."""
_MOST_OF_A_VERSION = 100
_SERVER_ERROR = 500


class Keeper(Protocol):
    """The shadows of the worker, as one capture sees them."""

    room: Room
    """What all captures hold together."""
    writes: Writes
    """What is being written."""
    soon: Callable[[Callable[[], None]], None]
    """Runs work from a fresh stack."""

    def leg(self, capture: Capture, leg: Leg, policy: ShadowPolicy) -> ShadowLeg | None:
        """Another leg for this request; None when the upstream has as many as it may."""

    def release(self, leg: ShadowLeg) -> None:
        """It is over."""

    def asks_twice(self, route: str, policy: ShadowPolicy) -> bool:
        """Whether this request asks the side that answers it once more."""

    def heard(self, shadow: ShadowLeg) -> None:
        """A dry run was answered."""

    def in_vain(self, capture: Capture, size: int) -> None:
        """So many bytes were read of an answer that is too large to be compared."""

    def offer(self, frame: bytes) -> bool:
        """Hand a pair over; False: it is lost."""

    def ended(self, capture: Capture, outcome: Shadowed) -> None:
        """A capture has come to its end."""


class Capture:
    """What one request needs to be compared. `live` keeps what the client gets; `side` is the shadow's."""

    started = False
    failure: Failure | None = None
    fell_back = False
    status = 0
    _live_ended = False
    _told = False
    _shadow: ShadowLeg | None = None
    _second: ShadowLeg | None = None
    _plain: ShadowLeg | None = None
    _forwarded = b""
    _public: tuple[bytes, bytes] | None = None
    _request_size = 0

    def __init__(self, shadows: Keeper, asked: Asked) -> None:
        """Nothing is sent before the request is whole."""
        self.live = Kept(shadows.room, asked.policy.max_body)
        self.policy = asked.policy
        self.table = asked.table
        self.bound = asked.bound
        self.side = asked.side
        self.head = asked.head
        self._shadows = shadows
        self._leg = asked.leg
        self._ids = asked.ids
        self._peer = asked.peer
        self._copied = asked.copied
        self._dry_run = asked.dry_run
        self._body: list[bytes] = []
        self._since = monotonic()

    # -- what the exchange does ---------------------------------------------------------------------------------------

    def begin(self, head: ResponseHead, payload: bytes) -> None:
        """The client's answer begins."""
        self.live.begin(head, payload)
        if self.live.failure == STREAMING:
            self._shadows.soon(self._stop)

    def take(self, payload: bytes) -> None:
        """More of the request's body, coded as it is sent on."""
        if payload and not self._live_ended:
            self._request_size += len(payload)
            if self._request_size <= self.policy.max_body and self._shadows.room.take(len(payload)):
                self._body.append(payload)
            else:
                self._request_size = self.policy.max_body + 1

    def request_is_whole(self, forwarded: bytes, public: tuple[bytes, bytes] | None) -> None:
        """Everything can be sent; what is said of the client comes as for the live leg."""
        self.started = True
        self._forwarded = forwarded
        self._public = public
        self._shadows.soon(self._launch)

    def live_ended(self, failure: Failure | None, seconds: float, *, fell_back: bool) -> None:
        """The client has its answer, or none."""
        kept = self.live
        kept.seconds = seconds
        if failure is not None:
            kept.fail("client_gone" if failure.blame is Blame.CLIENT else why_not_whole(failure))
        elif fell_back:
            kept.fail("fell_back")
        self._live_ended = True
        self._shadows.soon(self._tell)

    # -- the other answers --------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        """From a fresh stack, after the live request was written; an answer that streams may have ended it before."""
        legs = [] if self._told else self._legs()
        if self._shadow is None:
            return
        if random() < 0.5:  # noqa: S311 -- chance, not secrecy
            legs.reverse()
        body = b"".join(self._body)
        for each in legs:
            marker = self._dry_run and each is self._shadow
            data = shadow_head(self.head, self._ids, self._forwarded, each.leg, self._copied.lines, dry_run=marker)
            each.start(data + body, self.policy.timeout, is_head=self.head.method == b"HEAD")

    def _legs(self) -> list[ShadowLeg]:
        """The shadow, and who else is asked; none when there is no room."""
        shadows, policy = self._shadows, self.policy
        if self._request_size > policy.max_body:
            return []
        other = self.bound.new if self.side is Side.NEW else self.bound.legacy
        shadow = None if other is None else shadows.leg(self, other, policy)
        if shadow is None:
            return []
        self._shadow = shadow
        if self._copied.conditional:
            self._plain = shadows.leg(self, self._leg, policy)
            if self._plain is None:
                shadows.release(shadow)
                self._shadow = None
                return []
            return [shadow, self._plain]
        legacy = self.bound.legacy
        if legacy is not None and not self._dry_run and shadows.asks_twice(self.bound.route.name, policy):
            self._second = shadows.leg(self, legacy, policy)
        return [shadow] if self._second is None else [shadow, self._second]

    def ended(self, leg: ShadowLeg) -> None:
        """One of them is over."""
        self._shadows.release(leg)
        if leg.kept.is_truncated:
            self._shadows.in_vain(self, leg.kept.size)
        self._shadows.soon(self._tell)

    def _stop(self) -> None:
        """The client's answer may go on for ever; nothing more will come of this."""
        for leg in (self._shadow, self._second, self._plain):
            if leg is not None:
                leg.cut(STREAMING)
        self._live_ended = True
        self._tell()

    @property
    def legacy_failed(self) -> bool | None:
        """Whether legacy, as the shadow, has failed to answer; None: it was not asked, or nobody waited for it."""
        shadow = self._shadow
        if self.side is not Side.LEGACY or shadow is None or shadow.kept.failure in {SHED, STREAMING}:
            return None
        return bool(shadow.kept.failure) or shadow.kept.status >= _SERVER_ERROR

    # -- the end ------------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Rule 4."""
        if self._told or not self._live_ended:
            return
        if any(leg is not None and not leg.is_over for leg in (self._shadow, self._second, self._plain)):
            return
        self._told = True
        outcome = self._offer()
        self._shadows.ended(self, outcome)
        self._free()

    def _offer(self) -> Shadowed:
        shadow = self._shadow
        if shadow is None:
            fits = self._request_size <= self.policy.max_body
            return self._offer_shed() if self.started and fits else Shadowed.SKIPPED
        if self._dry_run and not shadow.kept.failure:
            self._shadows.heard(shadow)
        if not self._shadows.offer(encode(self._pair(self._answer(shadow)))):
            return Shadowed.SHED
        match shadow.kept.failure:
            case "" | "streaming":
                return Shadowed.SENT
            case "shed":
                return Shadowed.SHED
            case _:
                return Shadowed.FAILED

    def _offer_shed(self) -> Shadowed:
        """There was no room for it: no agreement, and to be known as such."""
        self.live.free()
        nothing = CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=0.0, failure=SHED)
        self._shadows.offer(encode(self._pair(nothing)))
        return Shadowed.SHED

    def _pair(self, other: CapturedAnswer) -> Pair:
        head = self.head
        own = self.live.answer(self._leg.authority, self._public if self._leg.rewrites else None)
        if self._plain is not None:
            own = self._answer(self._plain)
        cohort = cohort_key(head, self._peer, self.table.snapshot, self.bound)
        served_legacy = self._leg.side is Side.LEGACY
        legacy, new = (own, other) if served_legacy else (other, own)
        return Pair(
            route=self.bound.route.name,
            request=CapturedRequest(
                method=head.method, target=head.target, fields=fields_of(self._asked_with()), body=self._request_body()
            ),
            legacy=legacy,
            new=new,
            second=None if self._second is None else self._answer(self._second),
            cohort=hash_of(self.bound.salt, cohort),
            at=time(),
            request_id=self._ids.request_id.decode("latin-1"),
            authoritative=self._leg.side,
            legacy_version=self._version(legacy),
            new_version=self._version(new),
            raced=not self._dry_run and self._shadows.writes.overlapped(place_of(head.path, cohort), self._since),
        )

    def _asked_with(self) -> list[bytes]:
        """What both sides were asked with: the client's own lines, unless both answers are to the copy."""
        return self._copied.lines if self._plain is not None else self.head.lines

    def _answer(self, each: ShadowLeg) -> CapturedAnswer:
        return each.kept.answer(each.leg.authority, self._public if each.leg.rewrites else None)

    def _request_body(self) -> bytes:
        coded = b"".join(self._body)
        if self.head.length != CHUNKED or not coded:
            return coded
        return ChunkedDecoder().feed(coded)

    def _version(self, answer: CapturedAnswer) -> str:
        wanted = self.policy.version_header
        for name, value in answer.fields if wanted else ():
            if name.lower() == wanted:
                return value[:_MOST_OF_A_VERSION].decode("latin-1")
        return ""

    def _free(self) -> None:
        """Legs know their capture: it lets go of them, or only the collector would ever find them all."""
        room = self._shadows.room
        self.live.free()
        for leg in (self._shadow, self._second, self._plain):
            if leg is not None:
                leg.kept.free()
        self._shadow = self._second = self._plain = None
        room.give_back(FIXED + sum(len(each) for each in self._body))
        self._body = []
