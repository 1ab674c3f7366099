"""What is said of what cannot be translated."""

from __future__ import annotations

from proxy.core.translation.untranslatable import Untranslatable


def test_it_says_where_why_and_by_which_step() -> None:
    """Without a step where none was at fault; a client's request is 400 unless another status was said."""
    found = Untranslatable("$.a", "it is no number", "number: $.a, to: number")

    assert found.sentence == "$.a: it is no number (number: $.a, to: number)"
    assert Untranslatable("$", "the body is not JSON").sentence == "$: the body is not JSON"
    assert (found.status, Untranslatable("$", "x", status=413).status) == (400, 413)
