"""The step of a route with `adapter`: what goes to the side that clients do not speak to is translated first.

Rule 1: a body is read whole only where a step of the adapter reads it, and only for that side: to the side that clients
        speak to everything goes as it came, however long.
Rule 2: what cannot be translated is refused before anything is sent: 400, 412, 413 or 415, with the path and the step.
Rule 3: the head is translated as it is sent (`TranslationTap`): what Banyan adds to it is known only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.translation.adapter_policy import AdapterPolicy, TranslationAnswer
from proxy.core.translation.translate_message import check_request, translate_content
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.routing.step import LocalAnswer, Verdict, WholeBody
from proxy.edge.steps.step_kind import RouteStep, StepSaid, StepServices
from proxy.edge.steps.translation_tap import TranslationTap

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.tally import Counters


class TranslationStep(RouteStep):
    """Go on with a tap that translates; or an answer where that cannot be."""

    name = "adapter"

    def __init__(self, adapter: AdapterPolicy, counters: Counters) -> None:
        """Of one route."""
        self._adapter = adapter
        self._counters = counters

    def __call__(self, request: Request, /) -> Verdict:
        """Rules 1 and 2."""
        adapter, head = self._adapter, request.head
        made, is_checked = None, request.leg.side is adapter.other
        if is_checked:
            try:
                check_request(adapter, head.method, head.target, head.lines, has_body=bool(head.length))
                if adapter.reads_request and head.length and request.body is None:
                    return WholeBody(adapter.max_body)
                made = translate_content(adapter, request.body or b"")
            except Untranslatable as error:
                return _refusal(adapter, error)
        request.watch(TranslationTap(adapter, request, self._counters, made, is_checked=is_checked))
        return None

    def explain(self, request: Request) -> StepSaid:
        """Whether this request would be translated, and by how many steps."""
        adapter, head = self._adapter, request.head
        if request.leg.side is not adapter.other:
            return StepSaid(f"clients speak {adapter.speaks.value}, which gets the request as it is")
        try:
            check_request(adapter, head.method, head.target, head.lines, has_body=bool(head.length))
        except Untranslatable as error:
            return StepSaid(error.sentence, _refusal(adapter, error))
        ways = ((adapter.request, "the request"), (adapter.answer, "its answer"), (adapter.error, "an error"))
        counted = ", ".join(f"{len(steps) or 'none'} on {what}" for steps, what in ways)
        return StepSaid(f"{adapter.name} translates for {adapter.other.value}; steps: {counted}")


def _refusal(adapter: AdapterPolicy, error: Untranslatable) -> LocalAnswer:
    detail = f"adapter {adapter.name} cannot translate the request for {adapter.other.value}: {error.sentence}"
    return LocalAnswer(error.status, detail, counted=TranslationAnswer.UNTRANSLATABLE_REQUEST.value)


class TranslationKind:
    """Makes them."""

    policy = AdapterPolicy

    def __init__(self, services: StepServices) -> None:
        """It asks nobody."""
        self._counters = services.counters

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing outlives a table here."""

    def step_of(self, policy: AdapterPolicy, route: Route) -> TranslationStep:
        """Of any route."""
        del route
        return TranslationStep(policy, self._counters)
