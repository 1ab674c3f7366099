from __future__ import annotations

from proxy.core.judge.recovery import NOT_YET, Recovery, told
from proxy.core.judge.share import ENOUGH, LONGEST

USUAL = 0.01
SAID = "new answers well again: it failed 2 of 900 answers in the last minutes"


def after(recovery: Recovery, *answers: tuple[float, int, int], is_failing: bool = False) -> Recovery:
    """What is told at each time: asked and failed."""
    for now, asked, failed in answers:
        recovery = told(recovery, asked, failed, usual=USUAL, is_failing=is_failing, now=now)
    return recovery


def test_it_takes_the_whole_stretch_and_enough_answers() -> None:
    """Neither time nor answers alone will do."""
    begun = after(NOT_YET, (0.0, 500, 500))

    assert not after(begun, (LONGEST - 1, 1000, 0)).is_over(USUAL, LONGEST - 1)
    assert not after(begun, (LONGEST, ENOUGH - 1, 0)).is_over(USUAL, LONGEST)
    assert after(begun, (LONGEST, ENOUGH, 0)).is_over(USUAL, LONGEST)


def test_what_was_asked_little_is_clean_after_a_while() -> None:
    """Over the whole stretch and without a failure, were it without an answer; nothing is known before it began."""
    begun = after(NOT_YET, (0.0, 500, 500))

    assert [each.is_clean(LONGEST) for each in (NOT_YET, begun, after(begun, (9.0, 5, 1)))] == [False, True, False]
    assert not begun.is_clean(LONGEST - 1)


def test_a_few_failures_are_as_usual() -> None:
    """What the guard tolerates of new is well; a failure more begins the stretch anew."""
    begun = after(NOT_YET, (0.0, 0, 0))

    assert after(begun, (LONGEST, 800, 10)).is_over(USUAL, LONGEST)
    assert after(begun, (LONGEST, 800, 11)) == Recovery(since=LONGEST)


def test_what_would_open_a_breaker_begins_the_time_anew() -> None:
    """A row of failures is none the less one for the good answers around it."""
    found = after(after(NOT_YET, (0.0, 0, 0), (200.0, 5000, 0)), (250.0, 5, 5), is_failing=True)

    assert found == Recovery(since=250.0)
    assert not after(found, (LONGEST, 5000, 0)).is_over(USUAL, LONGEST)


def test_it_says_what_it_rests_on() -> None:
    """The sentence has the counts."""
    assert Recovery(since=0.0, asked=900, failed=2).sentence == SAID
