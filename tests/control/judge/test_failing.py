"""The judge over a new side that fails much of what it is asked: of few cohorts, of one, with a legacy that is down.

Long: the routes that fail and those that are held for it are told of by the same seconds, `half` and `well`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.control.position.operator_moves import target_of
from proxy.core.judge.verdict import Action, Ruling
from proxy.core.outcome import Refused
from proxy.core.position.hold import held
from proxy.core.position.position import Cause, Position, move, transition
from proxy.core.routing.route import BreakerPolicy as Rule
from proxy.link.messages import CohortDelta
from tests.control.stands import Clock, Guards, Stand, Store, alone, bad, canary, table

ANN: dict[str, Any] = {"actor": "ann", "numbers": {}, "reason": "wait"}
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
    stood = stand.place(), stand.here.position(stand.route()).held, [route for route, _ in told]
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
    during = stand.place(), stand.here.position(stand.route()).held
    for _ in range(90):
        half(stand, 1, 2, 3, good=10, failed=0, alive=(3, 0))
        await stand.rounds()

    assert during == ("live", True)
    assert (stand.place(), stand.judging.ruling(stand.route()).action) == ("live", Action.STAY)


async def held_for_legacy(
    store: Store, clock: Clock, route: str = LIVE, *others: str, guards: Guards | None = None
) -> Stand:
    """A replica whose judge has held the route, as both sides fail."""
    stand = await alone(store, clock, route, *others, guards=guards)
    stand.ill.add("legacy")
    for _ in range(30):
        half(stand, 1, 2, 3, good=0, failed=10)
        await stand.rounds()
    assert stand.here.position(stand.route()).waits
    return stand


async def well(stand: Stand, seconds: int) -> None:
    """New answers everything."""
    for _ in range(seconds):
        half(stand, 1, 2, 3, good=10, failed=0)
        await stand.rounds()


@pytest.mark.parametrize("down", [30, 90])
@pytest.mark.parametrize("seconds", [40, 250])
async def test_what_new_failed_while_both_were_down_takes_nobody_back(
    store: Store, clock: Clock, seconds: int, down: int
) -> None:
    """New is well again before legacy answers: no alarm of then is acted on, and the hold ends in its time."""
    stand = await held_for_legacy(store, clock)
    for _ in range(down):
        half(stand, *range(40), good=0, failed=2)
        await stand.rounds()
    await well(stand, seconds)
    alarmed = stand.judging.alarmed()
    stand.ill.clear()
    for _ in range(20):
        half(stand, 1, 2, 3, good=10, failed=0, alive=(3, 0))
        await stand.rounds()
    position = stand.here.position(stand.route())
    await well(stand, 300)

    assert (alarmed, str(position.place), position.waits) == ({}, "live", True)
    assert not stand.here.position(stand.route()).held


async def test_a_new_that_fails_little_goes_back_once_legacy_answers(store: Store, clock: Clock) -> None:
    """No breaker opens for one answer in five; the guard alarms anew, about what is told after legacy came back."""
    stand = await held_for_legacy(store, clock)
    for second in range(300):
        half(stand, *range(second * 5, second * 5 + 5), good=4, failed=1)
        await stand.rounds()
    before = stand.here.position(stand.route()).waits, stand.judging.alarmed()
    stand.ill.clear()
    for second in range(300, 330):
        half(stand, *range(second * 5, second * 5 + 5), good=4, failed=1, alive=(3, 0))
        await stand.rounds()

    assert before == (True, {})
    assert stand.place() == "shadow"
    assert (await store.behind.transitions("a", 1))[0].cause is Cause.GUARD


@pytest.mark.parametrize("legacy", ["comes back later", "stays down"])
@pytest.mark.parametrize("route", [LIVE, f"{LIVE}, ramp: {{}}"], ids=["no ramp", "ramp"])
async def test_a_hold_for_legacy_ends_when_new_answers_well(
    store: Store, clock: Clock, route: str, legacy: str
) -> None:
    """Five minutes after new came back the judge ends its own hold, and that is a move that is told and recorded."""
    stand = await held_for_legacy(store, clock, route)
    told: list[str] = []
    stand.mover.made.append(lambda record: told.append(record.reason))
    await well(stand, 290)
    before = stand.here.position(stand.route()).held
    await well(stand, 20)
    if legacy == "comes back later":
        stand.ill.clear()
    await well(stand, 60)
    position = stand.here.position(stand.route())
    record = (await store.behind.transitions("a", 1))[0]

    assert before
    assert (str(position.place), position.held, position.latched) == ("live", False, False)
    assert (record.cause, record.version) == (Cause.LEGACY, position.version)
    assert told == [record.reason]
    assert record.reason.startswith("new answers well again: it failed 0 of ")


async def test_a_route_that_is_held_for_legacy_goes_back_without_the_store(store: Store, clock: Clock) -> None:
    """Then legacy is back and new fails everything: all that fail go back here, also one that was not held."""
    stand = await held_for_legacy(store, clock, LIVE, "name: b, match: /b, stage: live")
    stand.ill.clear()
    store.away = True
    for _ in range(30):
        half(stand, 1, 2, 3, good=0, failed=10)
        stand.hear(route="b", new_bad=30, bad=[bad(cohort=each % 3, route="b") for each in range(30)])
        await stand.rounds()

    assert (stand.place("a"), stand.place("b")) == ("shadow", "shadow")
    assert set(stand.here.pending) == {"a", "b"}


@pytest.mark.parametrize("route", [LIVE, f"{LIVE}, ramp: {{}}"], ids=["no ramp", "ramp"])
async def test_a_hold_for_legacy_ends_by_itself_after_a_restart_too(store: Store, clock: Clock, route: str) -> None:
    """Whoever leads next takes up what was kept of the route, and watches it until new answers well."""
    guards = Guards()
    before = await held_for_legacy(store, clock, route, guards=guards)
    for _ in range(10):
        half(before, 1, 2, 3, good=0, failed=10)
        await before.rounds()
    await before.judge.leading.resign()
    stand = Stand(before.running.snapshot, store, clock, kept=before.kept[-1], guards=guards)
    stand.ill.add("legacy")
    await stand.begin()
    await well(stand, 290)
    waited = stand.here.position(stand.route()).waits
    await well(stand, 60)
    position = stand.here.position(stand.route())

    assert waited
    assert (str(position.place), position.held, position.cause) == ("live", False, Cause.LEGACY)


@pytest.mark.parametrize("here", [Cause.OPERATOR, Cause.LEGACY])
async def test_of_two_holds_under_one_version_the_stores_is_followed(store: Store, clock: Clock, here: Cause) -> None:
    """One was set here without the store, the other one in it: a person's never ends by itself."""
    other = next(each for each in (Cause.OPERATOR, Cause.LEGACY) if each is not here)
    stand = await alone(store, clock, LIVE)
    first = stand.here.position(stand.route())
    store.away = True
    await stand.mover.move(move(first, held(first, here), at=clock(), **ANN))
    await well(stand, 5)
    store.away = False
    after = held(first, other)
    await store.behind.compare_and_set(after, first.version, transition(first, after, **ANN))
    await well(stand, 900)
    found = stand.here.position(stand.route())

    assert (found.held, found.cause) == (True, Cause.OPERATOR)


async def test_a_hold_for_legacy_lasts_while_new_fails(store: Store, clock: Clock) -> None:
    """One failure in fifty is more than is usual; ten minutes change nothing, nor does a route that is not asked."""
    stand = await held_for_legacy(store, clock)
    for second in range(600):
        half(stand, second % 7, good=10 if second % 5 else 9, failed=0 if second % 5 else 1)
        await stand.rounds()
    failing = stand.here.position(stand.route()).waits
    await stand.rounds(600)

    assert failing
    assert stand.here.position(stand.route()).waits


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_operators_hold_never_ends_by_itself(store: Store, clock: Clock, when: str) -> None:
    """Whether it was there first, or was ordered when the judge held the route already."""
    stand = await alone(store, clock, LIVE) if when == "before" else await held_for_legacy(store, clock)
    position = stand.here.position(stand.route())
    after = target_of(stand.route(), position, "hold", clock(), stand.running.snapshot.upstreams)
    assert isinstance(after, Position)
    await stand.mover.move(move(position, after, at=clock(), actor="ann", numbers={}, reason="wait"))
    stand.ill.add("legacy")
    for _ in range(30):
        half(stand, 1, 2, 3, good=0, failed=10)
        await stand.rounds()
    await well(stand, 900)
    found = stand.here.position(stand.route())

    assert (found.held, found.cause, found.version) == (True, Cause.OPERATOR, after.version)


async def test_a_hold_that_is_ordered_meanwhile_outruns_the_judges_release(store: Store, clock: Clock) -> None:
    """The judge has ruled that its hold ends; an order that came in between makes it a person's."""
    stand = await held_for_legacy(store, clock)
    rulings: dict[str, Ruling] = {}
    while not rulings or rulings["a"].action is not Action.RELEASE:
        half(stand, 1, 2, 3, good=10, failed=0)
        clock.now += 1.0
        rulings = dict(stand.judging.rule([stand.outbox.take()]))
    position = stand.here.position(stand.route())
    after = held(position, Cause.OPERATOR)
    await store.behind.compare_and_set(after, position.version, transition(position, after, **ANN))
    await stand.judge._act(rulings)
    await stand.rounds(3)
    found = stand.here.position(stand.route())

    assert (found.held, found.cause) == (True, Cause.OPERATOR)


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
    assert stand.judging._budget.spent(clock.now) == (2001, 1)


async def refusing(stand: Stand, seconds: int, *, every: int = 1, requests: int = 1) -> int | None:
    """The whole of new is left alone; seconds until the route is taken back, None: it is not."""
    before = stand.place()
    for second in range(seconds):
        if second % every == 0:
            stand.hear(refused=requests, reason=Refused.UPSTREAM)
        await stand.rounds()
        if stand.place() != before:
            return second
    return None


@pytest.mark.parametrize("route", [LIVE, canary("50%")])
@pytest.mark.parametrize(("every", "requests", "after"), [(1, 20, 10), (1, 2, 10), (2, 1, 10), (20, 1, 80)])
async def test_a_route_is_taken_back_from_a_new_that_others_found_dead(
    store: Store, clock: Clock, route: str, every: int, requests: int, after: int
) -> None:
    """None of its own requests has failed: twenty a second, two, one in two seconds; one in twenty when it has five."""
    stand = await alone(store, clock, route)
    stand.healthy.add("legacy")

    assert await refusing(stand, 200, every=every, requests=requests) == after
    told = (await store.behind.transitions("a", 1))[0]
    assert (told.cause, stand.place()) == (Cause.BREAKER, "shadow")
    assert told.reason == (
        f"nothing could be sent to new for {after} s: its upstream is left alone "
        f"({requests * (after // every + 1)} requests refused), while legacy answered"
    )


@pytest.mark.parametrize(
    ("rule", "after"), [(Rule(open=15.0), 17), (Rule(open=1.0), 10), (None, 10)], ids=["15 s", "1 s", "off"]
)
async def test_a_quiet_route_waits_until_new_was_asked_after_its_rest(
    store: Store, clock: Clock, rule: Rule | None, after: int
) -> None:
    """One second without new costs fifteen where its breaker says so; that is no death. Twenty are one."""
    snapshot = table(LIVE)
    upstreams = {**snapshot.upstreams, "new": replace(snapshot.upstreams["new"], breaker=rule)}
    stand = Stand(replace(snapshot, upstreams=upstreams), store, clock)
    await stand.begin()
    await stand.rounds()
    stand.healthy.add("legacy")

    assert await refusing(stand, 30) == after


async def test_refusals_hours_apart_do_not_add_up(store: Store, clock: Clock) -> None:
    """A restart every three hours, at each of which one request of a quiet route is refused."""
    stand = await alone(store, clock, canary("50%"))
    stand.healthy.add("legacy")
    for _ in range(8):
        stand.hear(refused=1, reason=Refused.UPSTREAM)
        await stand.rounds()
        await stand.rounds(180, seconds=60.0)

    assert stand.place() == "canary 50%"


async def test_a_restart_of_new_moves_no_route(store: Store, clock: Clock) -> None:
    """Again and again six seconds of refusals, of which nobody hears more than once a minute that new is well."""
    stand = await alone(store, clock, LIVE)
    stand.healthy.add("legacy")
    for _ in range(5):
        moved = await refusing(stand, 6, requests=50)
        await stand.rounds(54)
        stand.hear(new=1)
        await stand.rounds()
        assert moved is None

    assert stand.place() == "live"


@pytest.mark.parametrize("route", [LIVE, canary("50%")])
async def test_where_both_fail_a_route_is_held_and_somebody_is_told(store: Store, clock: Clock, route: str) -> None:
    """Wherever new answers somebody, at a canary too; and it ends by itself when new answers well again."""
    told: list[Ruling] = []
    stand = await alone(store, clock, route)
    stand.judge.page = lambda _, ruling: told.append(ruling)
    before = stand.place()
    for _ in range(15):
        half(stand, *range(5), good=0, failed=1, alive=(0, 3))
        await stand.rounds()
    position = stand.here.position(stand.route())
    await well(stand, 400)

    assert (stand.place(), position.held, position.waits, len(told)) == (before, True, True, 1)
    assert "legacy is known to be down" in str(told[0])
    assert not stand.here.position(stand.route()).held


async def test_a_new_that_is_left_alone_is_held_while_legacy_is_down(store: Store, clock: Clock) -> None:
    """It is held and told once, and goes back when legacy answers."""
    told: list[Ruling] = []
    stand = await alone(store, clock, LIVE)
    stand.judge.page = lambda _, ruling: told.append(ruling)
    stand.ill.add("legacy")
    moved = await refusing(stand, 30, requests=9)
    held = stand.here.position(stand.route()).held
    stand.ill.clear()
    stand.healthy.add("legacy")

    assert (moved, held) == (None, True)
    assert ["its upstream is left alone" in str(message) for message in told] == [True]
    assert await refusing(stand, 5) is not None


async def test_where_nothing_is_known_of_legacy_a_new_that_is_left_alone_goes_back(store: Store, clock: Clock) -> None:
    """Unknown is not down, and the row has lasted longer than that takes."""
    stand = await alone(store, clock, LIVE)

    assert await refusing(stand, 30) == 10


@pytest.mark.parametrize("left", [True, False], ids=["left alone", "asked on"])
async def test_the_first_failures_of_a_dying_new_are_not_lost(store: Store, clock: Clock, *, left: bool) -> None:
    """They were told with its last good answers: one refusal is enough where all of new is left alone, else nothing."""
    stand = await alone(store, clock, LIVE)
    stand.healthy.add("legacy")
    stand.hear(new=9, new_bad=4, bad=[bad(unreachable=True) for _ in range(4)])
    await stand.rounds()
    before = stand.place()
    if left:
        assert await refusing(stand, 1) is not None
    stand.hear(new_bad=1, bad=[bad(unreachable=True)])
    await stand.rounds()

    assert (before, stand.place()) == ("live", "shadow" if left else "live")


@pytest.mark.parametrize("reason", [each for each in Refused if each is not Refused.UPSTREAM])
async def test_no_other_refusal_takes_a_route_back(store: Store, clock: Clock, reason: Refused) -> None:
    """Nor does it make a restart last longer."""
    stand = await alone(store, clock, LIVE)
    stand.healthy.add("legacy")
    await refusing(stand, 5, requests=9)
    for _ in range(60):
        stand.hear(refused=9, reason=reason)
        await stand.rounds()

    assert stand.place() == "live"


async def test_one_tenants_own_trouble_moves_nothing(store: Store, clock: Clock) -> None:
    """It sends nine tenths of all requests, and all of them fail, for an hour; four others are well."""
    stand = await alone(store, clock, LIVE)
    stand.healthy.add("legacy")
    for _ in range(3600):
        cohorts = [CohortDelta("a", 1, 0, 36), *(CohortDelta("a", cohort, 1, 0) for cohort in (2, 3, 4, 5))]
        stand.hear(new=4, new_bad=36, bad=[bad(cohort=1) for _ in range(36)], cohorts=cohorts)
        await stand.rounds()

    assert stand.place() == "live"


@pytest.mark.parametrize(
    "route",
    ["name: a, match: /a, stage: complete", f"{LIVE}, guard: {{on_failure: freeze}}"],
    ids=["complete", "freeze"],
)
@pytest.mark.parametrize("by", ["nobody", "a person"])
async def test_a_death_that_moves_nothing_is_told_each_time(store: Store, clock: Clock, route: str, by: str) -> None:
    """Total failure where going back is refused, whoever holds the route; ten minutes after it another one."""
    told: list[Ruling] = []
    stand = await alone(store, clock, route)
    stand.judge.page = lambda _, ruling: told.append(ruling)
    stand.healthy.add("legacy")
    if by == "a person":
        position = stand.here.position(stand.route())
        await stand.mover.move(move(position, held(position, Cause.OPERATOR), at=clock(), **ANN))
    counts = []
    for _ in range(2):
        for _ in range(60):
            half(stand, 1, 2, 3, good=0, failed=10)
            await stand.rounds()
        counts.append(len(told))
        await well(stand, 600)

    position = stand.here.position(stand.route())
    assert (counts, {message.cause for message in told}) == ([1, 2], {Cause.BREAKER})
    assert (position.held, position.latched, position.version) == (True, False, 1)
