from __future__ import annotations

import pytest

from proxy.core.judge.dedupe import Baseline, Dedupe
from proxy.core.judge.guard import Bad, BadEvent
from proxy.core.outcome import Side


def event(cohort: int = 1, at: float = 0.0, bad: Bad = Bad.ERROR, side: Side = Side.NEW) -> BadEvent:
    return BadEvent(bad, side, cohort, 0.5, at)


def counted(events: list[BadEvent], most: int = 100) -> list[bool]:
    dedupe = Dedupe(most)
    return [dedupe.counts(each) for each in events]


def test_a_cohort_counts_once_a_minute() -> None:
    """A burst of one tenant is one bad event, also over the edge of a minute; a minute after it another one counts."""
    assert counted([event(at=50), event(at=51), event(at=109), event(at=110)]) == [True, False, False, True]


def test_cohorts_and_classes_count_apart() -> None:
    """What differs in either is another event; a cohort that moves to the other side does not count anew by that."""
    events = [event(), event(cohort=2), event(side=Side.LEGACY), event(bad=Bad.TIMEOUT), event()]

    assert counted(events) == [True, True, False, True, False]


def test_what_comes_late_is_still_the_same_event() -> None:
    """Replicas report a minute late: what counted then does not count again; what is older than that is passed over."""
    dedupe = Dedupe()

    times = (50, 115, 60, 400, 270)

    assert [dedupe.counts(event(at=at)) for at in times] == [True, True, False, True, False]
    assert dedupe.counts(event(cohort=2, at=280)) is False
    assert dedupe.counts(event(cohort=2, at=281)) is True


def test_a_clock_that_is_set_back_begins_anew() -> None:
    """More than an hour back is no lateness: events count again."""
    assert counted([event(at=7200), event(at=3599)]) == [True, True]


def test_the_memory_is_bounded() -> None:
    """More cohorts than find a place are not counted as evidence; known ones are just repeated."""
    dedupe = Dedupe(most=2)

    assert [dedupe.counts(event(cohort=each)) for each in (1, 2, 3, 1)] == [True, True, False, False]
    assert dedupe.counts(event(cohort=3, at=200)) is True


def test_the_share_is_what_the_moved_cohorts_always_had() -> None:
    """A tenant that always failed often, and is among the first to move, is no evidence against new."""
    baseline = Baseline()
    baseline.add(0.02, 60)
    baseline.add(0.7, 40)

    assert baseline.share(0.05) == pytest.approx((60 + 20 * 0.05) / 120)
    assert baseline.share(0.02) == pytest.approx((20 * 0.02) / 120)
    assert baseline.share(1.0) == pytest.approx(1.0)


def test_with_little_seen_the_share_is_never_below_the_split() -> None:
    """Where the baseline is thin the guard is slower, not rasher."""
    baseline = Baseline()
    baseline.add(0.9, 49)

    assert baseline.share(0.05) == 0.05
    assert Baseline().share(0.25) == pytest.approx(0.25)


def test_a_baseline_survives_storing_and_adds_up_over_replicas() -> None:
    """What is stored gives the same baseline, and two of them their sum."""
    baseline = Baseline()
    baseline.add(0.1, 3)
    baseline.add(0.99999)

    both = Baseline.of([*baseline.counts, *baseline.counts])

    assert baseline.counts == ((1000, 3), (9999, 1))
    assert Baseline.of(baseline.counts) == baseline
    assert (both.slots, both.total) == ({1000: 6, 9999: 2}, 8)
