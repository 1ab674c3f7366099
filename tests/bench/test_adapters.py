"""The suite that measures what it costs to translate."""

from __future__ import annotations

import json

import pytest

from bench.suites.adapters import SIZES, SOURCE, adapter, contacts
from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode, MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.body_steps import translate_body
from proxy.translator.code_trial import translated_by_code


@pytest.mark.parametrize("size", SIZES)
def test_what_is_measured_is_translated(size: int) -> None:
    """A list of that size, each of whose contacts is changed by every step, within the adapter's bound."""
    body = contacts(size)
    found = translate_body(body, adapter().answer)

    assert size <= len(body) < size + 200
    assert len(found) <= adapter().max_body
    assert {tuple(each) for each in json.loads(found)["items"]} == {("id", "tel", "limit", "address", "fax")}
    assert all(each["limit"] == "1000.5" for each in json.loads(found)["items"])


def test_code_and_steps_come_to_the_same() -> None:
    """What is measured beside each other is the same work."""
    body = contacts(1024)
    by_code = AdapterPolicy(name="a", speaks=Side.LEGACY, code=AdapterCode("a.py", SOURCE))
    found = translated_by_code(by_code, ToMake(body, 200, b"GET", b"/", []))

    assert isinstance(found, MadeElsewhere)
    assert json.loads(found.body or b"") == json.loads(translate_body(body, adapter().answer))
