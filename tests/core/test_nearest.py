"""Which known word was probably meant."""

from __future__ import annotations

import pytest

from proxy.core.nearest import nearest


@pytest.mark.parametrize(
    ("word", "meant"), [("splitt", "split"), ("SPLIT", "split"), ("stge", "Stage"), ("xyz", ""), ("", "")]
)
def test_the_word_that_is_like_it_is_named(word: str, meant: str) -> None:
    """Whatever its case, as it is written where it is known; nothing where nothing is like it."""
    assert nearest(word, ["split", "Stage", "match"]) == meant
