"""Bodies through lists of steps."""

from __future__ import annotations

from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.field_lines import DropHeader
from proxy.core.translation.field_steps import Add, Drop, MoveMember, Rename
from proxy.core.translation.key_case import ChangeCase, KeyCase
from proxy.core.translation.number_form import NumberForm, WriteNumber
from tests.core.translation.test_body_path import path

ALL: tuple[Step, ...] = (
    Unwrap("data"),
    DropHeader("X-A"),
    ChangeCase(path("$"), KeyCase.SNAKE),
    Rename(path("$.tel_no"), "phone"),
    MoveMember(path("$.zip"), path("$.address.zip")),
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
