"""What a shadow is sent and what it answers, through the adapter of its route.

What is too long for the worker is translated by the translators' process; whoever asked hears it then.

Rule 1: what an adapter does not let across is no part of the comparison, on either side: validators and digests, and
        the coding in which the side that is spoken has sent its body.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from proxy.core.parity.formats.decode import Undecodable, decode
from proxy.core.parity.pair import UNTRANSLATABLE, CapturedAnswer
from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import leaves_worker
from proxy.core.translation.field_lines import DIGESTS, VALIDATORS, codings_in
from proxy.core.translation.json_document import NotJson
from proxy.core.translation.translate_message import (
    NO_BODY,
    TranslatedAnswer,
    answer_content,
    check_answer,
    check_size,
    finish_answer,
    may_keep_body,
    translate_answer,
    translate_content,
)
from proxy.core.translation.translated_head import check_head, translate_head
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.shadow.captured_body import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.translation.adapter_policy import AdapterPolicy
    from proxy.edge.translator.translator_link import Heard, Translator

_CODED: Final = frozenset({b"content-encoding", b"content-length"})
_UNCOMPARED: Final = VALIDATORS | DIGESTS


def as_compared(answer: CapturedAnswer) -> CapturedAnswer:
    """Rule 1, for the side that is spoken; its coding is undone where that can be, within what any comparison does."""
    fields = tuple(field for field in answer.fields if field[0].lower() not in _UNCOMPARED)
    coding = codings_in([b"%b: %b" % field for field in fields])
    if not coding or answer.failure or answer.size > len(answer.body):
        return replace(answer, fields=fields)
    try:
        body = decode(answer.body, coding)
    except Undecodable:
        return replace(answer, fields=fields)
    plain = tuple(field for field in fields if field[0].lower() not in _CODED)
    return replace(answer, fields=plain, body=body, size=len(body))


class ShadowTranslation:
    """Of one adapter, for shadows; what it is asked it answers by `hear`, once, perhaps before it returns."""

    __slots__ = ("_adapter", "_translator")

    def __init__(self, adapter: AdapterPolicy, translator: Translator) -> None:
        """`translator` has what is too long."""
        self._adapter = adapter
        self._translator = translator

    def request(
        self, data: bytes, coded: bytes, body: bytes, hear: Callable[[tuple[bytes, bytes] | None], None]
    ) -> None:
        """The head `data` and the body to send; None: it cannot be translated.

        `coded` is the body as it came, `body` the same without its coding.
        """
        adapter = self._adapter

        def translated(made: Heard) -> None:
            try:
                if isinstance(made, Untranslatable):
                    raise made
                said = translate_head(adapter, data, made.body, made.change), coded if made.body is None else made.body
            except Untranslatable:
                hear(None)
            else:
                hear(said)

        try:
            check_head(adapter, data, has_body=bool(body))
            if adapter.reads_request and leaves_worker(adapter, body):
                check_size(adapter, len(body))
                start, *lines = data.split(b"\r\n")[:-2]
                method, target, _ = start.split(b" ")
                asked = ToMake(body or None, 0, method, target, lines)
                self._translator.ask(adapter, asked, translated, is_waited_for=False)
                return
            made = translate_content(adapter, body)
        except Untranslatable as error:
            translated(error)
        else:
            translated(MadeElsewhere(made))

    def answer(
        self, answer: CapturedAnswer, method: bytes, target: bytes, hear: Callable[[CapturedAnswer], None]
    ) -> None:
        """As the client would have got it. What was cut stays as it is: it is compared with nothing.

        `method` and `target` are the request's.
        """
        is_head = method == b"HEAD"
        if answer.failure or answer.size > len(answer.body):
            hear(answer)
            return
        adapter, lines = self._adapter, [b"%b: %b" % field for field in answer.fields]
        try:
            reads = check_answer(adapter, answer.status, lines, is_head=is_head)
            if reads:
                check_size(adapter, answer.size)
            content = answer_content(adapter, lines, answer.body) if reads else b""
            if leaves_worker(adapter, content):
                keeps = may_keep_body(answer.status, lines)
                self._ask(answer, ToMake(content or None, answer.status, method, target, lines, keeps), hear)
                return
            made = translate_answer(adapter, answer.status, lines, answer.body if reads else None, is_head=is_head)
        except Untranslatable:
            hear(replace(answer, failure=UNTRANSLATABLE, body=b""))
        else:
            hear(_made(answer, made))

    def _ask(self, answer: CapturedAnswer, asked: ToMake, hear: Callable[[CapturedAnswer], None]) -> None:
        is_head, lines = asked.method == b"HEAD", asked.lines

        def translated(heard: Heard) -> None:
            if isinstance(heard, NotJson) and asked.may_keep:
                heard = MadeElsewhere(None)
            try:
                if isinstance(heard, Untranslatable):
                    raise heard
                body = None if is_head else answer.body
                made_body = None if is_head or answer.status in NO_BODY else heard.body
                made = finish_answer(
                    self._adapter, answer.status, lines, body, made_body, heard.change, is_head=is_head
                )
            except Untranslatable:
                hear(replace(answer, failure=UNTRANSLATABLE, body=b""))
            else:
                hear(_made(answer, made))

        self._translator.ask(self._adapter, asked, translated, is_waited_for=False)


def _made(answer: CapturedAnswer, made: TranslatedAnswer) -> CapturedAnswer:
    body = answer.body if made.body is None else made.body
    return replace(answer, status=made.status, fields=fields_of(made.lines), body=body, size=len(body))
