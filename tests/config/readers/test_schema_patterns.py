from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from proxy.config.blocks import hooks, limits, match, route, server, waits, windows
from proxy.config.readers import address, scalars, schema_patterns, sources, units

PATTERNED: dict[str, tuple[Any, str]] = {
    "length": (units.Length, "0123.5 msh"),
    "length above zero": (units.LengthAboveZero, "0123.5 msh"),
    "span": (units.Span, "0123.5 msd"),
    "share": (units.Share, "0125.% "),
    "size": (units.Size, "0123 KMGiB"),
    "rate": (limits.RateText, "012 /smh"),
    "rate of bytes": (limits.ByteRate, "012 KiB/s"),
    "name": (scalars.Name, "aZ09_.- é"),
    "path to ask": (scalars.HealthPath, "/a?=#"),
    "source": (sources.Source, "path:cookie_l"),
    "flow": (sources.Flow, "path:queryn"),
    "url": (address.UpstreamUrl, "http://a1.b?@"),
    "listen": (address.ListenAddress, "unix:/a1.[]"),
    "admin": (address.AdminAddress, "localhst:1.[]"),
    "path": (match.Pattern, "/a{}*%4"),
    "hook": (hooks.HookUrl, "HtTtps://a?"),
    "days": (windows.Days, "montue-f"),
}
"""Each kind of text that has a pattern, and the characters that texts are drawn from."""


@pytest.mark.parametrize("name", PATTERNED)
@given(data=st.data())
def test_what_is_read_fits_the_pattern_that_editors_are_given(name: str, data: st.DataObject) -> None:
    """No text that Banyan takes is marked as wrong by the JSON Schema."""
    kind, characters = PATTERNED[name]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    text = data.draw(st.text(characters, max_size=14))
    try:
        adapter.validate_python(text)
    except ValidationError:
        return

    schema = adapter.json_schema()
    assert re.search(schema.get("anyOf", [schema])[0]["pattern"], text)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (server.Workers, [1, 256, "auto"], [0, 257, "all", True]),
        (units.Queue, [0, 1_000_000], [-1, 1_000_001, "1"]),
        (units.Connections, [1], [0]),
        (units.Status, [200, 599], [199, 600]),
        (route.StageWord, ["legacy", "retired"], ["Legacy", 1]),
        (waits.Upgrades, [["websocket"], []], ["websocket", ["h2c"]]),
        (sources.Cohort, ["client_ip", ["client_ip"]], [[], "ip", [1]]),
        (match.Fields, [{"X-A": True}], [{}, {"X-A": 1}, {"Host": "a"}]),
        (match.Query, [{"a": ["1", "2"]}], [{}, {"a": []}]),
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


@pytest.mark.parametrize(
    ("reader", "pattern"),
    [
        (re.compile("a|b"), "^(?:a|b)$"),
        (re.compile(r"(?P<first>[a-z]+)\.(?P<rest>.*)"), r"^(?:([a-z]+)\.(.*))$"),
        (re.compile(r"https?://[a-z]\d", re.IGNORECASE), r"^(?:[Hh][Tt][Tt][Pp][Ss]?://[a-z]\d)$"),
    ],
)
def test_a_pattern_is_the_reader_s_own_expression(reader: re.Pattern[str], pattern: str) -> None:
    """Without names of groups, which editors do not know, and open to both cases where the reader is."""
    assert schema_patterns.pattern_of(reader) == pattern


def test_all_methods_fit_the_short_form() -> None:
    """Whatever can be routed can be written before the path."""
    pattern = TypeAdapter(match.MatchText).json_schema()["pattern"]

    assert [method for method in match.METHODS if not re.search(pattern, f"{method},{method} /")] == []
