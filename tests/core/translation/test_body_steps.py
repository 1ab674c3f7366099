"""Bodies through lists of steps."""

from __future__ import annotations

from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.body_steps import translate_body, watch_body
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.field_lines import DropHeader
from proxy.core.translation.field_steps import Add, Drop, Move, Rename
from proxy.core.translation.key_case import Case, KeyCase
from proxy.core.translation.number_form import NumberForm, WriteNumber
from tests.core.translation.test_json_path import path

ALL: tuple[Step, ...] = (
    Unwrap("data"),
    DropHeader("X-A"),
    Case(path("$"), KeyCase.SNAKE),
    Rename(path("$.tel_no"), "phone"),
    Move(path("$.zip"), path("$.address.zip")),
    Drop(path("$.nothing")),
    Add(path("$.fax"), None),
    WriteNumber(path("$.price"), NumberForm.TEXT),
    Wrap("contact"),
)
BODY = b'{"data":{"telNo":"1","zip":2,"price":1.10}}'
DONE = b'{"contact":{"phone":"1","price":"1.10","address":{"zip":2},"fax":null}}'


def test_steps_work_in_their_order() -> None:
    """Each on what the one before has left; steps on the head are passed over."""
    assert translate_body(BODY, ALL) == DONE


def test_who_watches_sees_the_steps_that_did_something() -> None:
    """With the body after each, up to what `translate_body` makes of it."""
    watched = list(watch_body(BODY, ALL))

    assert [type(each.step).__name__ for each in watched] == [
        "Unwrap",
        "Case",
        "Rename",
        "Move",
        "Add",
        "WriteNumber",
        "Wrap",
    ]
    assert watched[0].body == b'{"telNo":"1","zip":2,"price":1.10}'
    assert watched[-1].body == DONE
