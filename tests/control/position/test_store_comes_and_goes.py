"""Moves around the moments at which the store goes, comes back, or is read with another file."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from proxy.control.position.mover import Made
from proxy.core.judge.ramp import ComparedCounts, Measures
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import SHADOW, Place
from proxy.core.position.position import Cause, Move, Position, Transition, moved, rolled_back, transition
from proxy.core.stage import Stage
from proxy.store.errors import StoreUnavailable
from tests.control.stands import START, Clock, Known, Stand, Store, canary, table

RAMP = "ramp: {steps: [10%, 50%], hold: 10m, soak: 1h, needs: {capacity: false, requests: 10}}"
PROVED = Measures(
    compared=5000,
    pairs=PairCounts(5000),
    answered=ComparedCounts(500),
    unseen=0.001,
    uncovered=0,
    newest_at=START + 1202,
)


class LeaseFails(Store):
    """A store that moves routes, and cannot say who leads."""

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, object]]:
        if name not in {"try_lead", "renew"}:
            return super().__getattr__(name)

        async def refuse(*_given: object) -> object:
            raise StoreUnavailable("the lease could not be read")

        return refuse


async def test_without_a_lead_nothing_is_promoted_even_where_the_store_would_take_it() -> None:
    """A replica that could not renew its lease promotes nothing, though its ruling says so and the store would."""
    clock = Clock()
    store = LeaseFails(clock)
    stand = Stand(table(canary("10%", RAMP)), store, clock, known=Known({"a": PROVED}))
    await stand.begin()
    first = replace(stand.here.position(stand.route()), version=1)
    await store.behind.compare_and_set(first, 0, _record(first, first))
    stand.hear(legacy=90, new=20)
    await stand.rounds(2, seconds=601.0)

    assert stand.judging.rulings["a"].to == Place(Stage.CANARY, 0.5)
    assert stand.place() == "canary 10%"


async def test_a_replica_that_reads_another_file_ends_no_latch() -> None:
    """While live replicas read different files, the one that leads takes no difference for an edit."""
    clock = Clock()
    store = Store(clock)
    one = Stand(table(canary("10%")), store, clock)
    await one.begin()
    before = one.here.position(one.route())
    after = rolled_back(before, SHADOW, Cause.GUARD, clock())
    await one.mover.move(Move(before=before, after=after, record=_record(before, after)))
    await one.rounds()
    await one.judge.leading.resign()
    two = Stand(table(canary("20%")), store, clock, instance="two")
    await two.begin()
    await two.rounds(2)

    assert two.judge.leading.lead is not None
    assert {presence.revision for presence in two.judge.presences} == {
        one.running.snapshot.revision,
        two.running.snapshot.revision,
    }
    assert (two.place(), two.here.position(two.route()).latched) == ("shadow", True)


async def test_a_replica_that_reads_another_file_moves_nothing() -> None:
    """The same of a route that nothing keeps back: where it stands is not for the one that leads to say."""
    clock = Clock()
    store = Store(clock)
    one = Stand(table(canary("10%")), store, clock)
    await one.begin()
    before = one.here.position(one.route())
    after = moved(before, Place(Stage.CANARY, 0.25), Cause.OPERATOR, clock())
    await one.mover.move(Move(before=before, after=after, record=_record(before, after)))
    await one.rounds()
    await one.judge.leading.resign()
    two = Stand(table(canary("20%")), store, clock, instance="two")
    await two.begin()
    await two.rounds(2)

    assert two.judge.leading.lead is not None
    assert two.place() == "canary 25%"


async def test_a_move_made_here_outranks_what_a_person_did_before_it() -> None:
    """A person held the route, then, without the store, it was rolled back here: the rollback is written."""
    clock = Clock()
    store = Store(clock)
    stand = Stand(table(canary()), store, clock)
    await stand.begin()
    before = stand.here.position(stand.route())
    on_hold = replace(held(before, Cause.OPERATOR), since=clock())
    store.away = True
    clock.now += 10
    back = rolled_back(before, SHADOW, Cause.BREAKER, clock())
    await stand.mover.move(Move(before=before, after=back, record=_record(before, back)))
    await store.behind.compare_and_set(on_hold, 0, _record(before, on_hold))
    store.away = False
    await stand.mover.settle()
    (position,) = (await store.behind.standing()).positions

    assert (position.stage, position.latched, position.version) == (Stage.SHADOW, True, 2)
    assert stand.here.pending == {}


async def test_a_move_for_all_comes_after_what_was_moved_here() -> None:
    """The store is back and an operator resumes before the local move was written: both are made, in their order."""
    clock = Clock()
    store = Store(clock)
    stand = Stand(table(canary()), store, clock)
    await stand.begin()
    before = stand.here.position(stand.route())
    store.away = True
    back = rolled_back(before, SHADOW, Cause.GUARD, clock())
    await stand.mover.move(Move(before=before, after=back, record=_record(before, back)))
    store.away = False
    freed = resumed(back, clock(), has_ramp=False)
    made = await stand.mover.move(Move(before=back, after=freed, record=_record(back, freed)))

    assert made is Made.FOR_ALL
    assert stand.here.pending == {}
    assert stand.place() == "canary 10%"
    assert [each.version for each in await store.behind.transitions("a", 9)] == [2, 1]


def _record(before: Position, after: Position) -> Transition:
    return transition(before, after, actor="ann", numbers={}, reason="why")
