"""What translates a request as it is sent to the side that clients do not speak to, and what that side answers.

Rule 1: which side is asked is known with each attempt: where the other one steps in, nothing is translated.
Rule 2: an answer whose body a step reads is held whole, within the adapter's bound; any other streams, with its head
        translated. What cannot be translated, or is longer, becomes 502, with path and step: the side's failure.
Rule 3: an answer that is too long to be translated between two reads is handed to the translators' process. What that
        cannot do in time is 503, and no failure of the side.
Rule 4: neither the request's nor the answer's values stand in what is said of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.outcome import Blame, Failure, Phase
from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy, TranslationAnswer, leaves_worker
from proxy.core.translation.json_document import NotJson
from proxy.core.translation.translate_message import (
    NO_BODY,
    TranslatedAnswer,
    answer_content,
    check_answer,
    finish_answer,
    may_keep_body,
    translate_answer,
    translate_content,
)
from proxy.core.translation.translated_head import check_head, translate_head
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.routing.tap import Tap
from proxy.edge.wire.replaced_head import head_with

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.request import Request
    from proxy.edge.tally import Counters
    from proxy.edge.translator.translator_link import Heard, Translator

BACKSTOP: Final = 3.0
"""Seconds beside an adapter's own time after which nobody waits for a translation; its word has come before."""
UNAVAILABLE: Final = 503
_BAD_GATEWAY: Final = 502


class TranslationTap(Tap):
    """Of one request."""

    replaces = True

    def __init__(
        self,
        adapter: AdapterPolicy,
        request: Request,
        counters: Counters,
        translator: Translator,
        *,
        made: MadeElsewhere | None,
        is_checked: bool,
    ) -> None:
        """`made` is the request as translated, None: its body stays; `is_checked`: it is known that it can be."""
        self._adapter = adapter
        self._route = request.bound.route.name
        self._counters = counters
        self._translator = translator
        self._is_head = request.head.method == b"HEAD"
        self._method, self._target = request.head.method, request.head.target
        self._is_unread = bool(request.head.length) and request.body is None and adapter.reads_request
        self._is_checked = is_checked
        self._body = request.body or b""
        self._sent = made
        self._translates = False
        self._made: tuple[ResponseHead, bytes] | None = None
        self._reads = False

    def sending(self, data: bytes, leg: Leg) -> bytes | Failure:
        """Rule 1."""
        self._translates = leg.side is self._adapter.other
        if not self._translates:
            return data
        if not self._is_checked and not self._check(data):
            detail = f"the request was moved to {leg.name} while it waited, and has to be translated for it first"
            return Failure(phase=Phase.CONNECT, blame=Blame.PROXY, detail=detail, retry_after=1)
        try:
            if self._sent is None:
                return translate_head(self._adapter, data, None)
            return translate_head(self._adapter, data, self._sent.body, self._sent.change)
        except Untranslatable as error:  # with what was put into its head behind the step
            detail = f"adapter {self._adapter.name} cannot translate the request for {leg.name}: {error.sentence}"
            return Failure(phase=Phase.CONNECT, blame=Blame.PROXY, detail=detail)

    def _check(self, data: bytes) -> bool:
        """A kill has moved the request here behind its step: what cannot be translated now is not sent."""
        if self._is_unread or (self._adapter.reads_request and leaves_worker(self._adapter, self._body)):
            return False
        try:
            check_head(self._adapter, data, has_body=bool(self._body))
            made = translate_content(self._adapter, self._body)
            self._sent = None if made is None else MadeElsewhere(made)
        except Untranslatable:
            return False
        self._is_checked = True
        return True

    def sends(self, payload: bytes, leg: Leg) -> bytes:
        """The body that belongs to the head."""
        del leg
        sent = self._sent if self._translates else None
        return payload if sent is None or sent.body is None else sent.body

    def interim(self, head: ResponseHead) -> ResponseHead | None:
        """Translated as the head of an answer; one that cannot be is left out: the final answer says it."""
        if not self._translates:
            return head
        try:
            made = translate_answer(self._adapter, head.status, head.lines, None, is_head=True)
        except Untranslatable:
            return None
        return head_with(head, head.status, made.lines, 0)

    def see(self, head: ResponseHead) -> LocalAnswer | None:
        """Rule 2."""
        self.holds = 0
        self._made = None
        if not self._translates:
            return None
        try:
            reads = check_answer(self._adapter, head.status, head.lines, is_head=self._is_head)
        except Untranslatable as error:
            return self._refusal(error)
        self._reads = reads and head.length != 0
        if not self._reads and self._adapter.code is None:
            return None
        if not self._is_head and head.length > self._adapter.max_body:
            return self.outgrown()
        self.holds = self._adapter.max_body
        return None

    def outgrown(self) -> LocalAnswer | None:
        """Rule 2."""
        return self._refusal(Untranslatable("$", f"the body is longer than {self._adapter.max_body} bytes"))

    def settle(self, head: ResponseHead, body: bytes) -> LocalAnswer | Wait | None:
        """The answer is whole: rule 3."""
        try:
            content = answer_content(self._adapter, head.lines, body) if self._reads else b""
            if leaves_worker(self._adapter, content):
                return self._ask(head, body, content)
            self._make(head, translate_answer(self._adapter, head.status, head.lines, body))
        except Untranslatable as error:
            return self._refusal(error)
        return None

    def _ask(self, head: ResponseHead, body: bytes, content: bytes) -> LocalAnswer | Wait | None:
        """Rule 3."""
        adapter, translator = self._adapter, self._translator
        wait = Wait(adapter.timeout + BACKSTOP, lambda: translator.forget(number))

        def hear(heard: Heard) -> None:
            refusal = self._heard(head, body, heard)
            if refusal is None:
                wait.go_on()
            else:
                wait.answer(refusal)

        lines, keeps = head.lines, may_keep_body(head.status, head.lines)
        asked = ToMake(content or None, head.status, self._method, self._target, lines, keeps)
        number = translator.ask(adapter, asked, hear)
        return wait.given if wait.is_over else wait

    def _heard(self, head: ResponseHead, body: bytes, heard: Heard) -> LocalAnswer | None:
        """What became of the answer's body; that of an error that is no JSON stays."""
        if isinstance(heard, NotJson) and may_keep_body(head.status, head.lines):
            heard = MadeElsewhere(None)
        if isinstance(heard, Untranslatable):
            return self._refusal(heard)
        is_head = self._is_head
        made_body = None if is_head or head.status in NO_BODY else heard.body
        kept = None if is_head else body
        try:
            made = finish_answer(self._adapter, head.status, head.lines, kept, made_body, heard.change, is_head=is_head)
        except Untranslatable as error:
            return self._refusal(error)
        self._make(head, made)
        return None

    def _make(self, head: ResponseHead, made: TranslatedAnswer) -> None:
        body = made.body or b""
        self._made = (head_with(head, made.status, made.lines, len(body)), body)

    def replace(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        """What was made of it; or the head alone, where the body goes on as it comes."""
        del done
        if not self._translates:
            return head, payload
        if self._made is not None:
            return self._made
        made = translate_answer(self._adapter, head.status, head.lines, None, is_head=self._is_head)
        replaced = head_with(head, made.status, made.lines, head.length)
        replaced.trailer = head.trailer
        return replaced, payload

    def _refusal(self, error: Untranslatable) -> LocalAnswer:
        is_away = error.status == UNAVAILABLE
        counted = TranslationAnswer.TRANSLATOR_UNAVAILABLE if is_away else TranslationAnswer.UNTRANSLATABLE_ANSWER
        self._counters.step_answered(self._route, counted.value)
        name, side = self._adapter.name, self._adapter.other.value
        detail = f"adapter {name} cannot translate the answer of {side}: {error.sentence}"
        return LocalAnswer(UNAVAILABLE if is_away else _BAD_GATEWAY, detail)
