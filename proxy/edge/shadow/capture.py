"""One request with all that was answered to it: the client's own answer, the shadow's, and perhaps legacy's second.

Rule 1: nothing here runs before the client's own bytes are on their way.
Rule 2: where the client sent validators or a range of its own, the other side is asked after the client's answer. If
        that is a 304 or the like, it has no body to compare with: then the side that answered is asked once more
        without them, where it may be asked twice, and that is what is compared; otherwise nobody is asked.
Rule 3: legacy is asked a second time only where that may be (`core/routing/second.py`), when the client has its answer
        and both first answers are whole, never beside them. It carries what the first question to legacy carried.
Rule 4: when the last answer is in, the pair is offered once; there is no second try.
Rule 5: a pair says whether a write overlapped it: the answers may then be about two states (`overlapping_writes.py`).
Rule 6: where the route may fall back to the side that the shadow asks, the shadow waits for the client's answer: if
        that came from there, the side has been asked already.
Rule 7: what one side failed to do stands on that side alone: of the other the pair says that it was not asked.
Rule 8: where the route has an adapter, the side for which messages are translated is asked with the translated request,
        and compared by its translated answer, which may come later than the answer itself.

Long: one request with all its answers is one state machine.
"""

from __future__ import annotations

from random import random
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from proxy.core.http.chunked import ChunkedDecoder
from proxy.core.http.request import CHUNKED
from proxy.core.outcome import Blame, Side
from proxy.core.parity.pair import (
    BREAKER_OPEN,
    NOT_ASKED,
    SHED,
    STREAMING,
    UNTRANSLATABLE,
    CapturedAnswer,
    CapturedRequest,
    Pair,
)
from proxy.core.routing.second import may_ask_again
from proxy.core.routing.shadow import Shadowed
from proxy.core.routing.shadow_headers import CONDITIONAL, without_conditions
from proxy.core.routing.split import hash_of
from proxy.core.sigv4.signer import is_signed, payload_hash
from proxy.edge.routing.identity import address_of, cohort_key
from proxy.edge.routing.tap import Tap
from proxy.edge.shadow.captured_body import CapturedBody, fields_of, why_not_whole
from proxy.edge.shadow.leg import ShadowLeg, shadow_head
from proxy.edge.shadow.overlapping_writes import place_of, reach_of
from proxy.edge.shadow.translated_capture import ShadowTranslation, as_compared
from proxy.edge.wire.request_bytes import public_name, with_callers_host
from proxy.link.pairs import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.http.response import ResponseHead
    from proxy.core.outcome import Failure
    from proxy.core.routing.shadow import ShadowPolicy
    from proxy.core.routing.shadow_headers import Copied
    from proxy.core.translation.adapter_policy import AdapterPolicy
    from proxy.core.upstream_auth.credential import Credential
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.byte_allowance import ByteAllowance
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.tap import TappedClient
    from proxy.edge.shadow.overlapping_writes import WritesInFlight
    from proxy.edge.translator.translator_link import Translator

FIXED = 4096
"""Bytes that a capture is taken to hold beside bodies."""
_MOST_OF_A_VERSION = 100
_SERVER_ERROR = 500


class CapturingWorker(Protocol):
    """The shadows of the worker, as one capture sees them."""

    room: ByteAllowance
    """What all captures hold together."""
    writes: WritesInFlight
    """What is being written."""
    soon: Callable[[Callable[[], None]], None]
    """Runs work from a fresh stack."""
    translator: Translator
    """Translates what is too long for the worker."""

    def leg(self, capture: Capture, leg: Leg, policy: ShadowPolicy) -> ShadowLeg | str:
        """Another leg for this request, or why there is none."""

    def release(self, leg: ShadowLeg) -> None:
        """This leg no longer counts against its upstream's concurrency."""

    def asks_twice(self, route: str, policy: ShadowPolicy) -> bool:
        """Whether this request asks the side that answers it once more."""

    def heard(self, shadow: ShadowLeg) -> None:
        """A dry run was answered."""

    def in_vain(self, capture: Capture, size: int) -> None:
        """So many bytes were read of an answer that is too large to be compared."""

    def echoed(self, capture: Capture, side: Side, *, heard: bool) -> None:
        """Whether a side has said whom it saw."""

    def offer(self, frame: bytes) -> bool:
        """Hand a pair over; False: it is lost."""

    def ended(self, capture: Capture, outcome: Shadowed) -> None:
        """A capture has come to its end."""


class Capture(Tap):
    """What one request needs to be compared, taken as it passes.

    `live` keeps what the client gets; `side` is the shadow's.
    """

    started = False
    failure: Failure | None = None
    fell_back = False
    status = 0
    _live_ended = False
    _launched = False
    _settled = False
    _told = False
    _shadow: ShadowLeg | None = None
    _second: ShadowLeg | None = None
    _plain: ShadowLeg | None = None
    _unasked = NOT_ASKED
    _forwarded = b""
    _public: tuple[bytes, bytes] | None = None
    _request_size = 0
    _translations = 0

    def __init__(
        self,
        shadows: CapturingWorker,
        request: Request,
        policy: ShadowPolicy,
        side: Side,
        copied: Copied,
        *,
        dry_run: bool,
    ) -> None:
        """`side` is asked as well, with the `copied` lines. Nothing is sent before the request is whole."""
        bound = request.bound
        self.live = CapturedBody(shadows.room, policy.max_body)
        self.policy = policy
        self.table = request.live
        self.bound = bound
        self.side = side
        self.head = request.head
        self._shadows = shadows
        self._leg = request.leg
        self._ids = request.ids
        self._peer = request.peer
        self._principal = request.principal
        self._copied = copied
        self._dry_run = dry_run
        self._body: list[bytes] = []
        self._translated: dict[ShadowLeg, CapturedAnswer | None] = {}
        self._since = monotonic()
        self._step, self._begun = bound.step, bound.begun

    # -- what passes (Tap) -----------------------------------------------------------------------------------------

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """The client's answer begins."""
        self.live.begin(head, payload)
        if self.live.failure == STREAMING:
            self._shadows.soon(self._stop)

    def relay(self, payload: bytes) -> None:
        """More of it."""
        self.live.add(payload)

    def request(self, payload: bytes) -> None:
        """More of the request's body, coded as it is sent on."""
        if payload and not self._live_ended:
            self._request_size += len(payload)
            if self._request_size <= self.policy.max_body and self._shadows.room.take(len(payload)):
                self._body.append(payload)
            else:
                self._request_size = self.policy.max_body + 1

    def whole(self, client: TappedClient) -> None:
        """Everything can be sent; what is said of the client is as for the live leg."""
        self.started = True
        self._forwarded = client.forwarded(self.head)
        if any(leg is not None and leg.rewrites for leg in (self.bound.legacy, self.bound.new)):
            self._public = public_name(self.head, client.scheme, trusted=client.trusted)
        if not self._asks_late():
            self._shadows.soon(self._launch)

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """The client has its answer, or none; both times are monotonic."""
        kept = self.live
        kept.began, kept.seconds = began, ended - began
        if failure is not None:
            kept.fail("client_gone" if failure.blame is Blame.CLIENT else why_not_whole(failure))
        elif fell_back:
            kept.fail("fell_back")
        self._live_ended = True
        self._shadows.soon(self._go_on)

    # -- the other answers --------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        """From a fresh stack, after the live request was written; an answer that streams may have ended it before."""
        if self._told or self._launched or self._request_size > self.policy.max_body:
            return
        self._launched = True
        other = self.bound.new if self.side is Side.NEW else self.bound.legacy
        shadow = SHED if other is None else self._shadows.leg(self, other, self.policy)
        if isinstance(shadow, str):
            self._unasked = shadow
            return
        if self._is_conditional_answer() and not self._take_plain():
            self._shadows.release(shadow)
            return
        self._shadow = shadow
        legs = [shadow] if self._plain is None else [shadow, self._plain]
        if random() < 0.5:  # noqa: S311 -- chance, not secrecy
            legs.reverse()
        for leg in legs:
            self._start(leg)

    def _take_plain(self) -> bool:
        """Rule 2; False: it cannot be asked once more, which stands on its side (rule 7)."""
        plain = self._shadows.leg(self, self._leg, self.policy)
        if isinstance(plain, str):
            self.live.fail(plain)
            return False
        self._plain = plain
        return True

    def _start(self, leg: ShadowLeg) -> None:
        """A leg to the side that answered the client carries what the client sent, credentials and all."""
        marker = self._dry_run and leg is self._shadow
        lines = without_conditions(self.head.lines) if leg.leg is self._leg else self._copied.lines
        ours, tokens = self._forwarded, self.table.tokens
        if self._principal is not None and tokens is not None:
            ours += tokens.line(self._principal, leg.leg.pool.upstream.name)
        data, body = shadow_head(self.head, self._ids, ours, leg.leg, lines, dry_run=marker), b"".join(self._body)
        adapter = self.bound.adapter
        if adapter is None or leg.leg.side is not adapter.other:
            self._send(leg, data, body, lines)
            return
        leg.deadline = monotonic() + self.policy.timeout

        def translated(made: tuple[bytes, bytes] | None) -> None:
            if leg.is_over:
                return
            if made is None:
                leg.cut(UNTRANSLATABLE)
            else:
                self._send(leg, made[0], made[1], lines)

        ShadowTranslation(adapter, self._shadows.translator).request(data, body, self._request_body(), translated)

    def _send(self, leg: ShadowLeg, data: bytes, body: bytes, lines: list[bytes]) -> None:
        credential = leg.leg.pool.credential
        if credential is not None:
            data = self._called_as(credential, data, leg, lines)
        leg.start(data + body, self.policy.timeout, is_head=self.head.method == b"HEAD")

    def _called_as(self, credential: Credential, data: bytes, leg: ShadowLeg, lines: list[bytes]) -> bytes:
        """With what its upstream is called with; what its caller has signed, and still says so, goes as it came."""
        if credential.signs and is_signed(_authorization(lines), self.head.query):
            return with_callers_host(data, self.head, leg.leg.host_line)
        leg.until = credential.until
        hashed = payload_hash(self._request_body()) if credential.signs else b""
        return credential.apply(data, hashed, time())

    def _asks_late(self) -> bool:
        """Rule 2, and rule 6: whether the shadow has to wait until the client has its answer."""
        rule = self.bound.route.fallback
        return self._copied.conditional or (rule is not None and rule.to in (None, self.side))

    def _is_conditional_answer(self) -> bool:
        return self._copied.conditional and self.live.status in CONDITIONAL

    def _asks_now(self) -> bool:
        """Late: whether the client's answer is one that another can be held to."""
        if not self.live.is_whole:
            return False
        return not self._is_conditional_answer() or self._may_ask_again()

    def _may_ask_again(self) -> bool:
        """Whether legacy, or for rule 2 the side that answered the client, may be asked a second time."""
        bound = self.bound
        if self._dry_run or not may_ask_again(bound.route.effects, self.head.target):
            return False
        return self._shadows.asks_twice(bound.route.name, self.policy)

    def _ask_again(self) -> bool:
        """Rule 3; whether legacy is asked a second time."""
        legacy, shadow = self.bound.legacy, self._shadow
        if self._settled or legacy is None or shadow is None or self._plain is not None:
            return False
        self._settled = True
        if not (self.live.is_whole and shadow.kept.is_whole and self._may_ask_again()):
            return False
        second = self._shadows.leg(self, legacy, self.policy)
        if isinstance(second, str):
            return False
        self._second = second
        self._start(second)
        return True

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for, where failures are told apart."""
        return self.bound.operations.of(self.head.method, self.head.path, failed=failed)

    def who(self) -> bytes:
        """The client's address."""
        return address_of(self.head, self._peer, self.table.snapshot)

    def leg_ended(self, leg: ShadowLeg) -> None:
        """One of them is over."""
        self._shadows.release(leg)
        if leg.kept.is_truncated:
            self._shadows.in_vain(self, leg.kept.size)
        self._shadows.soon(self._go_on)

    def _is_translating(self) -> bool:
        """Rule 8; all have answered."""
        adapter = self.bound.adapter
        for leg in [] if adapter is None else self._legs():
            if adapter is not None and leg.leg.side is adapter.other and leg not in self._translated:
                self._translate_answer(leg, adapter)
        return self._translations > 0

    def _translate_answer(self, leg: ShadowLeg, adapter: AdapterPolicy) -> None:
        def translated(answer: CapturedAnswer) -> None:
            self._translated[leg] = answer
            self._translations -= 1
            if not self._translations and not is_asking:
                self._shadows.soon(self._go_on)

        self._translations += 1
        self._translated[leg] = None
        is_asking = True
        answer = self._answer(leg.kept, leg.leg, self._epoch())
        ShadowTranslation(adapter, self._shadows.translator).answer(
            answer, self.head.method, self.head.target, translated
        )
        is_asking = False

    def _stop(self) -> None:
        """The client's answer may go on for ever; nothing more will come of this."""
        for leg in self._legs():
            leg.cut(STREAMING)
        self._live_ended = True
        self._go_on()

    @property
    def legacy_failed(self) -> bool | None:
        """Whether legacy, as the shadow, has failed to answer; None: it was not asked, or nobody waited for it."""
        shadow = self._shadow
        if self.side is not Side.LEGACY or shadow is None or shadow.kept.failure in {SHED, BREAKER_OPEN, STREAMING}:
            return None
        return bool(shadow.kept.failure) or shadow.kept.status >= _SERVER_ERROR

    # -- the end ------------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """What one end leads to: another question, or rule 4."""
        if self._told or not self._live_ended:
            return
        if self.started and not self._launched and self._asks_now():
            self._launch()
        if self._is_waiting() or (self._ask_again() and self._is_waiting()) or self._is_translating():
            return
        self._told = True
        outcome = self._offer()
        self._shadows.ended(self, outcome)
        self._free()

    def _is_waiting(self) -> bool:
        return any(not leg.is_over for leg in self._legs())

    def _legs(self) -> list[ShadowLeg]:
        return [leg for leg in (self._shadow, self._second, self._plain) if leg is not None]

    def _offer(self) -> Shadowed:
        shadow = self._shadow
        if shadow is None:
            return self._offer_alone()
        self._count_echoes(shadow)
        if self._dry_run and not shadow.kept.failure:
            self._shadows.heard(shadow)
        if not self._shadows.offer(encode(self._pair(self._heard(shadow, self._epoch())))):
            return Shadowed.SHED
        match shadow.kept.failure:
            case "" | "streaming":
                return Shadowed.SENT
            case "shed" | "breaker_open":
                return Shadowed.SHED
            case "untranslatable":
                return Shadowed.SKIPPED
            case _:
                return Shadowed.FAILED

    def _count_echoes(self, shadow: ShadowLeg) -> None:
        """Of a caller who is known: whether each side has said whom it saw."""
        if self._principal is None:
            return
        for side, kept in ((self._leg.side, self.live), (self.side, shadow.kept)):
            if kept.status and not kept.failure:
                self._shadows.echoed(self, side, heard=kept.has_echo)

    def _offer_alone(self) -> Shadowed:
        """Nobody else was asked: it could not be, or the client's answer is none that another could be held to."""
        unasked, failure = self._unasked, self.live.failure
        self.live.free()
        is_asked_for = self._launched or bool(failure)
        if self.started and is_asked_for and self._request_size <= self.policy.max_body:
            nothing = CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=0.0, failure=unasked)
            self._shadows.offer(encode(self._pair(nothing)))
        is_shed = self.started and (self._launched or failure == SHED)
        return Shadowed.SHED if is_shed else Shadowed.SKIPPED

    def _pair(self, other: CapturedAnswer) -> Pair:
        """`other` is the shadow's answer."""
        head, epoch = self.head, self._epoch()
        own = self._own(epoch) if self._plain is None else self._heard(self._plain, epoch)
        cohort = cohort_key(head, self._peer, self.table.snapshot, self.bound)
        written = self._shadows.writes.last(reach_of(head.path, cohort))
        served_legacy = self._leg.side is Side.LEGACY
        legacy, new = (own, other) if served_legacy else (other, own)
        return Pair(
            route=self.bound.route.name,
            request=CapturedRequest(
                method=head.method, target=head.target, fields=fields_of(self._asked_with()), body=self._request_body()
            ),
            legacy=legacy,
            new=new,
            second=None if self._second is None else self._heard(self._second, epoch),
            cohort=hash_of(self.bound.salt, cohort),
            at=epoch + monotonic(),
            request_id=self._ids.request_id.decode("latin-1"),
            authoritative=self._leg.side,
            legacy_version=self._version(legacy),
            new_version=self._version(new),
            raced=not self._dry_run and self._shadows.writes.overlapped(place_of(head.path, cohort), self._since),
            written_at=written + epoch if written else 0.0,
            bare=self._copied.bare and not self._is_called_as_banyan(),
            step=self._step,
            begun=self._begun,
            addresses=self.bound.addresses,
        )

    def _is_called_as_banyan(self) -> bool:
        """Whether the shadow has carried Banyan's own credential in place of the client's."""
        return self._shadow is not None and self._shadow.leg.pool.credential is not None

    def _epoch(self) -> float:
        """Unix time at monotonic 0."""
        return time() - monotonic()

    def _asked_with(self) -> list[bytes]:
        """What both sides were asked with: the client's own lines, unless both answers are to the copy."""
        return self._copied.lines if self._plain is not None else self.head.lines

    def _answer(self, kept: CapturedBody, leg: Leg, epoch: float) -> CapturedAnswer:
        return kept.answer(leg.authority, self._public if leg.rewrites else None, epoch)

    def _own(self, epoch: float) -> CapturedAnswer:
        """As the client has got it: translated already, if it was to be."""
        answer = self._answer(self.live, self._leg, epoch)
        return answer if self.bound.adapter is None else as_compared(answer)

    def _heard(self, leg: ShadowLeg, epoch: float) -> CapturedAnswer:
        """As the client would have got it: rule 8."""
        translated = self._translated.get(leg)
        if translated is not None:
            return translated
        answer = self._answer(leg.kept, leg.leg, epoch)
        return answer if self.bound.adapter is None else as_compared(answer)

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
        for leg in self._legs():
            leg.kept.free()
        self._shadow = self._second = self._plain = None
        self._translated = {}
        room.give_back(FIXED + sum(len(piece) for piece in self._body))
        self._body = []


def _authorization(lines: list[bytes]) -> list[bytes]:
    """Its values among field lines."""
    parts = [line.partition(b":") for line in lines]
    return [value.strip() for name, _, value in parts if name.lower() == b"authorization"]
