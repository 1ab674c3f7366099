"""What Banyan answers itself where no side does: `respond`, and routes that are retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.routing.decide import Decision
    from proxy.edge.routing.bound_table import BoundRoute


def respond(bound: BoundRoute, decision: Decision) -> LocalAnswer:
    """The route's own answer; without one it is 410."""
    said = bound.route.respond
    if said is not None:
        answer = LocalAnswer(said.status, "", reason=decision.reason.value)
        if said.body or said.status < 400:
            answer.body, answer.content_type = said.body, said.content_type.encode("latin-1")
        else:
            answer.detail = "this route is answered by the proxy itself"
        return answer
    return LocalAnswer(410, f"{bound.route.name} has been retired", reason=decision.reason.value)
