from __future__ import annotations

import pytest

from proxy.core.auth.principal_value import LONGEST_VALUE, writable


@pytest.mark.parametrize("text", ["ada", "Zoë", "a b", "x" * LONGEST_VALUE])
def test_what_a_field_may_hold_is_written_in_utf8(text: str) -> None:
    """Letter for letter."""
    assert writable(text) == text.encode()


@pytest.mark.parametrize(
    "text", ["", " a", "a ", "a\r\nX-Role: admin", "a\tb", "a\x00", "\x7f", "\ud800", "x" * (LONGEST_VALUE + 1)]
)
def test_what_no_field_may_hold_is_nothing(text: str) -> None:
    """What would end the field, lose its blanks or be too long is left out whole."""
    assert writable(text) == b""
