"""The step that tells the upstream who calls.

Rule 1: it stands behind whatever finds the principal, and before whatever keeps the request for another side, so that
        shadows and the journal have the fields as the authoritative side has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.auth.principal_policy import RoutePrincipal, lines_of
from proxy.edge.steps.step_kind import RouteStep, StepSaid, StepServices

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import Verdict


class PrincipalStep(RouteStep):
    """Of one route."""

    name = "principal"

    def __init__(self, policy: RoutePrincipal) -> None:
        """Of one route."""
        self._sets = policy.sets
        self._signed = policy.signed

    def __call__(self, request: Request, /) -> Verdict:
        """Set the fields; what a client sent by their names is gone since its head was read."""
        principal = request.principal
        if principal is not None and self._sets:
            request.head.add(lines_of(self._sets, principal))
        return None

    def explain(self, request: Request) -> StepSaid:
        """What the upstream would be told."""
        principal = request.principal
        if principal is None:
            return StepSaid("nobody is known to call: the upstream is told of nobody")
        lines = [line.decode("utf-8") for line in lines_of(self._sets, principal)]
        if self._signed:
            lines.append(f"{self._signed}: a signed token of its own")
        said = ", ".join(lines) or "nothing: no claim of this caller fits a field"
        return StepSaid(f"the upstream is told {said}")


class PrincipalKind:
    """Keeps nothing from one table to the next."""

    policy = RoutePrincipal

    def __init__(self, services: StepServices) -> None:
        """It needs nothing of the worker."""

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing depends on the table."""

    def step_of(self, policy: RoutePrincipal, route: Route) -> PrincipalStep:
        """Of any route."""
        del route
        return PrincipalStep(policy)
