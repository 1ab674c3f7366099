from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.outcome import Side
from proxy.core.stickiness.marks import MarkTable, mark_of

TICK = 1 / 16


class Sides:
    """Marks of which the sides are asked."""

    def __init__(self, words: int) -> None:
        self.all = MarkTable(memoryview(bytearray(words * 8)).cast("Q"))
        self.put = self.all.put

    def get(self, mark: int, now: float) -> Side | None:
        found = self.all.get(mark, now)
        assert found is None or found[1] > 0.0
        return None if found is None else found[0]


def marks(words: int = 64) -> Sides:
    return Sides(words)


def test_a_mark_says_how_long_it_still_holds() -> None:
    """In seconds, to a sixteenth."""
    found = marks().all
    found.put(7 << 40, Side.LEGACY, 100.0, 5.0)

    assert found.get(7 << 40, 102.0) == (Side.LEGACY, 3.0)


def test_a_mark_holds_for_its_time_and_ends_with_it() -> None:
    """Never early, and at most a sixteenth of a second late."""
    found = marks()
    found.put(7 << 40, Side.NEW, 100.0, 5.0)

    assert found.get(7 << 40, 100.0) is found.get(7 << 40, 104.99) is Side.NEW
    assert found.get(7 << 40, 105.0 + TICK) is None
    assert found.get(8 << 40, 100.0) is None


def test_a_mark_put_again_is_the_later_one() -> None:
    """Another side, another time; it takes no second place."""
    found = marks(8)
    for _ in range(9):
        found.put(7 << 40, Side.NEW, 0.0, 5.0)
    found.put(7 << 40, Side.LEGACY, 1.0, 9.0)
    for other in range(8, 15):
        found.put(other << 40, Side.NEW, 1.0, 100.0)

    assert found.get(7 << 40, 9.9) is Side.LEGACY
    assert all(found.get(other << 40, 9.9) is Side.NEW for other in range(8, 15))


def test_in_a_full_bucket_the_first_to_end_gives_way() -> None:
    """What has ended goes first; then what would end next."""
    found = marks(8)
    for number in range(8):
        found.put(number + 1 << 40, Side.NEW, 0.0, 10.0 + number)
    found.put(20 << 40, Side.LEGACY, 1.0, 50.0)
    assert found.get(1 << 40, 1.0) is None
    assert found.get(2 << 40, 1.0) is Side.NEW
    found.put(21 << 40, Side.LEGACY, 13.5, 1.0)
    found.put(22 << 40, Side.LEGACY, 13.5, 1.0)

    assert [found.get(each << 40, 13.5) for each in (20, 21, 22)] == [Side.LEGACY] * 3
    assert found.get(5 << 40, 13.5) is Side.NEW


def test_clearing_forgets_all() -> None:
    """Whatever was there."""
    found = marks()
    found.put(7 << 40, Side.NEW, 0.0, 5.0)
    found.all.clear()

    assert found.get(7 << 40, 0.0) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from(Side), st.floats(0, 2e9), st.floats(0.1, 86_400)), max_size=20
    ),
    st.floats(0, 1e5),
)
def test_within_a_buckets_size_marks_do_as_a_dictionary_does(
    puts: list[tuple[int, Side, float, float]], later: float
) -> None:
    """Whatever is put when, and however long the machine has been up: eight marks find room in one bucket."""
    found, known = marks(8), {}
    now = 0.0
    for name, side, start, lasts in puts:
        now = now or start
        found.put(name + 1 << 40, side, now, lasts)
        known[name] = (side, now + lasts)
        now += lasts / 3
    now += later
    for name, (side, ends) in known.items():
        got = found.get(name + 1 << 40, now)

        assert got is side if now < ends else got is None or now < ends + 2 * TICK


@given(st.text(max_size=5), st.binary(max_size=5), st.binary(max_size=5))
def test_a_mark_depends_on_all_that_it_is_made_of(scope: str, kind: bytes, value: bytes) -> None:
    """Key, scope, kind and value; it has 64 bits."""
    mark = mark_of(b"k", scope, kind, value)

    assert mark == mark_of(b"k", scope, kind, value)
    assert 0 <= mark < 1 << 64
    others = [mark_of(b"l", scope, kind, value), mark_of(b"k", scope + "x", kind, value)]
    others += [mark_of(b"k", scope, kind + b"x", value), mark_of(b"k", scope, kind, value + b"x")]
    assert mark not in others
