"""A body through the steps of a list, in their order; steps on the head are none of its business."""

from __future__ import annotations

from typing import assert_never

from proxy.core.translation.adapter_policy import BodyStep, Step
from proxy.core.translation.envelope import Unwrap, Wrap, unwrap, wrap
from proxy.core.translation.field_steps import Add, Drop, MoveMember, Rename, add, drop, move, rename
from proxy.core.translation.json_document import Json, read_json, write_json
from proxy.core.translation.key_case import ChangeCase, change_case
from proxy.core.translation.number_form import WriteNumber, write_number
from proxy.core.translation.time_form import WriteTime, write_time


def translate_body(body: bytes, steps: tuple[Step, ...]) -> bytes:
    """The body afterwards, as UTF-8; raises `Untranslatable`."""
    value = read_json(body)
    for step in steps:
        if isinstance(step, BodyStep):
            value = apply_step(value, step)
    return write_json(value)


def apply_step(value: Json, step: BodyStep) -> Json:
    """The value afterwards, which may be the same one, changed."""
    match step:
        case Wrap():
            return wrap(value, step)
        case Unwrap():
            return unwrap(value, step)
        case Rename():
            rename(value, step)
        case MoveMember():
            move(value, step)
        case ChangeCase():
            change_case(value, step)
        case Drop():
            drop(value, step)
        case Add():
            add(value, step)
        case WriteNumber():
            write_number(value, step)
        case WriteTime():
            write_time(value, step)
        case _:
            assert_never(step)
    return value
