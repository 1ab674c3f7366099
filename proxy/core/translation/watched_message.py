"""A message through the steps of a list, one by one, for people: which of them did something, and what it left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from proxy.core.translation.adapter_policy import BodyStep, Step
from proxy.core.translation.body_steps import apply_step
from proxy.core.translation.field_lines import MapStatus, map_status
from proxy.core.translation.json_document import read_json, write_json
from proxy.core.translation.translate_message import change_head


class WatchedMessage(NamedTuple):
    """A request's `target` or an answer's `status`; `body` None: no step reads it."""

    target: bytes
    status: int
    lines: list[bytes]
    body: bytes | None


class Worked(NamedTuple):
    """A step that has changed something, with the message as it has left it."""

    step: Step
    message: WatchedMessage


def watch_message(message: WatchedMessage, steps: tuple[Step, ...]) -> Iterator[Worked]:
    """Raises `Untranslatable` where a step cannot go on, behind those that could."""
    value = None if message.body is None else read_json(message.body)
    if message.body is not None:
        message = message._replace(body=write_json(value))
    for step in steps:
        after = message
        if not isinstance(step, BodyStep):
            after = _changed(message, step)
        elif message.body is not None:
            value = apply_step(value, step)
            after = message._replace(body=write_json(value))
        if after != message:
            yield Worked(step, after)
        message = after


def _changed(message: WatchedMessage, step: Step) -> WatchedMessage:
    if isinstance(step, MapStatus):
        return message._replace(status=map_status(message.status, step))
    target, lines = change_head(message.target, message.lines, step)
    return message._replace(target=target, lines=lines)
