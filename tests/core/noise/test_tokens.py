"""What in a text looks generated."""

from __future__ import annotations

import msgspec
import pytest

from proxy.core.noise.tokens import Sort, first_tokens, letters_of, skeleton, sort_of, tokens_of


@pytest.mark.parametrize(
    ("value", "sort"),
    [
        ("9b2f0c1e-2f1d-4c1b-8a53-5f0e2f8a9c11", Sort.TOKEN),
        ("a7Kq2", Sort.TOKEN),
        (12, Sort.NUMBER),
        (msgspec.Raw(b"1.5"), Sort.NUMBER),
        ("12.5", Sort.NUMBER),
        ("https://a.test/b?c=d", Sort.URL),
        ("/orders", Sort.URL),
        ("two words", Sort.TEXT),
        ("word", Sort.WORD),
        (True, Sort.WORD),
    ],
)
def test_kinds_of_values(value: object, sort: Sort) -> None:
    """Ids, numbers, URLs, texts and words are excused in different ways."""
    assert sort_of(value) is sort


def test_tokens_are_long_and_mixed() -> None:
    """Letters and digits, eight characters, no date; each once and in order where that is asked for."""
    text = "order ab12cd34 of 2027-01-15T08:00:00Z, 12345678, abcdefgh, x1; ab12cd34 and ef_56-gh78"

    assert tokens_of(text) == {"ab12cd34", "ef_56-gh78"}
    assert first_tokens(text, 1) == ["ab12cd34"]


@pytest.mark.parametrize(
    ("text", "left", "letters"),
    [
        ("Queries took 1.2ms", "Queries took <n>ms", 13),
        ("from 2027-01-15T08:00:00.5Z to 08:00:01", "from <t> to <t>", 6),
        ("Fri, 15 Jan 2027 08:00:00 GMT", "<t>", 0),
        ('<a href="/orders/ab12cd34">', '<a href="/orders/<i>">', 11),
        ("17", "<n>", 0),
    ],
)
def test_skeletons(text: str, left: str, letters: int) -> None:
    """Times, ids and numbers are left out of a text; what is left has so many letters."""
    assert (skeleton(text), letters_of(skeleton(text))) == (left, letters)
