"""The suite that measures what it costs to translate."""

from __future__ import annotations

import json

import pytest

from bench.suites.adapters import SIZES, adapter, contacts
from proxy.core.translation.body_steps import translate_body


@pytest.mark.parametrize("size", SIZES)
def test_what_is_measured_is_translated(size: int) -> None:
    """A list of that size, each of whose contacts is changed by every step, within the adapter's bound."""
    body = contacts(size)
    found = translate_body(body, adapter().answer)

    assert size <= len(body) < size + 200
    assert len(found) <= adapter().max_body
    assert {tuple(each) for each in json.loads(found)["items"]} == {("id", "tel", "limit", "address", "fax")}
    assert all(each["limit"] == "1000.5" for each in json.loads(found)["items"])
