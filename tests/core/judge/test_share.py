from __future__ import annotations

import pytest

from proxy.core.judge.share import ENOUGH, LEAST, LONGEST, WEIGHT, AnswerWindow, Failing, Second, usual

NONE = 0.0


def window(
    *cohorts: tuple[int, int], seconds: int = LEAST, untold: tuple[int, int] = (0, 0), legacy: tuple[int, int] = (0, 0)
) -> AnswerWindow:
    """In each second every cohort has so many good and failed answers; `untold` are those of nobody in particular."""
    made = AnswerWindow()
    good, failed = (sum(each[place] for each in (*cohorts, untold)) for place in (0, 1))
    for at in range(seconds):
        told = [(number, *counts) for number, counts in enumerate(cohorts) if any(counts)]
        made.add(Second(at, good + failed, failed, sum(legacy), legacy[1]), told)
    return made


def test_half_of_all_answers_of_all_cohorts_is_found() -> None:
    """After ten seconds, with the figures in a sentence."""
    found = window((2, 2), (2, 2), (2, 2)).failing(NONE, alone=False)

    assert found == Failing(asked=120, failed=60, seconds=10, hit=3, cohorts=3)
    assert found.sentence == "new failed 60 of 120 answers (50%) within 10 s, for 3 of 3 cohorts"


def test_too_little_or_too_short_says_nothing() -> None:
    """Less than ten seconds, or less than a hundred answers, also where all failed; and nothing at all."""
    assert window((0, 50), (0, 50), seconds=LEAST - 1).failing(NONE, alone=True) is None
    assert window((0, 4), (0, 5)).failing(NONE, alone=True) is None
    assert AnswerWindow().failing(NONE, alone=True) is None


@pytest.mark.parametrize("others", [1, 3, 19])
def test_one_cohorts_trouble_moves_nothing_while_others_are_well(others: int) -> None:
    """Whatever its part of the answers is, and with a stray failure of another."""
    cohorts = [(0, 500), *[(1, 0)] * others]
    stray = window(*cohorts)
    stray.add(Second(LEAST - 1, 1, 1), [(1, 0, 1)])

    assert window(*cohorts).failing(NONE, alone=True) is None
    assert stray.failing(NONE, alone=True) is None


def test_a_stray_failure_of_a_cohort_that_hardly_asks_is_not_its_trouble() -> None:
    """One answer, failed, is all of a small cohort's: two such are too few beside the one with most failures."""
    found = AnswerWindow()
    for at in range(LEAST):
        found.add(Second(at, 11, 10), [(1, 0, 10), (2, 1, 0)])
    for cohort in (3, 4):
        found.add(Second(LEAST - 1, 1, 1), [(cohort, 0, 1)])

    assert found.failing(NONE, alone=True) is None


def test_several_cohorts_in_trouble_are_found() -> None:
    """Half of the cohorts fail altogether, the others are well."""
    assert window((0, 3), (0, 3), (3, 0), (3, 0)).failing(NONE, alone=False) is not None


def test_one_cohort_counts_where_it_is_all_there_is() -> None:
    """Where new answers everybody; at a canary the others may be with legacy."""
    assert window((10, 10)).failing(NONE, alone=True) is not None
    assert window((10, 10)).failing(NONE, alone=False) is None
    assert window((10, 10), untold=(5, 0)).failing(NONE, alone=True) is None


def test_answers_whose_cohort_was_not_told_count_by_volume() -> None:
    """Good ones of other workers dilute, failed ones of more cohorts than are told add."""
    assert window((2, 4), (2, 4), untold=(60, 0)).failing(NONE, alone=True) is None
    assert window((5, 1), (5, 0), untold=(20, 20)).failing(NONE, alone=True) is not None
    assert window(untold=(20, 20)).failing(NONE, alone=True) is not None


def test_the_limit_is_three_times_what_is_usual() -> None:
    """A route on which a third fails as a rule is left to the row and the guard."""
    half = window((5, 5), (5, 5))

    assert half.failing(0.16, alone=True) is not None
    assert half.failing(0.17, alone=True) is None


def test_trouble_that_hits_legacy_as_well_is_no_reason() -> None:
    """Three times the share that legacy fails meanwhile; a handful of its answers says nothing."""
    assert window((5, 5), (5, 5), legacy=(8, 2)).failing(NONE, alone=True) is None
    assert window((5, 5), (5, 5), legacy=(9, 1)).failing(NONE, alone=True) is not None
    assert window((5, 5), (5, 5), seconds=LEAST, legacy=(0, 0)).failing(NONE, alone=True) is not None


def test_only_the_newest_answers_are_kept() -> None:
    """Of many no more than rule 1 wants; of few those of five minutes."""
    busy = window((50, 50), seconds=60)
    rare = AnswerWindow()
    for at in range(0, 2 * LONGEST, 50):
        rare.add(Second(at, 1, 1), [(1, 0, 1)])

    assert [second.at for second in busy.seconds] == list(range(50, 60))
    assert rare.seconds[0].at == 2 * LONGEST - 50 - LONGEST + 50
    assert (rare.asked, rare.failed) == (LONGEST // 50, LONGEST // 50)


def test_trouble_that_ended_is_forgotten() -> None:
    """When the newest answers hold no failure, nothing is kept; what never failed is never kept."""
    found = window((0, 10), (0, 10), seconds=3)
    for at in range(3, 60):
        found.add(Second(at, ENOUGH, 0), [])

    assert not found.seconds
    assert not window((5, 0)).seconds


def test_one_second_is_told_in_parts() -> None:
    """What comes later of the same second adds up."""
    found = AnswerWindow()
    for _ in range(2):
        found.add(Second(7, 3, 1, 4, 2), [(1, 1, 1)])
    (second,) = found.seconds

    assert (second.asked, second.failed, second.legacy, second.legacy_failed) == (6, 2, 8, 4)
    assert second.cohorts == {1: (2, 2)}


def test_who_is_answered_well_beside_a_cohort() -> None:
    """Only other cohorts' good answers are."""
    found = AnswerWindow()
    found.add(Second(1, 3, 2), [(1, 1, 1), (2, 0, 1)])

    assert not found.has_well(1)
    assert found.has_well(2)
    assert not AnswerWindow().has_well(2)


def test_a_cohort_that_was_well_minutes_ago_is_remembered() -> None:
    """One that asks rarely and is answered well shows that the busy one's trouble is its own; for five minutes."""
    found = AnswerWindow()
    found.add(Second(0, 21, 10), [(1, 10, 10), (2, 1, 0), (3, 1, 0)])
    places = []
    for at in range(1, LONGEST + 1):
        found.add(Second(at, 20, 10), [(1, 10, 10)])
        places.append(found.failing(NONE, alone=True) is not None)

    assert len(found.well) == 2
    assert (any(places[:-1]), places[-1]) == (False, True)


def test_what_is_usual_is_drawn_towards_what_is_taken_for_it() -> None:
    """Before anything was seen a share of two fifths is needed; later what was seen counts."""
    assert usual(0, 0) == pytest.approx(0.13)
    assert usual(int(WEIGHT), 0) == pytest.approx(0.065)
    assert usual(1_000_000, 300_000) == pytest.approx(0.3, abs=0.001)
