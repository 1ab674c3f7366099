from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy.config.readers import value_types

PATTERNED = {
    name: kind
    for name in ("Length", "LengthAboveZero", "Share", "Size", "Name", "HealthPath", "Source", "UpstreamUrl", "Pattern")
    if (kind := getattr(value_types, name))
}
TEXTS = {
    "Length": "0123.5 msh",
    "LengthAboveZero": "0123.5 msh",
    "Share": "0125.% ",
    "Size": "0123 KMGiB",
    "Name": "aZ09_.- é",
    "HealthPath": "/a?=#",
    "Source": "path:cookie_l",
    "UpstreamUrl": "http://a1.b?@",
    "Pattern": "/a{}*%4",
}


@pytest.mark.parametrize("name", PATTERNED)
@given(data=st.data())
def test_what_is_read_fits_the_pattern_that_editors_are_given(name: str, data: st.DataObject) -> None:
    """No text that Banyan takes is marked as wrong by the JSON Schema."""
    adapter: TypeAdapter[Any] = TypeAdapter(PATTERNED[name])
    text = data.draw(st.text(TEXTS[name], max_size=14))
    try:
        adapter.validate_python(text)
    except ValidationError:
        return

    assert re.search(adapter.json_schema()["pattern"], text)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (value_types.Workers, [1, 256, "auto"], [0, 257, "all", True]),
        (value_types.Queue, [0, 1_000_000], [-1, 1_000_001, "1"]),
        (value_types.Connections, [1], [0]),
        (value_types.Status, [200, 599], [199, 600]),
        (value_types.StageWord, ["legacy", "retired"], ["Legacy", 1]),
        (value_types.Upgrades, [["websocket"], []], ["websocket", ["h2c"]]),
        (value_types.Cohort, ["client_ip", ["client_ip"]], [[], "ip", [1]]),
        (value_types.Fields, [{"X-A": True}], [{}, {"X-A": 1}, {"Host": "a"}]),
        (value_types.Query, [{"a": ["1", "2"]}], [{}, {"a": []}]),
    ],
)
def test_kinds_take_what_is_right_only(kind: type[object], right: list[object], wrong: list[object]) -> None:
    """Each kind reads what is right and refuses the rest as a validation error."""
    adapter = TypeAdapter(kind)
    for value in right:
        adapter.validate_python(value, strict=True)
    for value in wrong:
        with pytest.raises(ValidationError):
            adapter.validate_python(value, strict=True)
