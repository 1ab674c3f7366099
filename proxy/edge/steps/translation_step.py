"""The step of a route with `adapter`: what goes to the side that clients do not speak to is translated first.

Rule 1: a body is read whole only where a step of the adapter reads it, and only for that side: to the side that clients
        speak to everything goes as it came, however long.
Rule 2: what cannot be translated is refused before anything is sent: 400, 412, 413 or 415, with the path and the step.
Rule 3: a body that is too long to be translated between two reads is handed to the translators' process: 503 where that
        cannot be had in time.
Rule 4: the head is translated as it is sent (`TranslationTap`): what Banyan adds to it is known only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy, TranslationAnswer, adapter_of, leaves_worker
from proxy.core.translation.translate_message import check_request, check_size, translate_content
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from proxy.edge.steps.step_kind import RouteStep, StepSaid, StepServices
from proxy.edge.steps.translation_tap import BACKSTOP, UNAVAILABLE, TranslationTap

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.tally import Counters
    from proxy.edge.translator.translator_link import Heard, Translator


class TranslationStep(RouteStep):
    """Go on with a tap that translates; or an answer where that cannot be."""

    name = "adapter"

    def __init__(self, adapter: AdapterPolicy, counters: Counters, translator: Translator) -> None:
        """Of one route."""
        self._adapter = adapter
        self._counters = counters
        self._translator = translator

    def __call__(self, request: Request, /) -> Verdict:
        """Rules 1 and 2."""
        adapter, head = self._adapter, request.head
        made, is_checked = None, request.leg.side is adapter.other
        if is_checked:
            try:
                check_request(adapter, head.method, head.target, head.lines, has_body=bool(head.length))
                if adapter.reads_request and head.length and request.body is None:
                    return WholeBody(adapter.max_body)
                if adapter.reads_request and leaves_worker(adapter, request.body or b""):
                    check_size(adapter, len(request.body or b""))
                    return self._ask(request)
                made = _as_made(translate_content(adapter, request.body or b""))
            except Untranslatable as error:
                return _refusal(adapter, error)
        self._watch(request, made, is_checked=is_checked)
        return None

    def _watch(self, request: Request, made: MadeElsewhere | None, *, is_checked: bool) -> None:
        tap = TranslationTap(self._adapter, request, self._counters, self._translator, made=made, is_checked=is_checked)
        request.watch(tap)

    def _ask(self, request: Request) -> Wait:
        """Rule 3."""
        adapter, translator, head = self._adapter, self._translator, request.head
        wait = Wait(adapter.timeout + BACKSTOP, lambda: translator.forget(number))

        def hear(heard: Heard) -> None:
            heard = _within(adapter, heard)
            if isinstance(heard, Untranslatable):
                wait.answer(_refusal(adapter, heard))
                return
            if not wait.is_over:
                self._watch(request, heard, is_checked=True)
            wait.go_on()

        number = translator.ask(adapter, ToMake(request.body or None, 0, head.method, head.target, head.lines), hear)
        return wait

    def explain(self, request: Request) -> StepSaid:
        """Whether this request would be translated, and by how many steps."""
        adapter, head = self._adapter, request.head
        if request.leg.side is not adapter.other:
            return StepSaid(f"clients speak {adapter.speaks.value}, which gets the request as it is")
        try:
            check_request(adapter, head.method, head.target, head.lines, has_body=bool(head.length))
        except Untranslatable as error:
            return StepSaid(error.sentence, _refusal(adapter, error))
        if adapter.code is not None:
            return StepSaid(f"{adapter.name} translates for {adapter.other.value}, by {adapter.code.file}")
        ways = ((adapter.request, "the request"), (adapter.answer, "its answer"), (adapter.error, "an error"))
        counted = ", ".join(f"{len(steps) or 'none'} on {what}" for steps, what in ways)
        return StepSaid(f"{adapter.name} translates for {adapter.other.value}; steps: {counted}")


def _refusal(adapter: AdapterPolicy, error: Untranslatable) -> LocalAnswer:
    detail = f"adapter {adapter.name} cannot translate the request for {adapter.other.value}: {error.sentence}"
    if error.status == UNAVAILABLE:
        counted = TranslationAnswer.TRANSLATOR_UNAVAILABLE.value
        return LocalAnswer(UNAVAILABLE, detail, lines=(b"Retry-After: 1",), counted=counted)
    return LocalAnswer(error.status, detail, counted=TranslationAnswer.UNTRANSLATABLE_REQUEST.value)


def _as_made(body: bytes | None) -> MadeElsewhere | None:
    """By steps in the worker."""
    return None if body is None else MadeElsewhere(body)


def _within(adapter: AdapterPolicy, heard: Heard) -> Heard:
    """It was made elsewhere: its length is checked here as well."""
    if isinstance(heard, MadeElsewhere) and heard.body is not None:
        try:
            check_size(adapter, len(heard.body))
        except Untranslatable as error:
            return error
    return heard


class TranslationKind:
    """Makes them."""

    policy = AdapterPolicy

    def __init__(self, services: StepServices) -> None:
        """The translators' process is told of all adapters of a table."""
        self._counters = services.counters
        self._translator = services.translator

    def follow(self, snapshot: Snapshot) -> None:
        """What a table before had, and this one has not, is translated no more once nothing waits for it."""
        found = [adapter_of(route.steps) for route in snapshot.routes if route.steps]
        self._translator.follow(dict.fromkeys(each for each in found if each is not None))

    def step_of(self, policy: AdapterPolicy, route: Route) -> TranslationStep:
        """Of any route."""
        del route
        return TranslationStep(policy, self._counters, self._translator)
