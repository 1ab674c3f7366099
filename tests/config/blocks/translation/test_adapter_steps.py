"""Steps of an adapter, as they are written and as the core has them."""

from __future__ import annotations

import pytest

from proxy.config.blocks.translation.adapter_steps import WORDS, StepBlock, StepFault, step_of
from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.field_lines import DropHeader, MapStatus, RenameHeader, SetHeader
from proxy.core.translation.field_steps import Add, Drop, Empty, MoveMember, Rename
from proxy.core.translation.key_case import ChangeCase, KeyCase
from proxy.core.translation.number_form import NumberForm, WriteNumber
from proxy.core.translation.query_steps import DropQuery, RenameQuery, SetQuery
from proxy.core.translation.time_form import TimeForm, TimeWord, WriteTime
from tests.core.translation.test_body_path import path

A = path("$.a")
STEPS: list[tuple[dict[str, object], Step]] = [
    ({"rename": "$.a", "to": "b"}, Rename(A, "b")),
    ({"move": "$.a", "to": "$.b.c"}, MoveMember(A, path("$.b.c"))),
    ({"move": "$.x[*].a", "to": "$.x[*].b"}, MoveMember(path("$.x[*].a"), path("$.x[*].b"))),
    ({"case": "$", "to": "snake"}, ChangeCase(path("$"), KeyCase.SNAKE)),
    ({"drop": "$.a"}, Drop(A)),
    ({"drop": "$.a", "when": "is_null"}, Drop(A, when_null=True)),
    ({"add": "$.a"}, Add(A, None)),
    ({"add": "$.a", "value": []}, Add(A, Empty(is_list=True))),
    ({"default": "$.a", "value": 0}, Add(A, 0, or_null=True)),
    ({"number": "$.a", "to": "text"}, WriteNumber(A, NumberForm.TEXT)),
    (
        {"time": "$.a", "reads": "unix", "to": "%Y-%m-%d", "zone": "+09:00"},
        WriteTime(A, TimeForm(TimeWord.UNIX), TimeForm(None, "%Y-%m-%d"), 540),
    ),
    ({"wrap": "data"}, Wrap("data")),
    ({"unwrap": "data"}, Unwrap("data")),
    ({"unwrap": "data", "others": "drop"}, Unwrap("data", drops_others=True)),
    ({"status": {"201": 200}}, MapStatus(((201, 200),))),
    ({"header": "X-A", "to": "X-B"}, RenameHeader("X-A", "X-B")),
    ({"drop_header": "X-A"}, DropHeader("X-A")),
    ({"set_header": "X-A", "value": "1"}, SetHeader("X-A", "1")),
    ({"query": "p", "to": "page"}, RenameQuery("p", "page")),
    ({"drop_query": "p"}, DropQuery("p")),
    ({"set_query": "p", "value": "1"}, SetQuery("p", "1")),
]


@pytest.mark.parametrize(("said", "step"), STEPS, ids=str)
def test_a_step_is_what_it_says(said: dict[str, object], step: Step) -> None:
    """One word, and the keys that it takes."""
    assert step_of(StepBlock.model_validate(said)) == step


def test_every_word_is_tried() -> None:
    """None is left without a case here."""
    assert {word for said, _ in STEPS for word in said if word in WORDS} == WORDS.keys()


@pytest.mark.parametrize(
    ("said", "key", "message"),
    [
        ({}, "", "needs one of rename, move"),
        ({"to": "b"}, "", "needs one of rename, move"),
        ({"rename": "$.a", "to": "b", "drop": "$.c"}, "drop", "rename and drop are two steps; write two"),
        ({"rename": "$.a"}, "", "rename needs to"),
        ({"time": "$.a", "to": "unix"}, "", "time needs reads"),
        ({"drop": "$.a", "to": "b"}, "to", "has no meaning beside drop; take it out"),
        ({"rename": "$.a[*]", "to": "b"}, "rename", "must name a member"),
        ({"drop": "$"}, "drop", "must name a member"),
        ({"move": "$.a", "to": "b"}, "to", "must be the path of a member"),
        ({"move": "$.a", "to": "$.b[*]"}, "to", "must be the path of a member"),
        ({"move": "$.x[*].a", "to": "$.a"}, "to", "must stay within the same element"),
        ({"move": "$.a", "to": "$.x[*].a"}, "to", "must stay within the same element"),
        ({"move": "$.a", "to": "$.a.b"}, "to", "must not lead into what is moved"),
        ({"case": "$", "to": "kebab"}, "to", "must be camel or snake"),
        ({"drop": "$.a", "when": "empty"}, "when", "must be is_null"),
        ({"number": "$.a", "to": "float"}, "to", "must be text or number"),
        ({"time": "$.a", "reads": "epoch", "to": "unix"}, "reads", "must be unix, unix_ms, rfc3339, or a pattern"),
        ({"time": "$.a", "reads": "unix", "to": "%H"}, "to", "must be unix, unix_ms, rfc3339, or a pattern"),
        ({"time": "$.a", "reads": "unix", "to": "unix"}, "to", "is the form that it has; take the step out"),
        ({"unwrap": "data", "others": "keep"}, "others", "must be drop"),
        ({"header": "X-A", "to": "Host"}, "to", "must be the name of a header field"),
        ({"set_header": "X-A", "value": 1}, "value", "must be a text of visible ASCII characters"),
        ({"set_query": "p", "value": 1}, "value", "must be a text; write a number in quotes"),
    ],
)
def test_what_is_wrong_with_a_step(said: dict[str, object], key: str, message: str) -> None:
    """The key that has to change, and what to write."""
    found = step_of(StepBlock.model_validate(said))

    assert isinstance(found, StepFault)
    assert (found.key, found.message[: len(message)]) == (key, message)
