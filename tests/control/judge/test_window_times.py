"""Which windows are on, when the last one ended that stops everything, and what its end does for who starts later."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from proxy.control.judge.window_times import closed_now, is_shut, opened_last
from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import Stops
from proxy.core.judge.windows import Closed
from tests.control.stands import START, Clock, Guards, Stand, Store, alone, failures, table

END = START + 600.0


def at(text: str) -> float:
    """Unix seconds of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def window(start: float, end: float, stops: str = "everything") -> str:
    return f'{{name: w{end:.0f}, start: "{iso(start)}", end: "{iso(end)}", stops: {stops}}}'


def live(*windows: str) -> str:
    """A route where new is alone."""
    return f"name: a, match: /a, stage: live, windows: [{', '.join(windows)}]"


NIGHTS = '{name: nights, days: [mon, tue], start: "22:00", end: "02:30", zone: Europe/Berlin, stops: everything}'
SUNDAY = '{name: early, days: [sun], start: "01:00", end: "02:30", zone: Europe/Berlin, stops: everything}'


@pytest.mark.parametrize(
    ("windows", "now", "ended"),
    [
        (NIGHTS, "2026-07-08T00:29", "2026-07-07T00:30"),
        (NIGHTS, "2026-07-08T00:30", "2026-07-08T00:30"),
        (NIGHTS, "2026-07-14T00:29", "2026-07-08T00:30"),
        (SUNDAY, "2026-10-25T00:45", "2026-10-25T00:30"),
        (SUNDAY, "2026-10-25T02:00", "2026-10-25T01:30"),
        (NIGHTS.replace("everything", "promotion"), "2026-07-08T00:30", None),
    ],
    ids=["within", "at its end", "a week later", "once", "twice", "one that stops promotion alone"],
)
def test_when_a_window_that_comes_again_ended(windows: str, now: str, ended: str | None) -> None:
    """By the clocks of its zone."""
    (route,) = table(live(windows)).routes

    assert opened_last(route, at(now)) == (at(ended) if ended else 0.0)


def test_windows_that_meet_end_together() -> None:
    """A fixed one ends at its end, unless another one goes on; one that has not ended yet has not."""
    (route,) = table(live(window(START, END), window(END - 10.0, END + 60.0))).routes

    assert [opened_last(route, END + each) for each in (0.0, 59.0, 60.0, 9000.0)] == [0.0, 0.0, END + 60.0, END + 60.0]


def test_which_windows_are_on() -> None:
    """Those of either kind, by name; a route without any is never shut."""
    route, plain = table(live(window(START, END, "promotion")), "name: b, match: /b, stage: live").routes

    assert closed_now(route, START) == (Closed(f"w{END:.0f}", Stops.PROMOTION),)
    assert (closed_now(plain, START), is_shut(route, START)) == ((), False)


async def seconds(stand: Stand, until: float, *, fails: bool = False) -> None:
    """New answers fifty requests each second, or none of them."""
    while stand.clock.now < until:
        stand.hear(**({"new_bad": 50, "bad": failures(50)} if fails else {"new": 50}))
        await stand.rounds()


async def alarmed_within(guards: Guards, store: Store, clock: Clock) -> Stand:
    """New failed for twenty seconds within a window that stops everything, and is well for nine minutes."""
    stand = await alone(store, clock, live(window(START - 60.0, END)), guards=guards)
    stand.healthy = {"legacy"}
    await seconds(stand, START + 20.0)
    await seconds(stand, START + 40.0, fails=True)
    await seconds(stand, END - 20.0)
    return stand


async def begun_anew(before: Stand, guards: Guards, store: Store) -> Stand:
    """Another process, with what the one before has kept."""
    found = Stand(before.running.snapshot, store, before.clock, instance="two", guards=guards, kept=before.kept[-1])
    found.healthy = {"legacy"}
    await found.begin()
    return found


@pytest.mark.parametrize(("gone", "back"), [(-10.0, 5.0), (-1.0, 0.0), (-10.0, -0.5), (1.0, 3.0)])
async def test_a_windows_end_counts_for_who_starts_later(gone: float, back: float) -> None:
    """Control is away over the end or a part of it: the guard begins anew all the same, and a well new stays."""
    clock, guards = Clock(), Guards()
    store = Store(clock)
    first = await alarmed_within(guards, store, clock)
    paged = first.judging.ruling(first.route()).action
    await seconds(first, END + gone)
    await first.judge.end()
    clock.now = END + back
    second = await begun_anew(first, guards, store)
    await seconds(second, END + 30.0)

    assert paged == "page"
    assert (second.place(), second.judging.alarmed()) == ("live", {})


async def test_an_alarm_within_a_window_lasts_as_long_as_it() -> None:
    """Who starts within it takes the alarm up; what fails after its end takes new back."""
    clock, guards = Clock(), Guards()
    store = Store(clock)
    first = await alarmed_within(guards, store, clock)
    await first.judge.end()
    second = await begun_anew(first, guards, store)
    within = second.judging._watches["a"].breaker.opened_at, second.judging.alarmed()
    clock.now = END + 1.0
    await seconds(second, END + 10.0)
    await seconds(second, END + 20.0, fails=True)

    assert within[0] is not None or Bad.ERROR in within[1]["a"]
    assert second.place() == "shadow"
