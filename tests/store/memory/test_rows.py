from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.store.memory.rows import Rows

KEY = st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 2))
STEPS = st.lists(st.tuples(st.booleans(), KEY, st.integers()), max_size=30)


@given(STEPS, st.integers(1, 3))
def test_it_is_a_table_with_an_index(steps: list[tuple[bool, tuple[str, int, int], int]], columns: int) -> None:
    """Whatever is written and taken away, it holds what a dictionary would, and `under` finds what begins alike."""
    rows: Rows[int] = Rows(columns)
    plain: dict[tuple[str, int, int], int] = {}
    for adds, key, value in steps:
        if adds:
            rows[key] = plain[key] = value
        else:
            assert rows.pop(key, None) == plain.pop(key, None)

    assert (dict(rows), len(rows)) == (plain, len(plain))
    for asked in (*plain, ("c", 0, 0)):
        start = asked[:columns]
        assert dict(rows.under(*start)) == {each: value for each, value in plain.items() if each[:columns] == start}


def test_what_is_empty_is_forgotten() -> None:
    """Routes that are gone leave nothing behind."""
    rows: Rows[int] = Rows(1)
    rows["a", 1] = 1
    del rows["a", 1]

    assert not rows._groups
    with pytest.raises(KeyError):
        del rows["a", 1]
