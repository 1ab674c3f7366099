"""When routes were judged, and when nobody did."""

from __future__ import annotations

from proxy.core.position.judged_times import APART, MOST, JudgedTimes, seconds_in


def test_what_two_replicas_judged_adds_up() -> None:
    """Stretches that overlap, or follow each other closely, are one; a gap is what neither saw."""
    times = JudgedTimes().plus([(100.0, 200.0)]).plus([(150.0, 300.0), (300.0 + APART, 400.0), (500.0, 600.0)])

    assert times.stretches == ((100.0, 400.0), (500.0, 600.0))
    assert times.gaps == ((400.0, 500.0),)


def test_a_gap_counts_from_the_moment_that_is_asked_for() -> None:
    """A step that began in the middle of a gap lacks the rest of it, one that began later nothing."""
    gaps = JudgedTimes().plus([(0.0, 100.0), (200.0, 300.0), (350.0, 400.0)]).gaps

    assert [seconds_in(gaps, moment) for moment in (50.0, 160.0, 250.0, 390.0)] == [150.0, 90.0, 50.0, 0.0]


def test_nothing_is_missing_while_nothing_is_known() -> None:
    """Before the first stretch nobody knows, and the time counts."""
    assert JudgedTimes().gaps == JudgedTimes().plus([(100.0, 200.0)]).gaps == ()


def test_the_oldest_are_forgotten() -> None:
    """What is kept is bounded."""
    times = JudgedTimes().plus([(each * 100.0, each * 100.0 + 1.0) for each in range(MOST + 5)])

    assert (len(times.stretches), times.stretches[0][0]) == (MOST, 500.0)
