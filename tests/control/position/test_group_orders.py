"""Orders that come twice, late, at once, or to a group of which somebody has just moved one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from proxy.control.position.group_orders import Given, GroupOrders, OperatorOrder, TooLate
from proxy.control.position.mover import Made
from proxy.core.judge.stage_machine import MoveRefusal
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import LEGACY, SHADOW, Place
from proxy.core.position.position import Cause, Move, Position, move, moved, rolled_back
from proxy.core.position.standing import Lead
from proxy.core.stage import Stage
from tests.control.stands import Clock, Stand, Store, canary, table

RAMP = "ramp: {steps: [5%, 50%]}"
ONE, FIVE, HALF = (Place(Stage.CANARY, split) for split in (0.01, 0.05, 0.5))
Step = Callable[[Position], Position]


@pytest.fixture
def stand(clock: Clock, store: Store) -> Stand:
    grouped = f"group: g, {RAMP}"
    return Stand(table(canary("5%", RAMP), *(canary("5%", grouped, name=each) for each in "bc")), store, clock)


async def give(
    stand: Stand, verb: str, route: str = "a", *, step: bool = False, is_seen: Callable[[], bool] | None = None
) -> Given | MoveRefusal | TooLate:
    orders = GroupOrders(running=stand.running, here=stand.here, mover=stand.mover)
    await stand.mover.look()
    return await orders.give(stand.route(route), OperatorOrder(verb=verb, reason="why", by="ann", step=step), is_seen)


async def elsewhere(store: Store, stand: Stand, step: Step, route: str = "a") -> None:
    """A move that this replica has not heard of yet, from what really stands."""
    standing = await store.behind.standing()
    known = {position.route: position for position in standing.positions}
    before = known.get(route) or stand.here.position(stand.route(route))
    made = move(before, step(before), at=1.0, actor="bob", numbers={}, reason="bob's")
    assert await store.behind.compare_and_set_all([made])


def between(store: Store, *orders: Callable[[], Awaitable[object]]) -> None:
    """Each of these happens before one of the next moves that reach the store."""
    inner, waiting = store.behind.compare_and_set_all, list(orders)

    async def change(
        moves: Sequence[Move], lead: Lead | None = None, standing: int | None = None, holds: Sequence[int] = ()
    ) -> bool:
        if waiting:
            store.behind.compare_and_set_all = inner  # type: ignore[method-assign]
            await waiting.pop(0)()
            store.behind.compare_and_set_all = change  # type: ignore[method-assign]
        return await inner(moves, lead, standing, holds)

    store.behind.compare_and_set_all = change  # type: ignore[method-assign]


async def recorded(store: Store, route: str = "a") -> list[str]:
    """The places that the route was moved to, oldest first."""
    moves = await store.behind.transitions(route, 50)
    return [str(Place(each.to_stage, each.to_split)) for each in reversed(moves)]


async def test_a_second_rollback_changes_nothing(stand: Stand, store: Store) -> None:
    """However often it is given: one move, to shadow and not to legacy, and resume lets the ramp climb from there."""
    found = [await give(stand, "rollback") for _ in range(3)]
    resume = await give(stand, "resume")

    assert [isinstance(each, Given) and each.made for each in found] == [Made.FOR_ALL, None, None]
    assert isinstance(resume, Given)
    assert (resume.after.place, resume.after.latched) == (SHADOW, False)
    assert await recorded(store) == ["shadow", "shadow"]


async def test_rollbacks_at_once_end_in_one(clock: Clock, store: Store) -> None:
    """Eight operators at two replicas, each of whom has seen the canary: all are told that it is done."""
    stands = [Stand(table(canary("5%", RAMP)), store, clock, instance=name) for name in ("one", "two")]
    found = await asyncio.gather(*(give(stands[number % 2], "rollback") for number in range(8)))

    assert all(isinstance(each, Given) and each.after.place == SHADOW and each.after.latched for each in found)
    assert await recorded(store) == ["shadow"]


@pytest.mark.parametrize(
    ("order", "ends"),
    [
        ([("rollback", False), ("rollback", True)], LEGACY),
        ([("rollback", False), ("resume", False), ("rollback", False)], LEGACY),
        ([("rollback", False), ("rollback", True), ("rollback", False)], LEGACY),
        ([("promote", False), ("rollback", True), ("rollback", False)], SHADOW),
    ],
    ids=["a step", "after resume", "at legacy it stands as well", "from one step back all the way"],
)
async def test_where_rollbacks_lead(stand: Stand, order: list[tuple[str, bool]], ends: Place) -> None:
    """To legacy by a step, or from a shadow that is not latched; from one step back to shadow."""
    found = [await give(stand, verb, step=step) for verb, step in order]

    assert all(isinstance(each, Given) for each in found)
    assert stand.here.positions["a"].place == ends


@pytest.mark.parametrize("verb", ["rollback", "hold"])
async def test_what_means_whatever_stands_is_decided_anew(stand: Stand, store: Store, verb: str) -> None:
    """The judge promotes the route at that very moment, twice: the order is carried out on what it has made of it."""
    up = [lambda to=to: elsewhere(store, stand, lambda at: moved(at, to, Cause.EVIDENCE, 1.0)) for to in (HALF, FIVE)]
    between(store, *up)
    found = await give(stand, verb)

    assert isinstance(found, Given)
    assert (found.before.place, found.after.version) == (FIVE, 3)
    assert stand.here.positions["a"] == found.after


@pytest.mark.parametrize(("verb", "step"), [("promote", False), ("rollback", True), ("resume", False)])
async def test_what_is_about_what_was_seen_is_not(stand: Stand, store: Store, verb: str, *, step: bool) -> None:
    """A step up or down, and the end of a latch or a hold, are not made of something that nobody has looked at."""
    await give(stand, "hold")
    between(store, lambda: elsewhere(store, stand, lambda at: rolled_back(at, ONE, Cause.BREAKER, 1.0)))
    found = await give(stand, verb, step=step)

    assert found == TooLate(faster=("a",))
    assert (stand.place(), stand.here.positions["a"].latched) == ("canary 1%", True)


async def test_who_looked_is_not_overtaken(stand: Stand, store: Store) -> None:
    """With a tag even a rollback is not made of something else; a change of another route alone does not stop it."""
    of_a, of_b = (
        lambda route=route: elsewhere(store, stand, lambda at: held(at, Cause.OPERATOR), route) for route in "ab"
    )
    seen = stand.here.position(stand.route())

    def is_seen() -> bool:
        return stand.here.position(stand.route()) == seen

    between(store, of_b, of_a)
    found = await give(stand, "rollback", is_seen=is_seen)
    between(store, of_b)
    seen = stand.here.position(stand.route())
    again = await give(stand, "rollback", is_seen=is_seen)

    assert found == TooLate(faster=("a",))
    assert isinstance(again, Given)
    assert again.made is Made.FOR_ALL


async def test_a_group_is_moved_whole_or_not_at_all(stand: Stand, store: Store) -> None:
    """One that was moved in between is named, and the one that was meant stays; nothing is torn apart."""
    between(store, lambda: elsewhere(store, stand, lambda at: rolled_back(at, SHADOW, Cause.GUARD, 1.0), "c"))
    found = await give(stand, "promote", "b")

    assert found == TooLate(faster=("c",))
    assert (stand.place("b"), stand.place("c")) == ("canary 5%", "shadow")


async def test_a_group_s_rollback_is_decided_anew(stand: Stand, store: Store) -> None:
    """A member that was rolled back in between is left as it is; the others follow the order."""
    between(store, lambda: elsewhere(store, stand, lambda at: rolled_back(at, SHADOW, Cause.GUARD, 1.0), "c"))
    found = await give(stand, "rollback", "b")

    assert isinstance(found, Given)
    assert [await recorded(store, each) for each in "bc"] == [["shadow"], ["shadow"]]


async def test_members_that_do_not_go_along_are_named(stand: Stand, store: Store) -> None:
    """A latched one is not promoted with the others, and one that stands back already is not rolled back again."""
    await elsewhere(store, stand, lambda at: rolled_back(at, FIVE, Cause.OPERATOR, 1.0), "c")
    promoted = await give(stand, "promote", "b")
    await elsewhere(store, stand, lambda at: rolled_back(at, SHADOW, Cause.OPERATOR, 2.0), "b")
    await elsewhere(store, stand, lambda at: resumed(at, 3.0, has_ramp=True), "b")
    await elsewhere(store, stand, lambda at: rolled_back(at, SHADOW, Cause.OPERATOR, 2.0), "c")
    back = await give(stand, "rollback", "b")

    assert isinstance(promoted, Given)
    assert isinstance(back, Given)
    whys = [found.group[0].why for found in (promoted, back)]
    assert ["stays back; say `banyan resume c` first" in whys[0], whys[1]] == [True, "it stands like that already"]
    assert (stand.place("b"), stand.place("c")) == ("legacy", "shadow")


async def test_without_the_store_a_second_rollback_changes_nothing_either(stand: Stand, store: Store) -> None:
    """Both at this replica alone; nothing goes further back than the first one."""
    store.away = True
    found = [await give(stand, "rollback") for _ in range(2)]

    assert [isinstance(each, Given) and each.made for each in found] == [Made.HERE, None]
    assert stand.place() == "shadow"
