from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.memo import Memo


def test_what_was_put_is_found_under_the_same_bytes_only() -> None:
    """A memo answers for equal bytes, and for nothing that is merely like them."""
    memo: Memo[int] = Memo(4, 8)
    memo.put(b"key", 1)

    assert memo.get(b"key") == 1
    assert memo.get(b"Key") is None


def test_long_keys_are_not_kept() -> None:
    """A key of the bound's length is kept, one byte more is not."""
    memo: Memo[int] = Memo(4, 8)
    memo.put(b"x" * 8, 1)
    memo.put(b"x" * 9, 2)

    assert memo.get(b"x" * 8) == 1
    assert memo.get(b"x" * 9) is None


def test_what_is_asked_for_survives_a_flood() -> None:
    """An entry that is used again and again stays, however many others come and go."""
    memo: Memo[int] = Memo(4, 8)
    memo.put(b"used", 1)

    for number in range(100):
        memo.put(b"%d" % number, number)
        assert memo.get(b"used") == 1
    assert memo.get(b"0") is None


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f", b"g"]), st.integers(), st.booleans())))
def test_a_memo_is_bounded_and_never_wrong(steps: list[tuple[bytes, int, bool]]) -> None:
    """Whatever is put and asked, it says the last value or nothing, and holds at most twice its size."""
    memo: Memo[int] = Memo(2, 8)
    last: dict[bytes, int] = {}

    for key, value, asks in steps:
        if asks:
            assert memo.get(key) in (None, last.get(key))
        else:
            memo.put(key, value)
            last[key] = value
        assert len(memo._young) + len(memo._old) <= 4
