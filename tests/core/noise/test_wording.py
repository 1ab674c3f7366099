"""What a pair says, as text."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from proxy.core.noise.wording import MOST_LOOKS, Speaker, Wording, stands
from tests.core.noise.pairs import pair
from tests.core.parity.pairs import answer, asking, in_fields


def test_what_request_and_answers_say() -> None:
    """Targets as they read, fields and bodies; codings undone; what cannot be read says nothing."""
    packed = answer(gzip.compress(b'"new11111"'), in_fields("Content-Encoding: gzip", "X-Id: field222"))
    broken = answer(b"\x00", in_fields("Content-Encoding: gzip"))
    given = pair({"id": "legacy33"}, {}, request=asking(b"/%61sked444?q=1"))
    wording = Wording(replace(given, new=packed))
    said = {"asked444": Speaker.REQUEST, "new11111": Speaker.NEW, "field222": Speaker.NEW, "legacy33": Speaker.LEGACY}

    for _ in range(MOST_LOOKS):
        assert {(token, by): wording.has(token, by) for token in said for by in Speaker} == {
            (token, by): by is whose for token, whose in said.items() for by in Speaker
        }
    assert wording.begin == ["legacy33"]
    assert not Wording(replace(given, new=broken)).has("new11111", Speaker.NEW)


@pytest.mark.parametrize(
    ("text", "found"),
    [("an ab12 it is", True), ("ab12", True), ("xab12 ab123 ab12-c ab12_d", False), ("xab12,ab12,", True), ("", False)],
)
def test_a_value_stands_there_as_a_whole(text: str, *, found: bool) -> None:
    """Not as a part of a longer one."""
    assert stands("ab12", text) is found
