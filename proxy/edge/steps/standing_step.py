"""The step of a route whose writes both sides get, for as long as nobody knows where it stands: its writes wait.

Rule 1: after a save or a start that is a moment: a write that comes then goes on once this worker has heard, by the
        table of that moment, if its route is still there.
Rule 2: nothing of it was begun, or read beyond its head. So one that waits too long, or is one too many, is answered
        503, and may be sent again.
Rule 3: reads do not wait: legacy answers them.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Final

from proxy.core.journal.not_begun import NotBegun
from proxy.core.journal.writes import Writes
from proxy.core.routing.decide import Reason
from proxy.core.routing.effects import SAFE_METHODS, Effects
from proxy.edge.routing.decision import decide
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait
from proxy.edge.steps.step_kind import RouteStep, StepServices

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request

HEARS_EVERY: Final = 0.02
"""Seconds between two looks at whether a standing was heard of."""
UNHEARD: Final = 1.5
"""Seconds that a write waits at most for what the database knows, and this worker does not."""
MAX_WAITING: Final = 1000
"""Writes of one worker that wait for a standing."""
COME_BACK: Final = (b"Retry-After: 1",)


class StandingStep(RouteStep):
    """Go on once it is known where the route stands."""

    def __init__(self, kind: StandingKind) -> None:
        """`kind` has those that wait."""
        self._kind = kind

    def __call__(self, request: Request, /) -> Verdict:
        """Rules 2 and 3."""
        if request.decision.reason is not Reason.STANDING_UNKNOWN:
            return None
        if request.head.method in SAFE_METHODS or request.bound.route.effects is Effects.SAFE:
            return None
        return self._kind.wait(request) or _not_begun(NotBegun.UNKNOWN)


class StandingKind:
    """One worker's: the writes that wait."""

    policy = Writes

    def __init__(self, services: StepServices) -> None:
        """None does yet."""
        del services
        self._waiting: dict[Wait, tuple[Request, float]] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing depends on the table."""
        del snapshot

    def step_of(self, policy: Writes, route: Route) -> StandingStep:
        """Of any route."""
        del policy, route
        return StandingStep(self)

    def wait(self, request: Request) -> Wait | None:
        """Until its route's standing is known; None: too many wait."""
        if len(self._waiting) >= MAX_WAITING:
            return None
        wait = Wait(UNHEARD + 1, late=_not_begun(NotBegun.UNKNOWN))
        wait.abandoned = lambda: self._forget(wait)
        if not self._waiting:
            asyncio.get_running_loop().call_later(HEARS_EVERY, self._look)
        self._waiting[wait] = request, monotonic() + UNHEARD
        return wait

    def _forget(self, wait: Wait) -> None:
        self._waiting.pop(wait, None)

    def _look(self) -> None:
        """At each that waits; again while one does."""
        now = monotonic()
        for wait, (request, until) in [*self._waiting.items()]:
            if _has_heard(request):
                self._forget(wait)
                _end(wait, decide(request))
            elif now > until:
                self._forget(wait)
                _end(wait, _not_begun(NotBegun.UNKNOWN))
        if self._waiting:
            asyncio.get_running_loop().call_later(HEARS_EVERY, self._look)


def _has_heard(request: Request) -> bool:
    """Whether the newest table knows; the request then goes on by it (rule 1)."""
    newest = request.live.newest
    bound = newest.same_route(request.bound)
    if bound is None:
        return False
    if bound.decision is not None and bound.decision.reason is Reason.STANDING_UNKNOWN:
        return False
    request.live, request.bound = newest, bound
    return True


def _end(wait: Wait, answer: LocalAnswer | None) -> None:
    if answer is None:
        wait.go_on()
    else:
        wait.answer(answer)


def _not_begun(why: NotBegun) -> LocalAnswer:
    return LocalAnswer(503, f"the write was not begun: {why}", lines=COME_BACK, counted="write_waits")
