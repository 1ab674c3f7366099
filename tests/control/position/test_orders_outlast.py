"""Orders that the judge does not overtake: what is drained or killed climbs no further, whatever is proved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.position.kill_times import KillTimes
from proxy.control.position.place_reasons import why
from proxy.core.judge.verdict import Action
from proxy.core.outcome import Side
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, move, moved
from proxy.core.position.standing import NEWCOMERS, Pin
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.stage import Stage
from tests.control.conftest import Open
from tests.control.judge.test_enforcing import RAMP, at_shadow, between, by_the_judge, fails, proved
from tests.control.stands import START, Clock, Known, Stand, Store, alone, canary, table

DRAIN = Pin(route="a", cohort=NEWCOMERS, side=Side.LEGACY, by="ann", since=START, reason="new goes down at six")
SINCE = "it drains since 2027-01-15T08:00:00.000Z by ann (new goes down at six)"
LETS_CLIMB = f"{SINCE}; `banyan drain a --off` lets it climb"
HALF = canary("50%", RAMP)


def reasons(stand: Stand) -> tuple[str, ...]:
    return stand.judging.ruling(stand.route()).judgement.reasons


@pytest.mark.parametrize("route", [HALF, at_shadow("a")])
async def test_a_drained_route_climbs_after_the_drain_alone(store: Store, clock: Clock, route: str) -> None:
    """All of its needs are met: the drain is the one thing that is missing, in words, and its end lets it go on."""
    stand = await proved(store, clock, route)
    await store.behind.set_pin(DRAIN)
    await stand.rounds(seconds=3601.0)
    drained = await by_the_judge(store), reasons(stand)
    await store.behind.drop_pin("a", NEWCOMERS)
    await stand.rounds(seconds=0.1)

    assert drained == ([], (LETS_CLIMB,))
    assert len(await by_the_judge(store)) == 1


async def test_a_pinned_cohort_is_no_drain(store: Store, clock: Clock) -> None:
    """It stays where it is whatever the split, and the route goes on."""
    stand = await proved(store, clock, HALF)
    await store.behind.set_pin(Pin(route="a", cohort="acme", side=Side.LEGACY, by="ann", since=START))
    await stand.rounds(seconds=3601.0)

    assert await by_the_judge(store) == [("a", "live")]


async def test_a_drain_at_the_last_moment_comes_first(store: Store, clock: Clock) -> None:
    """It reaches the store between the judge's look and its move: nothing is promoted, in that round or the next."""
    stand = await proved(store, clock, HALF)

    async def drain() -> None:
        await store.behind.set_pin(DRAIN)

    between(store, drain)
    await stand.rounds(2, seconds=3601.0)

    assert await by_the_judge(store) == []


async def test_a_drain_that_is_seen_after_the_ruling_is_asked_for_again(store: Store, clock: Clock) -> None:
    """What was ruled a promotion is none by the time that it would be carried out."""
    stand = await proved(store, clock, HALF)
    clock.now += 3601.0
    rulings = stand.judging.rule([stand.outbox.take()])
    await store.behind.set_pin(DRAIN)
    await stand.mover.look()
    await stand.judge._enforcing.enforce(rulings)

    assert rulings["a"].action is Action.PROMOTE
    assert stand.judging.forbidden(stand.route()) == LETS_CLIMB
    assert await by_the_judge(store) == []


async def test_what_a_drain_does_is_told_by_where_the_route_runs(store: Store, clock: Clock) -> None:
    """Promoted to live by a person it sends newcomers to legacy no more, and its reason does not say that it does."""
    stand = await proved(store, clock, HALF)
    await store.behind.set_pin(DRAIN)
    await stand.mover.look()
    before = stand.here.position(stand.route())
    at_canary = why(stand.route(), stand.here.placed(stand.route()))
    after = moved(before, Place(Stage.LIVE), Cause.OPERATOR, clock.now)
    await stand.mover.move(move(before, after, at=clock.now, actor="bob", numbers={}, reason="all of it"))

    assert at_canary == f"{SINCE}: new cohorts go to legacy until `banyan drain a --off`"
    ends = f"{SINCE}, which counts at canary alone; `banyan drain a --off` ends it"
    assert why(stand.route(), stand.here.placed(stand.route())) == f"moved by bob: all of it; {ends}"


KILL = KillSwitchOrder(by="ann", at="2027-01-15T08:00:00Z", reason="new loses orders")
KILLED = (
    "the kill switch is on (by ann, since 2027-01-15T08:00:00Z, new loses orders): "
    "nothing is promoted until `banyan kill --off` ends it"
)


@pytest.mark.parametrize("route", [HALF, at_shadow("a")])
@pytest.mark.parametrize("order", [replace(KILL, at=""), KillSwitchOrder()])
async def test_nothing_is_promoted_while_the_kill_switch_is_on(
    store: Store, clock: Clock, route: str, order: KillSwitchOrder
) -> None:
    """All of its needs are met: the order is the one thing in the way, whoever gave it, and its end lets it go on."""
    stand = await proved(store, clock, route)
    clock.now += 3601.0
    stand.running.order = order
    await stand.rounds(seconds=0.0)
    killed = await by_the_judge(store), reasons(stand)
    stand.running.order = None
    await stand.rounds(seconds=0.0)

    said = (
        KILLED.replace("since 2027-01-15T08:00:00Z, ", "")
        if order.by
        else "the kill switch is on: nothing is promoted until `banyan kill --off` ends it"
    )
    assert killed == ([], (said,))
    assert len(await by_the_judge(store)) == 1


async def test_a_step_goes_on_after_the_kill_switch(store: Store, clock: Clock) -> None:
    """Eight minutes before it and two after it are ten; those under it are named, and left out."""
    stand = await proved(store, clock, HALF)
    await stand.rounds(seconds=479.0)
    stand.running.order = KillSwitchOrder()
    await stand.rounds(seconds=0.0)
    await stand.rounds(seconds=600.0)
    killed = reasons(stand)
    stand.running.order = None
    await stand.rounds(seconds=0.0)
    await stand.rounds(seconds=60.0)
    waits = reasons(stand), stand.place()
    await stand.rounds(seconds=61.0)

    left_out = "of 10m, without 10m under the kill switch"
    assert any(each.endswith(left_out) for each in killed)
    assert waits == ((f"at canary 50% for 9m {left_out}",), "canary 50%")
    assert stand.place() == "live"


CLIMBS = canary(more="ramp: {steps: [10%, 25%], hold: 1h}")


async def carries(stand: Stand, seconds: int, *, is_killed: bool = False) -> None:
    """So many seconds of a tenth to new and the usual shadows, or of legacy alone."""
    stand.running.order = KILL if is_killed else None
    for _ in range(seconds):
        stand.hear(**({"legacy": 100} if is_killed else {"legacy": 90, "new": 10, "shadows": {"sent": 5}}))
        await stand.rounds()


async def test_time_under_the_kill_switch_raises_no_sample(store: Store, clock: Clock) -> None:
    """What new did not carry then is no reason for more shadows afterwards, and nobody says that there are any."""
    stand = await alone(store, clock, CLIMBS, known=Known())
    await carries(stand, 15)
    before = dict(stand.judging.samples), stand.judging._watches["a"].capacity.short
    await carries(stand, 600, is_killed=True)
    killed = dict(stand.judging.samples), any("are shadowed" in reason for reason in reasons(stand))
    await carries(stand, 8)

    assert killed == ({}, False)
    assert before == (stand.judging.samples, stand.judging._watches["a"].capacity.short) == ({"a": 4 / 15}, 1)


@pytest.mark.parametrize("seconds", [5, 600])
async def test_the_kill_switch_ends_a_stretch(store: Store, clock: Clock, seconds: int) -> None:
    """One that it met says nothing of what new can carry: the next whole one is the first after it."""
    stand = await alone(store, clock, CLIMBS, known=Known())
    await carries(stand, 5)
    await carries(stand, seconds, is_killed=True)
    await carries(stand, 9)
    before = stand.judging._watches["a"].capacity
    await carries(stand, 3)

    assert (before.short, before.proved) == (0, None)
    assert stand.judging._watches["a"].capacity.proved == pytest.approx(0.145)


async def test_time_on_hold_raises_no_sample_either(store: Store, clock: Clock) -> None:
    """Nobody raised it then; what new carried meanwhile counts."""
    stand = await alone(store, clock, CLIMBS, known=Known())
    await carries(stand, 5)
    await stand.hold(on=True)
    await carries(stand, 600)
    on_hold, proved = dict(stand.judging.samples), stand.judging._watches["a"].capacity.proved
    await stand.hold(on=False)
    await carries(stand, 8)

    assert on_hold == {}
    assert proved == pytest.approx(0.145)
    assert stand.judging.samples == {"a": pytest.approx(0.15 / 0.9 + 0.05)}


async def test_a_kill_that_is_seen_after_the_ruling_is_asked_for_again(store: Store, clock: Clock) -> None:
    """What was ruled a promotion is none by the time that it would be carried out."""
    stand = await proved(store, clock, HALF)
    clock.now += 3601.0
    rulings = stand.judging.rule([stand.outbox.take()])
    stand.running.order = KILL
    await stand.judge._enforcing.enforce(rulings)

    assert rulings["a"].action is Action.PROMOTE
    assert stand.judging.forbidden(stand.route()) == KILLED
    assert await by_the_judge(store) == []


@pytest.mark.parametrize("by", ["control", "worker"])
async def test_the_judge_that_runs_asks_for_the_switch(open_port: Open, by: str) -> None:
    """Put together as control does it, it knows what the file says and what a worker has seen before control."""
    port = await open_port(snapshot=table(HALF))
    worker, judging = await port.worker(), port.parts.judge.judging
    route = judging.route("a")
    assert route is not None
    before = judging.forbidden(route)
    if by == "control":
        port.kill.take(KILL)
    else:
        worker.killed = True
        await port.links.refresh()

    assert before is None
    assert str(judging.forbidden(route)).startswith("the kill switch is on")


async def test_a_killed_route_goes_back_all_the_same(store: Store, clock: Clock) -> None:
    """The order stops promotion, never a rollback: what still came from new when it began counts."""
    stand = await proved(store, clock, HALF)
    stand.running.order = KILL
    fails(stand, "a")
    await stand.rounds()

    assert await by_the_judge(store) == [("a", "shadow")]


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("2027-01-15T07:59:20Z", 40.0),
        ("0001-01-01T00:00:00+23:00", 100.0),
        ("2027-01-15T08:00:09Z", 0.0),
        ("", 0.0),
        ("yesterday", 0.0),
    ],
)
def test_an_order_that_a_control_finds_counts_from_when_it_was_given(at: str, seconds: float) -> None:
    """By its own words, where they are a time that has passed."""
    times = KillTimes()
    times.note(KillSwitchOrder(at=at), START)

    assert times.seconds_since(START - 100.0) == seconds


def test_of_several_orders_each_counts_for_its_own_time() -> None:
    """None twice, whatever it says of itself, and as much of it as is later than the moment in question."""
    times = KillTimes()
    for second, is_on in ((0, True), (10, True), (20, False), (30, False), (40, True), (45, True)):
        times.note(KillSwitchOrder(at="2027-01-15T07:00:00Z" if second else "") if is_on else None, START + second)

    assert times.seconds_since(START) == 45.0
    assert times.seconds_since(START + 15.0) == 30.0
    assert times.seconds_since(START + 45.0) == 0.0


def test_a_drill_of_many_orders_is_remembered_in_part() -> None:
    """Of a hundred seconds under the switch the last sixty-four are known, and the first ones are time at the step."""
    times = KillTimes()
    for second in range(200):
        times.note(None if second % 2 else KillSwitchOrder(), START + second)

    assert times.seconds_since(START) == 64.0
    assert times.seconds_since(START + 180.5) == 9.5


def test_time_under_the_switch_in_which_nobody_judged_is_not_counted_twice() -> None:
    """Of a switch that was on over a stop of the judge what lies outside the stop is left."""
    times = KillTimes()
    times.note(KillSwitchOrder(), START)
    times.note(None, START + 100.0)

    assert times.seconds_beside([(START + 20.0, START + 50.0), (START + 90.0, START + 300.0)], START + 10.0) == 50.0
