"""The step of a route with `brownout`: some calls of its clients go without a field, or without an answer.

Rule 1: it ends at its time by this worker's own clock, at once while the kill switch is on, and by order: neither needs
        control to live.
Rule 2: what is compared, kept for a key, or written to the other side is the answer before: only its client gets less.
Rule 3: HEAD has no fields, and an upgrade no answer that could be taken apart: neither is counted nor drawn.
"""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING, Final

from proxy.core.auth.principal import client_of
from proxy.core.brownout.brownout_policy import UNAVAILABLE, Browned, BrownoutPolicy
from proxy.core.brownout.calls_drawn import is_drawn
from proxy.core.brownout.deprecation import DeprecationPolicy, deprecation_of
from proxy.core.discovery.usage import UNVERIFIED
from proxy.edge.brownout.brownout_tap import AftermathTap, DeprecationTap, LeanTap
from proxy.edge.brownout.client_calls import BrownoutCalls
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.steps.step_kind import RouteStep, StepSaid

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.steps.step_kind import StepServices

_BROWNED: Final = Browned.BROWNED


class BrownoutStep(RouteStep):
    """Go on, go on and get less, or an answer of Banyan's own."""

    name = "brownout"

    def __init__(self, policy: BrownoutPolicy, lines: tuple[bytes, ...], salt: int, calls: BrownoutCalls) -> None:
        """Of one route; `lines` are what its answers say of its end."""
        self._policy = policy
        self._id = policy.id
        self._lines = lines
        self._salt = salt
        self._calls = calls

    def __call__(self, request: Request, /) -> LocalAnswer | None:
        """Rules 1 and 3."""
        policy, head = self._policy, request.head
        if time() >= policy.until or request.live.switch.on or self._id in request.bound.ended:
            return None
        name = UNVERIFIED if request.principal is None else client_of(request.principal)
        is_left_out = bool(policy.clients) and (request.principal is None or name not in policy.clients)
        if is_left_out or head.method == b"HEAD" or request.wants_upgrade:
            return None
        calls, client = self._calls, self._calls.client(name)
        now = monotonic()
        lean = is_drawn(self._salt, *calls.number(name, client, now), policy.share)
        following = calls.begin(client, head.method + b" " + head.target, now)
        if lean:
            request.note(self.name, policy.what)
        if lean and policy.field is None:
            calls.end(client, _BROWNED)
            return self._answer()
        if following is not None:
            request.watch(AftermathTap(calls.tally, following))
        if lean and policy.field is not None:
            request.watch(LeanTap(policy.field, calls, client))
        return None

    def _answer(self) -> LocalAnswer:
        policy = self._policy
        lines = self._lines
        if policy.status == UNAVAILABLE:
            lines = (*lines, b"Retry-After: %d" % policy.retry_after)
        detail = "this endpoint will be retired: some of its calls are answered like this beforehand"
        return LocalAnswer(policy.status, detail, lines=lines, counted=policy.answer.value)

    def explain(self, request: Request) -> StepSaid:
        """Whether it runs, and for whom."""
        policy = self._policy
        if request.live.switch.on:
            return StepSaid("it pauses while the kill switch is on")
        if self._id in request.bound.ended:
            return StepSaid("it was ended: `banyan history` says by whom and why")
        if time() >= policy.until:
            return StepSaid("it is over")
        return StepSaid(policy.sentence)


class BrownoutKind:
    """Keeps what is known of clients for as long as a brown-out is in the table."""

    policy = BrownoutPolicy

    def __init__(self, services: StepServices) -> None:
        """Nothing is known yet."""
        self._counters = services.counters
        self._counts = services.call_counts
        self._calls: dict[tuple[str, str], BrownoutCalls] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Those that are gone are forgotten."""
        there = {
            (route.name, policy.id)
            for route in snapshot.routes
            for policy in route.steps
            if isinstance(policy, BrownoutPolicy)
        }
        self._calls = {key: calls for key, calls in self._calls.items() if key in there}

    def step_of(self, policy: BrownoutPolicy, route: Route) -> BrownoutStep:
        """Of any route."""
        key = route.name, policy.id
        calls = self._calls.get(key)
        if calls is None:
            calls = self._calls[key] = BrownoutCalls(self._counters.brownout(*key), self._counts, route.origin)
        said = deprecation_of(route.steps)
        return BrownoutStep(policy, said.lines if said is not None else (), route.salt, calls)


class DeprecationStep(RouteStep):
    """Go on; the answer says when its route ends."""

    name = "ends"

    def __init__(self, policy: DeprecationPolicy) -> None:
        """Of one route."""
        self._lines = policy.lines

    def __call__(self, request: Request, /) -> None:
        """Whoever answers."""
        request.watch(DeprecationTap(self._lines))

    def explain(self, request: Request) -> StepSaid:
        """What answers say."""
        del request
        return StepSaid("; ".join(line.decode("ascii") for line in self._lines))


class DeprecationKind:
    """Makes them."""

    policy = DeprecationPolicy

    def __init__(self, services: StepServices) -> None:
        """It asks nobody."""
        del services

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing outlives a table here."""

    def step_of(self, policy: DeprecationPolicy, route: Route) -> DeprecationStep:
        """Of any route."""
        del route
        return DeprecationStep(policy)
