"""What a shadow is sent and what it answers, through the adapter of its route.

Rule 1: what an adapter does not let across is no part of the comparison, on either side: validators and digests, and
        the coding in which the side that is spoken has sent its body.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from proxy.core.parity.formats.decode import Undecodable, decode
from proxy.core.parity.pair import UNTRANSLATABLE, CapturedAnswer
from proxy.core.translation.field_lines import DIGESTS, VALIDATORS, codings_in
from proxy.core.translation.translate_message import check_answer, check_size, translate_answer, translate_content
from proxy.core.translation.translated_head import check_head, translate_head
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.shadow.captured_body import fields_of

if TYPE_CHECKING:
    from proxy.core.translation.adapter_policy import AdapterPolicy

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


def as_translated(adapter: AdapterPolicy, data: bytes, coded: bytes, body: bytes) -> tuple[bytes, bytes]:
    """The head `data` and the body to send; `coded` is the body as it came, `body` the same without its coding.

    Raises `Untranslatable`.
    """
    check_head(adapter, data, has_body=bool(body))
    made = translate_content(adapter, body)
    return translate_head(adapter, data, made), coded if made is None else made


def translated_capture(adapter: AdapterPolicy, answer: CapturedAnswer, *, is_head: bool) -> CapturedAnswer:
    """As the client would have got it. What was cut stays as it is: it is compared with nothing."""
    if answer.failure or answer.size > len(answer.body):
        return answer
    lines = [b"%b: %b" % field for field in answer.fields]
    try:
        reads = check_answer(adapter, answer.status, lines, is_head=is_head)
        if reads:
            check_size(adapter, answer.size)
        made = translate_answer(adapter, answer.status, lines, answer.body if reads else None, is_head=is_head)
    except Untranslatable:
        return replace(answer, failure=UNTRANSLATABLE, body=b"")
    body = answer.body if made.body is None else made.body
    return replace(answer, status=made.status, fields=fields_of(made.lines), body=body, size=len(body))
