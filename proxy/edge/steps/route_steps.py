"""All kinds of steps, and the steps of each route of a table.

Rule 1: a new kind is a file beside this one and a line in `KINDS`, whose order is that in which a request meets steps:
        before the decision those that may change it, behind it those that a side's request has to pass.
Rule 2: a route without policies has no steps, not even the decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy.edge.routing.decision import decide
from proxy.edge.steps.auth_step import AuthKind
from proxy.edge.steps.brownout_step import BrownoutKind, DeprecationKind
from proxy.edge.steps.grant_step import GrantKind
from proxy.edge.steps.hours_step import HoursKind, HoursStep
from proxy.edge.steps.idempotency_step import IdempotencyKind, SendingKind
from proxy.edge.steps.journal_step import JournalKind
from proxy.edge.steps.principal_step import PrincipalKind
from proxy.edge.steps.route_rate import RateKind
from proxy.edge.steps.standing_step import StandingKind
from proxy.edge.steps.translation_step import TranslationKind
from proxy.edge.steps.upstream_auth_step import CredentialKind, UpstreamAuthKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.routing.route import Route
    from proxy.edge.routing.bound_table import Live
    from proxy.edge.routing.step import AdmissionStep
    from proxy.edge.steps.step_kind import StepKind, StepServices

KINDS: tuple[Callable[[StepServices], StepKind], ...] = (
    AuthKind,  # nothing is begun for a caller that the route does not take
    StandingKind,  # before anything is begun, or a body read
    IdempotencyKind,
    GrantKind,
    DeprecationKind,  # whoever answers
    HoursKind,  # before all that is begun for a side
    UpstreamAuthKind,
    BrownoutKind,  # behind whatever keeps its side from being asked; nothing is begun for a call that goes without
    RateKind,  # behind those that may refuse: only what goes on is counted
    PrincipalKind,  # before whatever keeps a request as it goes upstream
    JournalKind,  # nothing but a lost key refuses what is in the journal
    TranslationKind,  # behind those that read or keep a request as its client sent it
    CredentialKind,  # behind all that waits: the side that is called may be another by then
    SendingKind,  # the last one: what refuses behind it would leave a key to people
)


class RouteSteps:
    """One worker's."""

    __slots__ = ("_kinds",)

    def __init__(self, services: StepServices) -> None:
        """To be made inside the running loop."""
        self._kinds = tuple([make(services) for make in KINDS])

    def compile(self, live: Live) -> None:
        """Give the routes of this table their steps."""
        for kind in self._kinds:
            kind.follow(live.snapshot)
            if isinstance(kind, AuthKind) and live.claims_read:
                live.claims = kind.claims_of
        for bound in live.bound:
            if bound.said.steps:
                bound.admission = steps = self.steps_of(bound.said)
                bound.hours = next((step.hours for step in steps if isinstance(step, HoursStep)), None)

    def steps_of(self, route: Route) -> tuple[AdmissionStep[Any], ...]:
        """In the order in which they are asked."""
        steps = [
            kind.step_of(policy, route)
            for kind in self._kinds
            for policy in route.steps
            if isinstance(policy, kind.policy)
        ]
        before = [step for step in steps if step.before_decision]
        return (*before, decide, *[step for step in steps if not step.before_decision])
