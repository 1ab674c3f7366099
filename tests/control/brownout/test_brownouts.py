"""Brown-outs as control runs them: what is on record, what ends them, and that they stay ended. The clock is told."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time
from typing import cast

import pytest

from proxy.control.brownout.brownout_state import BrownoutState
from proxy.control.brownout.brownouts import Brownouts
from proxy.control.position.record_writer import RecordWriter
from proxy.core.brownout.aftermath import NextCalls
from proxy.core.brownout.brownout_policy import brownout_of
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.position.standing import is_of_cohort
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.route import Route
from proxy.link.messages import BrownoutDelta, MetClient, Report
from proxy.store.positions import PositionStore
from tests.control.stands import GOOD, Clock, Stand, Store, table

DAY = 86_400.0
START = float(int(time()))
"""A file is judged by the day on which it is read."""
UNTIL = START + 30 * DAY


class Replica:
    """One replica with its brown-outs, over a store that others may share."""

    def __init__(self, store: Store, clock: Clock, brownout: str = "", instance: str = "one") -> None:
        self.stand = Stand(table(_route(brownout)), store, clock, instance=instance)
        self.killed: KillSwitchOrder | None = None
        self.alarm = ""
        here, positions = self.stand.here, cast("PositionStore", store)
        self.records = RecordWriter(positions, instance, clock, self.stand.mover.look)
        self.brownouts = Brownouts(
            running=lambda: self.stand.running.snapshot,
            here=here,
            store=positions,
            records=self.records,
            look=self.stand.mover.look,
            killed=lambda: self.killed,
            alarm=lambda _route, _since: self.alarm,
        )

    def edit(self, brownout: str | None) -> None:
        """routes.yaml says this now."""
        self.stand.running.take(table(_route(brownout)), GOOD)

    async def round(self, seconds: float = 1.0) -> None:
        self.stand.clock.now += seconds
        await self.stand.mover.look()
        self.stand.here.expire()
        await self.brownouts.round()
        while self.records.is_behind and await self.records.write():
            pass

    def meet(self, client: str, calls: int = 1, without: tuple[int, int, int] = (0, 0, 0), **more: object) -> None:
        """A worker tells of one browned call among those of a client."""
        whole = cast("tuple[int, int, int]", more.get("whole", (0, 0, 0)))
        told = BrownoutDelta("a", self.policy_id, [MetClient(client, calls, {"browned": 1})], [*without], [*whole])
        self.brownouts.hear(Report(0, 1, "r", {}, 0, [], [], brownouts=[told]))

    @property
    def route(self) -> Route:
        return self.stand.route()

    @property
    def policy_id(self) -> str:
        policy = brownout_of(self.route.steps)
        assert policy is not None
        return policy.id

    @property
    def ended(self) -> str:
        """Why it is over, as control says; empty: it runs."""
        state = self.brownouts.of(self.route)
        assert state is not None
        return "" if state.end is None else state.end.reason

    @property
    def told(self) -> list[str]:
        """What workers were told that is over."""
        return [each for order in self.stand.here._orders.routes for each in order.ended]


def _route(brownout: str | None) -> str:
    until = f'"{datetime.fromtimestamp(UNTIL, UTC):%Y-%m-%dT%H:%M:%SZ}"'
    said = "" if brownout is None else f", brownout: {{ {brownout or 'field: $.rank, share: 1%'}, until: {until} }}"
    return f"name: a, match: /a, stage: legacy{said}"


@pytest.fixture
def clock() -> Clock:
    return Clock(START)


async def recorded(store: Store) -> list[OrderRecord]:
    """Oldest first."""
    found = list(cast("tuple[OrderRecord, ...]", await store.orders("a", 100)))
    found.reverse()
    return sorted(found, key=lambda each: each.at)


async def kinds(store: Store) -> list[str]:
    return [each.kind.value for each in await recorded(store)]


async def test_its_beginning_whom_it_meets_and_its_end_are_on_record(clock: Clock) -> None:
    """Each client once, with the time; the end at its time, which is nobody's order."""
    store = Store(clock)
    one = Replica(store, clock)
    await one.round()
    one.meet("shop")
    await one.round()
    one.meet("shop")
    one.meet("billing")
    await one.round(DAY)
    clock.now = UNTIL - 0.5
    await one.round(0.0)
    runs = one.ended
    await one.round(7.0)

    found = await recorded(store)
    assert [(each.kind.value, each.cohort) for each in found] == [
        ("brownout", one.policy_id),
        ("found", "shop"),
        ("found", "billing"),
        ("unbrown", one.policy_id),
    ]
    assert (runs, one.ended) == ("", "its time is over")
    assert found[0].reason == "$.rank is absent from 1% of the calls of each client"
    assert (found[0].until, found[-1].at, found[-1].actor) == (UNTIL, UNTIL, "routes.yaml")
    assert one.told == []


async def test_a_restart_begins_nothing_anew(clock: Clock) -> None:
    """What is on record is known again: its beginning, whom it has met, and that it was ended."""
    store = Store(clock)
    one = Replica(store, clock)
    await one.round()
    one.meet("shop")
    await one.round()
    before = await kinds(store)
    two = Replica(store, clock)
    two.meet("shop")
    await two.round()
    assert await kinds(store) == before == ["brownout", "found"]
    two.alarm = "new fails"
    await two.round()
    three = Replica(store, clock)
    await three.round()
    assert (three.ended, three.told) == ("new fails", [three.policy_id])
    assert await kinds(store) == ["brownout", "found", "unbrown"]


async def test_the_kill_switch_ends_it_for_good(clock: Clock) -> None:
    """By whom it was turned; turning it off begins nothing."""
    store = Store(clock)
    one = Replica(store, clock)
    await one.round()
    one.killed = KillSwitchOrder(by="ann")
    await one.round()
    one.killed = None
    await one.round()
    assert (one.ended, one.told) == ("the kill switch was turned on", [one.policy_id])
    assert [(each.kind, each.actor) for each in await recorded(store)][-1] == (OrderKind.UNBROWN, "ann")


async def test_a_kill_that_ends_within_a_second_ends_it_too(clock: Clock) -> None:
    """Whoever looks at the switch then finds it off."""
    one = Replica(Store(clock), clock)
    await one.round()
    one.brownouts.kill(KillSwitchOrder())
    await one.round()
    state = one.brownouts.of(one.route)
    assert state is not None
    assert state.end is not None
    assert (state.end.reason, state.end.by) == ("the kill switch was turned on", "kill file")


async def test_the_first_alarm_of_its_route_ends_it_on_every_replica(clock: Clock) -> None:
    """Whoever finds it, ends it for all; it is told as no pin of a cohort, and ends with its time."""
    store = Store(clock)
    one, two = Replica(store, clock), Replica(store, clock, instance="two")
    await one.round()
    await two.round()
    one.alarm = "new failed 7 of 9"
    await one.round()
    await two.round()
    assert (one.ended, two.ended) == ("new failed 7 of 9", "new failed 7 of 9")
    assert one.told == two.told == [one.policy_id]
    (pin,) = two.stand.here.pins("a")
    assert (is_of_cohort(pin), pin.by, pin.until) == (False, "judge at one", UNTIL)
    await two.round(31 * DAY)
    assert two.stand.here.pins("a") == ()
    assert (await kinds(store)).count("unbrown") == 1


async def test_clients_that_break_behind_it_are_an_alarm(clock: Clock) -> None:
    """Their next calls fail, and those behind whole answers do not."""
    one = Replica(Store(clock), clock)
    await one.round()
    for _ in range(6):
        one.meet("shop", 100, without=(1, 1, 0), whole=(99, 0, 0))
    await one.round()
    assert one.ended.startswith("calls fail behind it: 6 of 6 next calls, and 0 of 594 behind whole answers")


async def test_it_ends_here_though_the_store_is_away(clock: Clock) -> None:
    """Workers are told at once; the others hear of it when the store is back."""
    store = Store(clock)
    one, two = Replica(store, clock), Replica(store, clock, instance="two")
    await one.round()
    await two.round()
    store.away, one.alarm = True, "new fails"
    await one.brownouts.round()
    assert (one.ended, one.told) == ("new fails", [one.policy_id])
    await one.brownouts.round()
    store.away = False
    await one.round()
    await two.round()
    assert (two.ended, (await kinds(store)).count("unbrown")) == ("new fails", 1)


async def test_nothing_is_recorded_before_the_record_was_read(clock: Clock) -> None:
    """A store that is away at the start hides whether it was ended; whom it meets is not forgotten."""
    store = Store(clock)
    store.away = True
    one = Replica(store, clock)
    one.meet("shop")
    await one.brownouts.round()
    store.away = False
    await one.round(5.0)
    await one.round()
    found = await recorded(store)
    assert [(each.kind.value, each.at) for each in found] == [("brownout", START), ("found", START)]


async def test_another_block_is_another_brown_out(clock: Clock) -> None:
    """The one before is over, and on record; where one was ended, an edit begins it anew."""
    store = Store(clock)
    one = Replica(store, clock)
    await one.round()
    one.alarm = "new fails"
    await one.round()
    one.alarm = ""
    one.edit("field: $.rank, share: 2%")
    await one.round()
    assert (one.ended, one.policy_id in one.told) == ("", False)
    one.edit(None)
    await one.round()
    assert await kinds(store) == ["brownout", "unbrown", "brownout", "unbrown"]
    assert (await recorded(store))[-1].reason == "its block in routes.yaml is gone, or says something else"
    assert one.brownouts.of(one.route) is None


async def test_clients_without_end_are_one(clock: Clock) -> None:
    """Two hundred are told apart; on record they come a round after another."""
    store = Store(clock)
    one = Replica(store, clock)
    await one.round()
    for each in range(250):
        one.meet(f"client-{each:03}")
    for _ in range(6):
        await one.round()
    found = [each.cohort for each in await recorded(store) if each.kind is OrderKind.FOUND]
    orders = cast("tuple[OrderRecord, ...]", await store.orders("a", 1000))
    assert len(found) <= 100
    assert len([each for each in orders if each.kind is OrderKind.FOUND]) == 201
    assert "(others)" in {each.cohort for each in orders}


def test_what_a_client_did_next_adds_up() -> None:
    """Over reports, for each client by itself."""
    policy = brownout_of(Replica(Store(Clock(START)), Clock(START)).route.steps)
    assert policy is not None
    state = BrownoutState(route="a", policy=policy, seen=START)
    for _ in range(2):
        told = [MetClient("shop", 3, {"browned": 1}, (1, 0, 1), (2, 1, 0)), MetClient("app", 1, {})]
        state.fold(BrownoutDelta("a", policy.id, told, [1, 0, 1], [2, 1, 0]), START)

    assert (state.met["shop"].without, state.met["shop"].whole) == (NextCalls(2, 0, 2), NextCalls(4, 2, 0))
    assert state.met["app"].without == NextCalls()
