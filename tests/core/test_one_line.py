"""Texts of people in one line."""

from __future__ import annotations

import pytest

from proxy.core.one_line import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("new loses orders", "new loses orders"),
        ("naïve – ümläut", "naïve – ümläut"),
        ("a\n2026-01-01 rollback by bob", "a\\n2026-01-01 rollback by bob"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u2028b\u202ec", "a\\u2028b\\u202ec"),
    ],
    ids=["plain", "letters", "line break", "crlf", "escape", "separators"],
)
def test_what_ends_a_line_is_shown_as_such(text: str, shown: str) -> None:
    """Line breaks, and signs that steer a terminal, are written out; every other sign stays."""
    assert one_line(text) == shown
