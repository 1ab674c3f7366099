"""The step that tells the upstream who calls.

Rule 1: it stands behind whatever finds the principal, and before whatever keeps the request for another side, so that
        shadows and the journal have the fields as the authoritative side has them.
Rule 2: a number that is not known here is asked of the clerk, and the request waits: 503 where it cannot be had, since
        an upstream that is told half of who calls might take the caller for somebody else.
Rule 3: a request that has waited through a reload is not told of by the field of the next table: when its head was read
        that was anybody's.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Final

from proxy.core.auth.member_lookup import Caller, Member, MemberCache, MemberLookup
from proxy.core.auth.principal_policy import RoutePrincipal, lines_of
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.steps.step_kind import Clerk, RouteStep, StepSaid, StepServices
from proxy.link.member_questions import FindMember, MemberFound

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import Verdict
    from proxy.link.questions import Answer


_ANOTHER_TABLE: Final = LocalAnswer(
    503, "who calls is told otherwise since the request came", lines=(b"Retry-After: 1",)
)


class PrincipalStep(RouteStep):
    """Of one route."""

    name = "principal"

    def __init__(self, policy: RoutePrincipal, numbers: MemberNumbers) -> None:
        """`numbers` are the worker's."""
        self._sets = policy.sets
        self._token_field = policy.signed
        self._looked_up = policy.looked_up
        self._numbers = numbers

    def __call__(self, request: Request, /) -> Verdict:
        """Set the fields; what a client sent by their names is gone since its head was read."""
        principal = request.principal
        if principal is None:
            return None
        if self._sets:
            request.head.add(lines_of(self._sets, principal))
        if self._looked_up:
            return self._numbers.put(request.head, self._looked_up, (principal.issuer, principal.subject))
        return None

    def explain(self, request: Request) -> StepSaid:
        """What the upstream would be told."""
        principal = request.principal
        if principal is None:
            return StepSaid("nobody is known to call: the upstream is told of nobody")
        lines = [line.decode("utf-8") for line in lines_of(self._sets, principal)]
        if self._looked_up:
            lines.append(f"{self._looked_up}: the caller's number, which is asked for")
        if self._token_field:
            lines.append(f"{self._token_field}: a signed token of its own")
        said = ", ".join(lines) or "nothing: no claim of this caller fits a field"
        return StepSaid(f"the upstream is told {said}")


class MemberNumbers:
    """The numbers of callers that this worker knows."""

    __slots__ = ("_cache", "_clerk", "_lookup")

    def __init__(self, clerk: Clerk) -> None:
        """Nobody is known."""
        self._cache = MemberCache()
        self._clerk = clerk
        self._lookup: MemberLookup | None = None

    def follow(self, lookup: MemberLookup | None) -> None:
        """Where another system is asked, or none, nothing of before is believed."""
        if lookup != self._lookup:
            self._cache.forget()
        self._lookup = lookup

    def put(self, head: RequestHead, name: str, caller: Caller) -> Verdict:
        """Into the field `name`; a wait while it is asked for. Who has no number has no field (rule 3)."""
        known, lookup = self._cache.get(caller, time()), self._lookup
        if lookup is None or lookup.name != name:
            return _ANOTHER_TABLE
        if known is not None:
            _add(head, lookup, known.number)
            return None

        def hear(answer: Answer) -> LocalAnswer | None:
            if not isinstance(answer, MemberFound):
                raise TypeError("the clerk answered something else")
            if self._lookup == lookup:
                self._cache.put(caller, Member(answer.number, answer.until))
            _add(head, lookup, answer.number)
            return None

        return self._clerk.ask(FindMember(*caller), hear)


def _add(head: RequestHead, lookup: MemberLookup, number: bytes) -> None:
    """By the name that was Banyan's when the head was read."""
    if number:
        head.add([b"%b: %b" % (lookup.name.encode("ascii"), number)])


class PrincipalKind:
    """Keeps the numbers that were asked for."""

    policy = RoutePrincipal

    def __init__(self, services: StepServices) -> None:
        """Nobody is known."""
        self._numbers = MemberNumbers(services.clerk)

    def follow(self, snapshot: Snapshot) -> None:
        """Who is asked."""
        self._numbers.follow(snapshot.principal.lookup)

    def step_of(self, policy: RoutePrincipal, route: Route) -> PrincipalStep:
        """Of any route."""
        del route
        return PrincipalStep(policy, self._numbers)
