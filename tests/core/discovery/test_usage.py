from __future__ import annotations

from dataclasses import replace

from proxy.core.discovery.usage import CallerUsage, UsageDay, added, day_of, sums_of

MONDAY = UsageDay(route="orders", caller="app", day=1, calls=2, good=1, first=90_000.0, last=100_000.0)


def test_a_day_ends_at_midnight_of_utc() -> None:
    """Whatever the clock of the machine's zone says."""
    assert [day_of(moment) for moment in (0.0, 86_399.9, 86_400.0)] == [0, 0, 1]


def test_records_of_one_day_add_up() -> None:
    """In either order; the first call is the earlier one, the last the later."""
    more = replace(MONDAY, calls=5, good=5, first=95_000.0, last=120_000.0)

    both = replace(MONDAY, calls=7, good=6, last=120_000.0)
    assert added(MONDAY, more) == added(more, MONDAY) == both


def test_a_caller_is_summed_over_its_days() -> None:
    """Each route and caller by itself, in order."""
    tuesday = replace(MONDAY, day=2, calls=1, good=1, first=180_000.0, last=180_000.0)
    other = replace(MONDAY, caller="aged")

    assert sums_of((MONDAY, tuesday, other)) == (
        CallerUsage(route="orders", caller="aged", calls=2, good=1, first=90_000.0, last=100_000.0, days=1),
        CallerUsage(route="orders", caller="app", calls=3, good=2, first=90_000.0, last=180_000.0, days=2),
    )
