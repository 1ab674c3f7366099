"""Messages through lists of steps, for people."""

from __future__ import annotations

import pytest

from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.field_lines import DropHeader, MapStatus
from proxy.core.translation.field_steps import Rename
from proxy.core.translation.query_steps import DropQuery
from proxy.core.translation.untranslatable import Untranslatable
from proxy.core.translation.watched_message import WatchedMessage, watch_message
from tests.core.translation.test_body_path import path
from tests.core.translation.test_body_steps import ALL, BODY


def test_who_watches_sees_the_steps_that_did_something() -> None:
    """With what each has left, up to what `translate_body` makes of it; blanks are no change."""
    message = WatchedMessage(b"", 200, [b"X-B: 1"], BODY.replace(b":", b" : "))

    watched = list(watch_message(message, ALL))

    names = ["Unwrap", "ChangeCase", "Rename", "MoveMember", "Add", "WriteNumber", "Wrap"]
    assert [type(each.step).__name__ for each in watched] == names
    assert watched[0].message.body == b'{"telNo":"1","zip":2,"price":1.10}'
    assert watched[-1].message.body == translate_body(BODY, ALL)


def test_steps_on_the_head_are_seen_as_well() -> None:
    """Where no body is read, those on bodies do nothing."""
    steps: tuple[Step, ...] = (
        Rename(path("$.a"), "b"),
        DropQuery("p"),
        DropHeader("X-A"),
        DropHeader("X-C"),
        MapStatus(((201, 200),)),
    )

    first, second, third = watch_message(WatchedMessage(b"/?p=1", 201, [b"X-A: 1"], None), steps)

    assert (first.step, first.message.target) == (steps[1], b"/")
    assert (second.step, second.message.lines) == (steps[2], [])
    assert third.message == (b"/", 200, [], None)


def test_a_step_that_cannot_go_on_says_so_behind_those_that_could() -> None:
    """What was done by then has been seen."""
    steps = (Rename(path("$.a"), "b"), Rename(path("$.c"), "b"))
    watched = watch_message(WatchedMessage(b"", 200, [], b'{"a":1,"c":2}'), steps)

    assert next(watched).message.body == b'{"b":1,"c":2}'
    with pytest.raises(Untranslatable, match="there already"):
        next(watched)
