"""The index of all published cases is complete and true."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.wire.case import CASES
from tests.wire.published.index import INDEX, Entry, sentence_of

HOW_MANY = {"A": 86, "B": 28, "C": 24, "D": 6, "E": 4}
PLAYED = {case.id for case in CASES if case.data}
"""Cases of bytes: one test plays them all, by its parameter."""


def test_every_published_case_is_in_the_index_once() -> None:
    """148 ids, as many of each kind as were published, and every case that is played is among them."""
    assert Counter(each.kind for each in INDEX) == HOW_MANY
    assert len({each.id for each in INDEX}) == len(INDEX)
    assert {case.id for case in CASES} <= {each.id for each in INDEX}


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry.id)
def test_the_test_of_a_case_exists_and_names_it(entry: Entry) -> None:
    """The named function is there, and its sentence speaks of the case, or plays it by its id."""
    sentence = sentence_of(entry.test)

    assert sentence, f"{entry.test} is not there; name the test of {entry.id} in tests/wire/published/index.json"
    assert entry.id in sentence or entry.id in PLAYED
