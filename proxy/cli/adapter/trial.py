"""A message through an adapter, by the very functions that translate live ones: before, step by step, and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.cli.adapter.written_message import WrittenMessage
from proxy.core.translation.adapter_code import NO_CHANGE, MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy, Step
from proxy.core.translation.translate_message import (
    TranslatedAnswer,
    answer_content,
    check_answer,
    check_request,
    check_size,
    finish_answer,
    keeps_body,
    steps_for,
    translate_answer,
    translate_content,
    translate_request,
)
from proxy.core.translation.untranslatable import Untranslatable
from proxy.core.translation.watched_message import WatchedMessage, watch_message


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """As text: the first line, header fields, body."""

    start: str
    fields: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step that did something, and what has changed: the first line, fields or the body, whichever it was."""

    step: str
    left: str


@dataclass(slots=True, kw_only=True)
class Trial:
    """`after` None: it cannot be translated, and `problem` says why; a client would get `status`."""

    adapter: str
    translates: str
    before: ShownMessage
    steps: list[ShownStep] = field(default_factory=list)
    after: ShownMessage | None = None
    problem: str = ""
    status: int = 0


def try_request(adapter: AdapterPolicy, said: WrittenMessage) -> Trial:
    """A request to the side that clients do not speak to."""
    trial = Trial(
        adapter=adapter.name,
        translates=f"a request for {adapter.other.value}",
        before=_shown(_first(said), said.lines, said.body),
    )
    lines = list(said.lines)
    try:
        check_request(adapter, said.method, said.target, lines, has_body=bool(said.body))
        body = said.body if said.body and adapter.reads_request else None
        check_size(adapter, 0 if body is None else len(body))
        if adapter.code is not None:
            made, change = _by_code(adapter, ToMake(body, 0, said.method, said.target, lines))
        else:
            trial.steps += _steps(WatchedMessage(said.target, 0, lines, body), adapter.request, said.method)
            made, change = translate_content(adapter, said.body), NO_CHANGE
        found = translate_request(adapter, said.method, said.target, lines, made, change)
    except Untranslatable as error:
        trial.problem, trial.status = error.sentence, error.status
        return trial
    start = f"{_text(said.method)} {_text(found.target)}"
    trial.after = _shown(start, found.lines, said.body if made is None else made)
    return trial


def try_answer(adapter: AdapterPolicy, said: WrittenMessage) -> Trial:
    """What the side that clients do not speak to has answered."""
    trial = Trial(
        adapter=adapter.name,
        translates=f"an answer of {adapter.other.value}",
        before=_shown(str(said.status), said.lines, said.body),
    )
    lines = list(said.lines)
    try:
        reads = check_answer(adapter, said.status, lines, is_head=False) and bool(said.body)
        check_size(adapter, len(said.body) if reads else 0)
        body = said.body if reads and not keeps_body(adapter, said.status, lines, said.body) else None
        trial.steps += _steps(WatchedMessage(b"", said.status, lines, body), steps_for(adapter, said.status))
        made = _answer_by(adapter, said, body)
    except Untranslatable as error:
        trial.problem, trial.status = error.sentence, 502
        return trial
    trial.after = _shown(str(made.status), made.lines, said.body if made.body is None else made.body)
    return trial


def _answer_by(adapter: AdapterPolicy, said: WrittenMessage, body: bytes | None) -> TranslatedAnswer:
    lines = list(said.lines)
    if adapter.code is None:
        return translate_answer(adapter, said.status, lines, body)
    content = None if body is None else answer_content(adapter, lines, body)
    made, change = _by_code(adapter, ToMake(content, said.status, b"GET", b"/", lines))
    return finish_answer(adapter, said.status, lines, said.body or None, made, change)


def _by_code(adapter: AdapterPolicy, asked: ToMake) -> MadeElsewhere:
    """In a process as live messages have it."""
    from proxy.translator.code_trial import translated_by_code

    found = translated_by_code(adapter, asked)
    if isinstance(found, Untranslatable):
        raise found
    return found


def _steps(message: WatchedMessage, steps: tuple[Step, ...], method: bytes = b"") -> Iterator[ShownStep]:
    """Each as it was done, so that those before one that cannot go on are seen."""
    before = message
    for worked in watch_message(message, steps):
        after = worked.message
        if after.target != before.target:
            left = f"{_text(method)} {_text(after.target)}"
        elif after.status != before.status:
            left = str(after.status)
        elif after.lines != before.lines:
            left = ", ".join(_text(line) for line in after.lines if line not in before.lines) or "(left out)"
        else:
            left = _text(after.body or b"")
        yield ShownStep(worked.step.text, left)
        before = after


def _first(said: WrittenMessage) -> str:
    return f"{_text(said.method)} {_text(said.target)}"


def _shown(start: str, lines: tuple[bytes, ...] | list[bytes], body: bytes) -> ShownMessage:
    return ShownMessage(start, tuple(map(_text, lines)), _text(body))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
