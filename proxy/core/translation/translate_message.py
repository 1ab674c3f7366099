"""Whole messages between two contracts: a request for the side that is not spoken, and what that side answers, back.

Rule 1: bodies are JSON in UTF-8, whatever `charset` says (RFC 8259 section 8.1); one that declares another charset is
        refused, and so is one of another media type where a step would read it. An error (400 and above) that says
        it is no JSON, or says nothing and is none, goes on with the body that it has: its status says the most of it.
        Of a field that came in several lines every line has to hold.
Rule 2: a request with a Content-Encoding is refused. Answers are asked for without; one that has it all the same is
        decoded, and goes on without.
Rule 3: validators hold for one side's own bytes: `ETag` and its like do not come back, `If-None-Match` and `Range` do
        not go out, so that the answer is whole. A 206 or 304 was not asked for then, and cannot be translated.
        What makes a write depend on them (`If-Match`) is refused with 412: it can hold for nothing that is there.
Rule 4: an answer without a body by its nature (HEAD, 204, 205) has its status and fields translated alone; of what a
        HEAD says the length is left out, since the body that it speaks of is another one.
Rule 5: what comes out is as long as its Content-Length says, is never chunked, and has no trailers. Digests of the body
        that it was are left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.core.parity.formats.decode import Bounds, Undecodable, decode
from proxy.core.parity.formats.media import Media, parameters_of, read_content_type
from proxy.core.translation.adapter_code import NO_CHANGE, HeadChange, changed_lines, changed_target
from proxy.core.translation.adapter_policy import AdapterPolicy, Step, reads_body
from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.field_lines import (
    CONDITIONS,
    DIGESTS,
    FRAMING,
    PRECONDITIONS,
    VALIDATORS,
    DropHeader,
    MapStatus,
    RenameHeader,
    SetHeader,
    change_lines,
    codings_in,
    map_status,
    name_of,
    values_in,
    without,
)
from proxy.core.translation.json_document import NotJson, read_json
from proxy.core.translation.query_steps import DropQuery, RenameQuery, SetQuery, change_target
from proxy.core.translation.untranslatable import Untranslatable

FIRST_ERROR: Final = 400
NO_BODY: Final = frozenset({204, 205})
PARTS: Final = frozenset({206, 304})
_READS: Final = frozenset({b"GET", b"HEAD"})
_TAGS: Final = frozenset({b"if-match", b"if-none-match"})
_UTF_8: Final = frozenset({"", "utf-8", "utf8"})
_FRAMED: Final = FRAMING | {b"trailer"}


class TranslatedRequest(NamedTuple):
    """`lines` are all field lines."""

    target: bytes
    lines: list[bytes]


class TranslatedAnswer(NamedTuple):
    """`lines` are all field lines; the Content-Length among them is that of `body`, unless that goes on as it came."""

    status: int
    lines: list[bytes]
    body: bytes | None


def check_request(adapter: AdapterPolicy, method: bytes, target: bytes, lines: list[bytes], *, has_body: bool) -> None:
    """What can be said of a request by its head: rules 1 to 3, and its own steps. Raises `Untranslatable`."""
    if _depends(method, lines):
        why = "it is a validator of one side, and the other would be asked"
        raise Untranslatable("a precondition", why, status=412)
    _change_heads(target, lines, adapter.request)
    if not (has_body and adapter.reads_request):
        return
    if coding := codings_in(lines):
        raise Untranslatable("header:Content-Encoding", f"a body in {coding} is not read here", status=415)
    _check_media(lines)


def _depends(method: bytes, lines: list[bytes]) -> bool:
    """Whether any line makes a request depend on what one side has given.

    `*`, where it has a meaning, does not: it asks for what is there, or for nothing. An empty line holds for nothing.
    """
    names = PRECONDITIONS if method in _READS else PRECONDITIONS | {b"if-none-match"}
    return any(name_of(line) in names and not _asks_for_any(line) for line in lines)


def _asks_for_any(line: bytes) -> bool:
    name, _, value = line.partition(b":")
    return name.lower() in _TAGS and value.strip(b" \t") == b"*"


def translate_content(adapter: AdapterPolicy, body: bytes) -> bytes | None:
    """The body of a request; None: no step reads it, or there is none. Raises `Untranslatable`."""
    if not body or not adapter.reads_request:
        return None
    check_size(adapter, len(body))
    return _within(adapter, translate_body(body, adapter.request))


def translate_request(
    adapter: AdapterPolicy,
    method: bytes,
    target: bytes,
    lines: list[bytes],
    made: bytes | None,
    change: HeadChange = NO_CHANGE,
) -> TranslatedRequest:
    """`lines` of a whole head; `made` is what became of the body, None: it goes on as it came.

    `change` is what code made of the head, and was checked. Raises `Untranslatable`.
    """
    stays = {b"if-none-match"} if method not in _READS else set[bytes]()
    lines = [line for line in lines if not _is_condition(line, stays)]
    target, lines = _change_heads(target, lines, adapter.request)
    target, lines = changed_target(target, change), changed_lines(lines, change)
    if adapter.reads_answer:
        lines = [*without(lines, {b"accept-encoding"}), b"Accept-Encoding: identity"]
    return TranslatedRequest(target, lines if made is None else _framed(lines, made))


def _is_condition(line: bytes, stays: set[bytes]) -> bool:
    name = name_of(line)
    return name in CONDITIONS and name not in stays and not (name in PRECONDITIONS and _asks_for_any(line))


def _change_heads(target: bytes, lines: list[bytes], steps: tuple[Step, ...]) -> tuple[bytes, list[bytes]]:
    for step in steps:
        target, lines = change_head(target, lines, step)
    return target, lines


def change_head(target: bytes, lines: list[bytes], step: Step) -> tuple[bytes, list[bytes]]:
    """By one step; those on bodies and statuses change neither."""
    match step:
        case RenameHeader() | DropHeader() | SetHeader():
            return target, change_lines(lines, step)
        case RenameQuery() | DropQuery() | SetQuery():
            return change_target(target, step), lines
        case _:
            return target, lines


def is_read(adapter: AdapterPolicy, status: int, lines: list[bytes], *, is_head: bool) -> bool:
    """Whether the body of this answer is translated; `is_head`: it is one to a HEAD."""
    if is_head or status in NO_BODY or not _reads(adapter, status):
        return False
    return status < FIRST_ERROR or not _types(lines) or _is_json(lines)


def keeps_body(adapter: AdapterPolicy, status: int, lines: list[bytes], body: bytes) -> bool:
    """Whether an error that says no media type has a body that is found to be no JSON; raises `Untranslatable`."""
    if not may_keep_body(status, lines):
        return False
    try:
        read_json(_decoded(body, codings_in(lines), adapter.max_body))
    except NotJson:
        return True
    return False


def check_answer(adapter: AdapterPolicy, status: int, lines: list[bytes], *, is_head: bool) -> bool:
    """`is_read`; what can be said by its head cannot be translated is refused: raises `Untranslatable`."""
    if status in PARTS:
        raise Untranslatable("status", f"{status} was not asked for, and is no whole answer")
    _change_heads(b"", lines, steps_for(adapter, status))
    reads = is_read(adapter, status, lines, is_head=is_head)
    if reads:
        _check_media(lines)
    return reads


def may_keep_body(status: int, lines: list[bytes]) -> bool:
    """Whether an answer is an error that says no media type: its body stays as it is if it turns out to be no JSON."""
    return status >= FIRST_ERROR and not _types(lines)


def translate_answer(
    adapter: AdapterPolicy, status: int, lines: list[bytes], body: bytes | None, *, is_head: bool = False
) -> TranslatedAnswer:
    """What the side that is not spoken has answered; `body` None: it is not read, and goes on as it comes.

    `lines` come without trailers; raises `Untranslatable`.
    """
    made = None
    if body and not keeps_body(adapter, status, lines, body):
        content = answer_content(adapter, lines, body)
        made = _within(adapter, translate_body(content, steps_for(adapter, status)))
    return finish_answer(adapter, status, lines, body, made, is_head=is_head)


def answer_content(adapter: AdapterPolicy, lines: list[bytes], body: bytes) -> bytes:
    """The body of an answer without its coding, as steps read it; raises `Untranslatable`."""
    return _decoded(body, codings_in(lines), adapter.max_body)


def finish_answer(
    adapter: AdapterPolicy,
    status: int,
    lines: list[bytes],
    body: bytes | None,
    made: bytes | None,
    change: HeadChange = NO_CHANGE,
    *,
    is_head: bool = False,
) -> TranslatedAnswer:
    """`translate_answer` once it is known what became of the `body`; `made` None: it stays, where there is one.

    `change` is what code made of the head, and was checked.
    """
    steps = steps_for(adapter, status)
    lines = without(lines, VALIDATORS)
    if made is not None:
        check_size(adapter, len(made))
        lines = without(lines, DIGESTS | {b"content-encoding"})
        body = made
        if adapter.code is not None and not _is_json(lines):
            lines = [*without(lines, {b"content-type"}), b"Content-Type: application/json"]
    if is_head and _reads(adapter, status):
        lines = without(lines, _FRAMED | DIGESTS | {b"content-encoding"})
    for step in steps:
        status = map_status(status, step) if isinstance(step, MapStatus) else status
    lines = changed_lines(_change_heads(b"", lines, steps)[1], change)
    status = change.status or status
    if change.status in NO_BODY:
        return TranslatedAnswer(status, without(lines, _FRAMED | {b"content-type"}), b"")
    return TranslatedAnswer(status, lines if body is None else _framed(lines, body), body)


def _reads(adapter: AdapterPolicy, status: int) -> bool:
    """Whether bodies of answers with this status are read."""
    return adapter.code is not None or reads_body(steps_for(adapter, status))


def steps_for(adapter: AdapterPolicy, status: int) -> tuple[Step, ...]:
    """Those on an answer with this status."""
    return adapter.error if status >= FIRST_ERROR else adapter.answer


def _decoded(body: bytes, coding: str, most: int) -> bytes:
    try:
        return decode(body, coding, Bounds(size=most)) if coding else body
    except Undecodable as error:
        raise Untranslatable("header:Content-Encoding", str(error)) from None


def _is_json(lines: list[bytes]) -> bool:
    return any(read_content_type(each).media is Media.JSON for each in _types(lines))


def _types(lines: list[bytes]) -> list[str]:
    """What each line of Content-Type says that says something."""
    return [value for value in values_in(lines, b"content-type") if value]


def _check_media(lines: list[bytes]) -> None:
    """Rule 1, for each line; where nothing is said it is read as JSON, or found to be none."""
    for value in _types(lines):
        if read_content_type(value).media is not Media.JSON:
            raise Untranslatable("header:Content-Type", "the body is no JSON, and steps read JSON", status=415)
        if parameters_of(value).get("charset", "").lower() not in _UTF_8:
            raise Untranslatable("header:Content-Type", "JSON is UTF-8, and another charset is declared", status=415)


def check_size(adapter: AdapterPolicy, size: int) -> None:
    """Of a body, before or after; raises `Untranslatable`."""
    if size > adapter.max_body:
        raise Untranslatable("$", f"the body is longer than {adapter.max_body} bytes", status=413)


def _within(adapter: AdapterPolicy, body: bytes) -> bytes:
    check_size(adapter, len(body))
    return body


def _framed(lines: list[bytes], body: bytes) -> list[bytes]:
    """Rule 5."""
    return [*without(lines, _FRAMED), b"Content-Length: %d" % len(body)]
