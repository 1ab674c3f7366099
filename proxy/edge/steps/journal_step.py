"""The step of a route whose writes both sides get: nothing is sent before the journal has it.

Rule 1: it is about writes, while both sides are there; who reads pays one look at the method. It is known where the
        route stands (`standing_step.py`).
Rule 2: the journal keeps what the other side is to get: no credentials, no conditions, which are one side's own.
Rule 3: a write that is on its way is told again and again, so that nobody takes it for abandoned (`held_writes.py`);
        one that may have been taken so before it was sent is not sent (`journal_tap.py`).
Rule 4: the client's leaving ends nothing: the authoritative side is asked to the end.
Rule 5: a write whose cohort has moved while it waited goes on by the table of now, if its route is still there and both
        sides are: an order that comes with a reload is heard by that table alone.
"""

from __future__ import annotations

import asyncio
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING, Final

from proxy.core.evidence.records import storable
from proxy.core.journal.intent import BY_KILL, FirstOutcome, StoredRequest, may_ask_again
from proxy.core.journal.json_values import is_encoded
from proxy.core.journal.not_begun import NotBegun
from proxy.core.journal.second_request import ids_in, value_in
from proxy.core.journal.writes import CONTENT_ENCODING, IDEMPOTENCY_KEY, AnswerKey, Writes
from proxy.core.routing.cohort import CohortSource, cohort_of
from proxy.core.routing.decide import Reason
from proxy.core.routing.effects import SAFE_METHODS, Effects
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.shadow_headers import copy_lines
from proxy.core.routing.split import draw
from proxy.edge.routing.decision import decide
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from proxy.edge.steps.held_writes import HeldWrites, boot_time
from proxy.edge.steps.hours_step import answer_if_closed
from proxy.edge.steps.journal_tap import JournalTap
from proxy.edge.steps.standing_step import COME_BACK, HEARS_EVERY, UNHEARD
from proxy.edge.steps.step_kind import WITHIN, RouteStep, StepSaid, StepServices
from proxy.link.journal_questions import BeginWrite, WriteEnded, WriteOutdated

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.steps.step_kind import Clerk
    from proxy.link.questions import Answer

_LATE: Final = LocalAnswer(503, "the write was begun too late to be sent", lines=COME_BACK, counted="write_waits")
"""This worker stood still: the write may have been taken for abandoned, and a later one of its key be done."""
_SILENT: Final = LocalAnswer(
    503,
    "the write was not sent: the journal did not answer in time; its clerk or its database is away, or has just begun",
    lines=COME_BACK,
    counted="write_waits",
)
_OUTDATED: Final = LocalAnswer(
    503, f"the write was not begun: {NotBegun.OUTDATED}", lines=COME_BACK, counted="write_outdated"
)
_PLAIN: Final = ShadowPolicy()
_KEY_NAME: Final = b"Idempotency-Key"


class JournalStep(RouteStep):
    """Go on once the write is in the journal; 400 without a key, 503 where it cannot be kept."""

    name = "writes"

    def __init__(self, writes: Writes, kind: JournalKind) -> None:
        """`kind` knows what is on its way."""
        self._writes = writes
        self._kind = kind
        self.clerk: Clerk = kind.clerk

    def __call__(self, request: Request, /) -> Verdict:
        """Rule 1."""
        route, method = request.bound.route, request.head.method
        if method in SAFE_METHODS or route.effects is Effects.SAFE:
            return None
        if not route.stage.facts.has_both:
            return None
        if self._writes.reads_body and is_encoded(request.head.fields.get(CONTENT_ENCODING, ())):
            return LocalAnswer(
                415,
                "of this write something is found in its body: it must come without a Content-Encoding",
                lines=(b"Accept-Encoding: identity",),
                counted="write_encoded",
            )
        body = request.body
        if body is None or len(body) > self._writes.max_body:
            return WholeBody(self._writes.max_body)
        key = self._key(request, body)
        if key is None:
            return LocalAnswer(400, f"this write has no key ({self._said()})", counted="no_write_key")
        return WriteBeginning(self, request, key, body).ask()

    def begun(self, request: Request, intent: BeginWrite, since: float) -> None:
        """It is in the journal, asked for at `since`: it may be sent to this side, and to no other."""
        if request.head.first(IDEMPOTENCY_KEY) is None:
            request.head.put(_KEY_NAME, b'"%b"' % intent.id.encode("ascii"))
        if self._writes.holds_answer:
            request.head.put(b"Accept-Encoding", b"identity")  # something is found in the answer
        request.only = intent.side
        request.stays = True
        self._kind.hold(intent.id, since)
        request.watch(JournalTap(intent, self._writes, self._kind.clerk, self._kind.held))

    def _key(self, request: Request, body: bytes) -> str | None:
        """What the write is about; empty: its answer will say it."""
        keyed_by = self._writes.keyed_by
        if isinstance(keyed_by, AnswerKey):
            return ""
        if not isinstance(keyed_by, CohortSource):
            named = value_in(body, keyed_by)
            return None if named is None else storable(named)
        found = keyed_by.key(request.head, request.client_ip)
        return None if found is None else found.decode("utf-8", "backslashreplace")

    def intent(self, request: Request, key: str, body: bytes) -> BeginWrite:
        """What the journal is to keep, for the side that is to answer now."""
        head, route = request.head, request.bound.route
        source, cohort = cohort_of(route.cohort, head, request.client_ip)
        copied = copy_lines(_PLAIN, head.lines)  # rule 2
        intent_id = urandom(16).hex()
        stored = StoredRequest(method=head.method, target=head.target, lines=(), body=body)
        again = may_ask_again(route.effects, head.method, has_key=True) and not copied.conditional
        return BeginWrite(
            id=intent_id,
            scope=route.scope,
            key=key or f"new {intent_id}",
            route=route.origin,
            cohort=(source.prefix + cohort).decode("utf-8", "backslashreplace"),
            draw=draw(request.bound.salt, source.prefix + cohort),
            side=request.leg.side,
            send=self._writes.send,
            method=head.method,
            target=head.target,
            lines=[*copied.lines, b"X-Request-Id: " + request.ids.request_id],
            body=body,
            repeatable=again,
            needs=ids_in(self._writes, stored),
            decided=BY_KILL if request.decision.reason is Reason.KILLED else request.live.standing,
        )

    def _said(self) -> str:
        keyed_by = self._writes.keyed_by
        if isinstance(keyed_by, CohortSource):
            return f"{keyed_by.kind.value}:{keyed_by.name}"
        return keyed_by.path.text if isinstance(keyed_by, AnswerKey) else keyed_by.text

    def explain(self, request: Request) -> StepSaid | None:
        """For who only asks."""
        route, method = request.bound.route, request.head.method
        if method in SAFE_METHODS or route.effects is Effects.SAFE:
            return None
        if not route.stage.facts.has_both:
            return StepSaid(f"goes to one side alone at stage {route.stage.value}")
        return StepSaid(f"is kept in the journal, in the order of its {self._said()}, and sent to the other side after")


class WriteBeginning:
    """Asks that a write be begun; if its cohort has moved meanwhile, once more, for the other side."""

    def __init__(self, step: JournalStep, request: Request, key: str, body: bytes) -> None:
        """`key` is what it is about, empty where its answer will say it."""
        self._step = step
        self._request = request
        self._key = key
        self._body = body
        self._intent = step.intent(request, key, body)
        self._since = 0.0
        self._word = Wait(WITHIN, self._abandoned, _SILENT)
        self._until = monotonic() + WITHIN
        self._asked: Wait | None = None
        self._is_outdated = False

    def ask(self) -> Wait | LocalAnswer:
        """What the step says."""
        self._since = boot_time()
        asked = self._step.clerk.ask(self._intent, self._heard)
        if isinstance(asked, LocalAnswer):
            return asked
        self._asked = asked
        asked.listen(self._answered)
        return self._word

    def _answered(self) -> None:
        """The clerk has said something."""
        asked = self._asked
        given = None if asked is None else asked.given
        if given is not None:
            given.counted = "write_waits"
            self._word.answer(given)
            return
        if self._is_outdated:
            self._wait_until_heard()
            return
        answer = self._decided()
        if answer is None and self._request.leg.side is self._intent.side:
            self._step.begun(self._request, self._intent, self._since)
            self._word.go_on()
            return
        self._step.clerk.tell(WriteEnded(self._intent.id, FirstOutcome.FAILED))
        self._ask_again(answer)

    def _wait_until_heard(self) -> None:
        """Of the move that the database knows of: it is on its way here, unless control stands still."""
        if self._word.is_over:
            return
        if self._has_heard():
            self._ask_again(self._decided())
        elif monotonic() > self._until - WITHIN + UNHEARD:
            self._word.answer(_OUTDATED)
        else:
            asyncio.get_running_loop().call_later(HEARS_EVERY, self._wait_until_heard)

    def _decided(self) -> LocalAnswer | None:
        """Who answers now; an answer where nobody does, or it is too late."""
        if monotonic() > self._until:
            return _LATE
        return decide(self._request) or answer_if_closed(self._request)

    def _ask_again(self, answer: LocalAnswer | None) -> None:
        """For the side that is to answer now; or this answer."""
        if answer is None:
            self._intent = self._step.intent(self._request, self._key, self._body)
            again = self.ask()
            answer = again if isinstance(again, LocalAnswer) else None
        if answer is not None:
            self._word.answer(answer)

    def _heard(self, answer: Answer) -> LocalAnswer | None:
        """Whether it is in the journal; what follows from it is seen in `_answered`."""
        self._is_outdated = isinstance(answer, WriteOutdated)
        return None

    def _has_heard(self) -> bool:
        """Whether this worker has heard of a later standing since it asked; rule 5."""
        request = self._request
        newest = request.live.newest
        if newest.standing <= (self._intent.decided or 0):
            return False
        if newest is not request.live:
            bound = newest.same_route(request.bound)
            if bound is None or not bound.route.stage.facts.has_both:
                return False
            request.live, request.bound = newest, bound
        return True

    def _abandoned(self) -> None:
        """Nobody waits any more."""
        if self._asked is not None:
            self._asked.abandon()


class JournalKind:
    """One worker's: what it has on its way."""

    policy = Writes

    def __init__(self, services: StepServices) -> None:
        """Nothing is on its way."""
        self.clerk: Clerk = services.clerk
        self.held = HeldWrites(services.clerk)
        self._tasks = services.tasks
        self._tells = False

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing depends on the table."""
        del snapshot

    def hold(self, intent_id: str, since: float) -> None:
        """A write is on its way, and was asked for at `since`; the first one begins rule 3."""
        self.held.add(intent_id, since)
        if not self._tells:
            self._tells = True
            self._tasks.start(self.held.keep(), name="writes held")

    def step_of(self, policy: Writes, route: Route) -> JournalStep:
        """Of any route."""
        del route
        return JournalStep(policy, self)
