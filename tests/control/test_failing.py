"""The judge over a new side that fails much of what it is asked: of few cohorts, of one, with a legacy that is down."""

from __future__ import annotations

import pytest

from proxy.core.judge.verdict import Action, Ruling
from proxy.link import CohortDelta
from tests.control.stands import Clock, Stand, Store, alone, bad, canary


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store(clock)


LIVE = "name: a, match: /a, stage: live"


def half(
    stand: Stand, *cohorts: int, good: int = 5, failed: int = 5, legacy: int = 0, alive: tuple[int, int] = (0, 0)
) -> None:
    """A second in which new answers each of these cohorts so many times well, and fails as often as said."""
    events = [bad(cohort=cohort) for cohort in cohorts for _ in range(failed)]
    stand.hear(
        new=good * len(cohorts),
        new_bad=failed * len(cohorts),
        bad=events,
        cohorts=[CohortDelta("a", cohort, good, failed) for cohort in cohorts],
        legacy=legacy,
        alive=alive,
    )


@pytest.mark.parametrize("route", [LIVE, canary("50%")])
async def test_half_of_all_answers_that_fail_take_a_route_back(store: Store, clock: Clock, route: str) -> None:
    """Good answers in between end every row; the share of five cohorts does not need one."""
    stand = await alone(store, clock, route)
    seconds = 0
    while "shadow" not in stand.place() and seconds < 60:
        half(stand, *range(5), legacy=9)
        await stand.rounds()
        seconds += 1

    assert 5 < seconds < 15
    assert "for 5 of 5 cohorts" in (await store.behind.transitions("a", 1))[0].reason


async def test_where_nothing_is_known_of_legacy_total_failure_takes_a_write_back(store: Store, clock: Clock) -> None:
    """No probe, no shadows, no answers of legacy: unknown is not down."""
    stand = await alone(store, clock, LIVE)
    for _ in range(7):
        half(stand, 1, 2, 3, good=0)
        await stand.rounds()

    assert stand.place() == "shadow"
    assert "nothing is known of legacy" in (await store.behind.transitions("a", 1))[0].reason


@pytest.mark.parametrize("failed", [5, 10])
async def test_a_dead_legacy_is_never_gone_back_to(store: Store, clock: Clock, failed: int) -> None:
    """Its probe is bad: the route is held and somebody is told, once; when legacy is back, so is the route."""
    told: list[tuple[str, Ruling]] = []
    stand = await alone(store, clock, LIVE)
    stand.judge.page = lambda route, ruling: told.append((route, ruling))
    stand.ill.add("legacy")
    for _ in range(30):
        half(stand, 1, 2, 3, good=10 - failed, failed=failed)
        await stand.rounds()
    stood = stand.place(), stand.replica.position(stand.route()).held, [route for route, _ in told]
    stand.ill.clear()
    for _ in range(30):
        half(stand, 1, 2, 3, good=10 - failed, failed=failed)
        await stand.rounds()

    assert stood == ("live", True, ["a"])
    assert stand.place() == "shadow"


async def test_trouble_that_legacy_shares_is_no_reason_to_go_back(store: Store, clock: Clock) -> None:
    """Legacy fails its shadows as new fails its clients: what both need is down, and the route is held, not moved."""
    stand = await alone(store, clock, LIVE)
    for _ in range(30):
        half(stand, 1, 2, 3, good=0, failed=10, alive=(0, 3))
        await stand.rounds()
    during = stand.place(), stand.replica.position(stand.route()).held
    for _ in range(90):
        half(stand, 1, 2, 3, good=10, failed=0, alive=(3, 0))
        await stand.rounds()

    assert during == ("live", True)
    assert (stand.place(), stand.bench.ruling(stand.route()).action) == ("live", Action.STAY)


async def test_a_dead_new_is_not_hidden_behind_refusals(store: Store, clock: Clock) -> None:
    """Its own five failures opened the upstream's breaker, and one probe fails now and then: it is taken back."""
    stand = await alone(store, clock, LIVE)
    half(stand, 1, good=0, failed=5)
    await stand.rounds()
    for _ in range(15):
        stand.hear(refused=20)
        await stand.rounds()

    assert stand.place() == "shadow"


@pytest.mark.parametrize("route", [LIVE, canary("50%")])
async def test_refusals_that_another_route_caused_move_nothing(store: Store, clock: Clock, route: str) -> None:
    """What Banyan refused by itself is neither a bad answer nor a good one, nor does it spend the error budget."""
    stand = await alone(store, clock, route, top="guard: {error_budget: 1%}\n")
    before = stand.place()
    stand.healthy.add("legacy")
    half(stand, 1, good=2000, failed=1)
    for _ in range(120):
        stand.hear(refused=50)
        await stand.rounds()

    assert stand.place() == before
    assert stand.bench._budget.spent(clock.now) == (2001, 1)


async def test_one_tenants_own_trouble_moves_nothing(store: Store, clock: Clock) -> None:
    """It sends nine tenths of all requests, and all of them fail, for an hour; four others are well."""
    stand = await alone(store, clock, LIVE)
    stand.healthy.add("legacy")
    for _ in range(3600):
        cohorts = [CohortDelta("a", 1, 0, 36), *(CohortDelta("a", cohort, 1, 0) for cohort in (2, 3, 4, 5))]
        stand.hear(new=4, new_bad=36, bad=[bad(cohort=1) for _ in range(36)], cohorts=cohorts)
        await stand.rounds()

    assert stand.place() == "live"
