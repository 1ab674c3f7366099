"""Which known word was probably meant."""

from __future__ import annotations

import pytest

from proxy.core.nearest import meant, nearest


@pytest.mark.parametrize(
    ("word", "known"), [("splitt", "split"), ("SPLIT", "split"), ("stge", "Stage"), ("xyz", ""), ("", "")]
)
def test_the_word_that_is_like_it_is_named(word: str, known: str) -> None:
    """Whatever its case, as it is written where it is known; nothing where nothing is like it."""
    assert nearest(word, ["split", "Stage", "match"]) == known


def test_a_beginning_is_meant_for_all_that_begin_so() -> None:
    """The whole word is that one alone, though others begin with it; nothing begins nothing."""
    known = ["ab", "abc", "b"]

    assert [meant(said, known) for said in ("ab", "a", "b", "c", "")] == [("ab",), ("ab", "abc"), ("b",), (), ()]
