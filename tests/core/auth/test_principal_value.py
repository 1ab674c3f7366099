from __future__ import annotations

import pytest

from proxy.core.auth.principal_value import LONGEST_VALUE, writable


@pytest.mark.parametrize("text", ["ada", "a b", "x" * LONGEST_VALUE])
def test_what_a_field_can_hold_is_written(text: str) -> None:
    """As it is, in UTF-8."""
    assert writable(text) == text.encode()
    assert writable("Zoë") == b"Zo\xc3\xab"


@pytest.mark.parametrize("text", ["", " a", "a ", "a\r\nb", "a\x00", "\x7f", "\ud800", "ë" * LONGEST_VALUE])
def test_what_it_cannot_is_nothing(text: str) -> None:
    """It would end early, lose its blanks, be no UTF-8, or be too long."""
    assert writable(text) == b""
