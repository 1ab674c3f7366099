"""Answers that are remembered."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.noise.memory_bounds import LARGEST, MOST_BYTES, MemoryBounds
from proxy.core.noise.noisy_answers import FIXED, MOST, Answers, asked_as
from tests.core.noise.pairs import pair
from tests.core.parity.pairs import NOW, asking


def kept(room: MemoryBounds | None = None, at: float = NOW) -> Answers:
    answers = Answers(room or MemoryBounds())
    answers.keep(1, pair({"a": 1}, {}, at), {})
    return answers


def test_the_same_request_is_known_by_what_does_not_change() -> None:
    """Method, target, body, cohort and fields; not what is new in every call, nor validators."""
    asked = asked_as(asking(accept="a"), 1)

    assert asked == asked_as(asking(accept="a", x_request_id="7", if_none_match='"x"', date="now"), 1)
    for other in (asking(accept="b"), asking(b"/other", accept="a"), asking(method=b"HEAD", accept="a")):
        assert asked_as(other, 1) != asked
    assert asked_as(asking(accept="a"), 2) != asked
    assert asked_as(replace(asking(accept="a"), body=b"x"), 1) != asked


def test_a_request_that_comes_again_meets_the_answer_before() -> None:
    """Within a minute, after that had ended, with the same status, and without a write in between."""
    answers = kept()
    again = pair({"a": 2}, {}, NOW + 30)
    found = answers.before(1, again)

    assert found is not None
    assert found.answer.body == b'{"a": 1}'
    assert answers.before(2, again) is None
    assert answers.before(1, pair({"a": 2}, {}, NOW + 61)) is None
    assert answers.before(1, pair({"a": 2}, {}, NOW + 0.05)) is None
    assert answers.before(1, replace(again, legacy=replace(again.legacy, status=404))) is None
    assert answers.before(1, replace(again, written_at=NOW + 1)) is None


def test_only_whole_and_small_answers_are_kept() -> None:
    """One that is not takes the place of the one before all the same."""
    for change in ({"failure": "timed_out"}, {"size": 10**9}, {"body": b"x" * (LARGEST + 1), "size": LARGEST + 1}):
        answers = kept()
        given = pair({"a": 1}, {})
        answers.keep(1, replace(given, legacy=replace(given.legacy, **change)), {})
        assert len(answers) == 0


def test_the_oldest_goes_when_there_are_too_many() -> None:
    """In number, or in bytes; and nothing is kept where all routes together have no room."""
    room = MemoryBounds()
    answers, large = Answers(room), pair("x" * 60_000, {})
    for number in range(MOST + 5):
        answers.keep(number, pair({"a": number}, {}), {})
    assert len(answers) == MOST
    for number in range(40):
        answers.keep(1000 + number, large, {})

    assert len(answers) == room.size // (len(large.legacy.body) + FIXED) < 20
    room.size = MOST_BYTES
    assert len(kept(room)) == 0


def test_what_is_old_is_let_go() -> None:
    """And gives its room back."""
    room = MemoryBounds()
    answers = kept(room)
    answers.keep(2, pair({"a": 1}, {}, NOW + 50), {})
    answers.forget(NOW + 10)

    assert (len(answers), room.size) == (1, len(b'{"a": 1}') + FIXED)
    answers.forget(NOW + 100)
    assert (len(answers), room.size) == (0, 0)
