"""The step of a provider's token endpoint: the clerk answers all of it, nothing goes to a side.

Rule 1: tokens and secrets pass through here, and stay nowhere: not in a log, a sample, or a kept exchange.
Rule 2: the clerk keeps to the `wait` of its provider; beyond that, a moment later, the client is told to come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.grants.grant_policy import GrantRole, GrantUse
from proxy.core.grants.token_request import MAX_FORM
from proxy.edge.routing.step import LocalAnswer, Wait, WholeBody
from proxy.edge.steps.step_kind import WITHIN, Clerk, RouteStep, StepSaid, StepServices
from proxy.link.grant_questions import GrantUsed, UseGrant

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.link.questions import Answer

_NO_TYPE: Final = b"application/octet-stream"


class GrantStep(RouteStep):
    """Of one route."""

    name = "grants"
    before_decision = True

    def __init__(self, use: GrantUse, clerk: Clerk, within: float) -> None:
        """`within` seconds the client waits."""
        self._use = use
        self._clerk = clerk
        self._within = within

    def __call__(self, request: Request, /) -> WholeBody | Wait | LocalAnswer:
        """Once with the head, once with the whole body."""
        if request.body is None:
            return WholeBody(MAX_FORM)
        question = UseGrant(
            provider=self._use.of,
            revokes=self._use.role is GrantRole.REVOCATION,
            target=request.head.target.decode("latin-1"),
            fields=tuple([_field(line) for line in request.head.lines]),
            body=request.body,
            address=request.client_ip.decode("latin-1"),
        )
        return self._clerk.ask(question, answer_of, self._within)

    def explain(self, request: Request) -> StepSaid:
        """Whom it stands before; what a token comes to, the clerk alone knows."""
        del request
        return StepSaid(
            f"the {self._use.role.value} endpoint of {self._use.of}: tokens there are used once, by the clerk"
        )


class GrantKind:
    """Keeps the providers of the table."""

    policy = GrantUse

    def __init__(self, services: StepServices) -> None:
        """No table yet."""
        self._clerk = services.clerk
        self._waits: dict[str, float] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """How long each lets its clients wait."""
        self._waits = {name: policy.wait + WITHIN for name, policy in snapshot.grants.items()}

    def step_of(self, policy: GrantUse, route: Route) -> GrantStep:
        """Of any route."""
        del route
        return GrantStep(policy, self._clerk, self._waits[policy.of])


def answer_of(answer: Answer) -> LocalAnswer:
    """As the client gets it."""
    if not isinstance(answer, GrantUsed):
        raise TypeError("the clerk answered something else")
    kind = _NO_TYPE
    lines = []
    for name, value in answer.fields:
        if name == "content-type":
            kind = value.encode("latin-1")
        else:
            lines.append(f"{name}: {value}".encode("latin-1"))
    return LocalAnswer(
        answer.status, "", body=answer.body, content_type=kind, lines=tuple(lines), counted=GrantUse.answers[0]
    )


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("latin-1").lower(), value.strip().decode("latin-1")
