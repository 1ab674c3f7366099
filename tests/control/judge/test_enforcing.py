"""Rulings of one round, and what happens between them: orders of operators, and each other's moves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from proxy.control.position.mover import AwayError
from proxy.core.judge.ramp import ComparedCounts, Measures
from proxy.core.judge.verdict import Action
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.hold import held
from proxy.core.position.ladder import LEGACY, SHADOW, Place
from proxy.core.position.position import Cause, Move, Position, move, moved, rolled_back, transition
from proxy.core.position.standing import Lead
from proxy.core.stage import Stage
from tests.control.stands import START, Clock, Known, Stand, Store, canary, failures, table

RAMP = "ramp: {steps: [1%, 5%, 50%], hold: 10m, soak: 1h, needs: {capacity: false, requests: 10}}"
PROVED = Measures(
    compared=5000, pairs=PairCounts(5000), answered=ComparedCounts(2000), unseen=0.001, uncovered=0, newest_at=START
)
FIVE = Place(Stage.CANARY, 0.05)
IN_MOTION = "guard: {in_motion: 1}\n"


def at_shadow(name: str, more: str = "") -> str:
    return f"name: {name}, match: /{name}, stage: shadow, {RAMP}{', ' + more if more else ''}"


async def proved(store: Store, clock: Clock, *routes: str, top: str = "", seconds: float = 3601.0) -> Stand:
    """A replica that leads, and that has proved all of its routes by the time that so much will have passed."""
    known = Known()
    stand = Stand(table(*routes, top=top), store, clock, known=known)
    await stand.begin()
    await stand.rounds()
    for route in stand.running.snapshot.routes:
        known.by_route[route.name] = replace(PROVED, newest_at=clock.now + seconds)
        stand.hear(legacy=90, new=20, route=route.name)
    return stand


def fails(stand: Stand, route: str, others: Iterable[str] = ()) -> None:
    """New fails in a row on this route; the `others` go on as ever."""
    stand.outbox.take()
    stand.hear(legacy=9, bad=failures(5, route=route), new_bad=5, route=route)
    for each in others:
        stand.hear(legacy=90, new=20, route=each)


def between(store: Store, order: Callable[[], Awaitable[object]]) -> None:
    """Before the judge's first move that reaches the store from now on, this happens."""
    inner = store.behind.compare_and_set_all

    async def change(
        moves: Sequence[Move], lead: Lead | None = None, standing: int | None = None, holds: Sequence[int] = ()
    ) -> bool:
        if lead is not None:
            store.behind.compare_and_set_all = inner  # type: ignore[method-assign]
            await order()
        return await inner(moves, lead, standing, holds)

    store.behind.compare_and_set_all = change  # type: ignore[method-assign]


async def given(store: Store, before: Position, after: Position) -> None:
    """An operator's order at another replica."""
    record = transition(before, after, actor="operator at two", numbers={}, reason="totals are wrong")
    assert await store.behind.compare_and_set(after, before.version, record, None)


async def by_the_judge(store: Store) -> list[tuple[str, str]]:
    """Its moves, oldest first: route and where to."""
    moves = await store.behind.transitions(None, 50)
    return [
        (each.route, str(Place(each.to_stage, each.to_split)))
        for each in reversed(moves)
        if each.actor.startswith("judge")
    ]


async def test_only_so_many_begin_to_move_in_one_round(store: Store, clock: Clock) -> None:
    """Three routes that are proved at the same moment and `in_motion: 1`: one is moved, and the others say why not."""
    stand = await proved(store, clock, *(at_shadow(name) for name in "abc"), top=IN_MOTION)
    await stand.rounds(seconds=3601.0)
    moved_first = await by_the_judge(store)
    await stand.rounds()

    assert moved_first == [("a", "canary 1%")]
    assert await by_the_judge(store) == moved_first
    assert "at most 1 may be: a" in str(stand.judging.ruling(stand.route("b")).judgement.reasons)


async def test_an_operator_s_promotion_counts_at_the_last_moment(store: Store, clock: Clock) -> None:
    """Another replica's operator puts a route in motion after the judge has looked: its own move is not made."""
    stand = await proved(store, clock, at_shadow("a"), at_shadow("b"), top=IN_MOTION)
    b = stand.here.positions["b"]
    between(store, lambda: given(store, b, moved(b, FIVE, Cause.OPERATOR, clock.now)))
    await stand.rounds(2, seconds=3601.0)

    assert await by_the_judge(store) == []
    assert (stand.place("a"), stand.place("b")) == ("shadow", "canary 5%")


@pytest.mark.parametrize("what", ["rollback", "hold"])
@pytest.mark.parametrize("when", ["before the first move", "after it"])
async def test_an_order_within_a_round_is_not_overtaken(store: Store, clock: Clock, what: str, when: str) -> None:
    """While the judge carries out its ruling on a, an operator rolls b back or holds it: b is not promoted."""
    stand = await proved(store, clock, canary("1%", RAMP), canary("1%", RAMP, name="b"), seconds=601.0)
    b = stand.here.positions["b"]
    after = rolled_back(b, SHADOW, Cause.OPERATOR, clock.now) if what == "rollback" else held(b, Cause.OPERATOR)
    if when == "before the first move":
        between(store, lambda: given(store, b, after))
    else:
        stand.mover.made.append(lambda _: store.behind._positions.update(b=after))
    await stand.rounds(seconds=601.0)
    stood = stand.here.positions["b"]
    await stand.rounds()

    assert stood == after
    assert [route for route, _ in await by_the_judge(store)] == ["a"]


async def test_a_route_does_not_pass_one_that_was_just_taken_back(store: Store, clock: Clock) -> None:
    """`after`: the one that it waits for is rolled back in the same round, so that it stays where it is."""
    first = canary("1%", RAMP.replace("hold:", "after: [login], hold:"))
    stand = await proved(store, clock, first, canary("50%", RAMP, name="login"), seconds=601.0)
    fails(stand, "login", others=("a",))
    await stand.rounds(seconds=601.0)

    assert await by_the_judge(store) == [("login", "shadow")]


@pytest.mark.parametrize("in_between", ["latched", "held", "stepped up"])
async def test_a_group_goes_forward_whole_or_not_at_all(store: Store, clock: Clock, in_between: str) -> None:
    """A member that an operator moves at the last moment keeps the others where they are."""
    stand = await proved(store, clock, at_shadow("a", "group: g"), at_shadow("b", "group: g"))
    b = stand.here.positions["b"]
    after = {
        "latched": rolled_back(b, LEGACY, Cause.OPERATOR, clock.now),
        "held": held(b, Cause.OPERATOR),
        "stepped up": moved(b, FIVE, Cause.OPERATOR, clock.now),
    }[in_between]
    between(store, lambda: given(store, b, after))
    await stand.rounds(seconds=3601.0)

    assert await by_the_judge(store) == []
    assert stand.place("a") == "shadow"


async def test_a_group_is_one_that_moves(store: Store, clock: Clock) -> None:
    """With `in_motion: 1` both of its members take their first step at once, and a route beside it waits."""
    routes = at_shadow("a", "group: g"), at_shadow("b", "group: g"), at_shadow("c")
    stand = await proved(store, clock, *routes, top=IN_MOTION)
    await stand.rounds(2, seconds=3601.0)

    assert await by_the_judge(store) == [("a", "canary 1%"), ("b", "canary 1%")]
    assert "at most 1 may be: group g" in str(stand.judging.ruling(stand.route("c")).judgement.reasons)


async def test_a_rollback_that_was_late_is_made_in_the_same_round(store: Store, clock: Clock) -> None:
    """A hold, given while new fails for everybody, does not put off the way back, and stays."""
    stand = await proved(store, clock, canary("50%", RAMP))
    a = stand.here.positions["a"]
    between(store, lambda: given(store, a, held(a, Cause.OPERATOR)))
    fails(stand, "a")
    await stand.rounds()

    stood = stand.here.positions["a"]
    assert (str(stood.place), stood.latched, stood.held, stood.version) == ("shadow", True, True, 3)


async def test_a_group_goes_back_whole_though_one_member_was_moved_in_between(store: Store, clock: Clock) -> None:
    """Nobody is left behind: the group's rollback is made anew with what the operator has made of one of them."""
    stand = await proved(store, clock, *(canary("50%", f"group: g, {RAMP}", name=name) for name in "ab"))
    b = stand.here.positions["b"]
    between(store, lambda: given(store, b, moved(b, Place(Stage.LIVE), Cause.OPERATOR, clock.now)))
    fails(stand, "a", others=("b",))
    await stand.rounds()

    assert (stand.place("a"), stand.place("b")) == ("shadow", "shadow")
    assert await by_the_judge(store) == [("a", "shadow"), ("b", "shadow")]


async def test_a_ruling_on_another_file_is_dropped(store: Store, clock: Clock) -> None:
    """Where the file alone rules there is no version to go by: an edit in between makes it another position."""
    stand = await proved(store, clock, canary("50%"))
    fails(stand, "a")
    rulings = stand.judging.rule([stand.outbox.take()])
    stand.running.snapshot = table(canary("20%"))

    assert [ruling.action for ruling in rulings.values()] == [Action.ROLLBACK]
    assert not await stand.judge._enforcing.enforce(rulings)
    assert await by_the_judge(store) == []


async def test_after_a_step_back_new_failures_take_the_route_all_the_way(store: Store, clock: Clock) -> None:
    """The step from live answers what went before it; new that fails at the step is rolled back, latch or not."""
    steps = RAMP.replace("[1%, 5%, 50%]", "[10%, 30%, 60%]")
    stand = Stand(table(f"name: a, match: /a, stage: live, {steps}"), store, clock)
    stand.healthy.add("legacy")
    await stand.begin()
    await stand.rounds()
    stand.hear(bad=failures(4), new_bad=4)
    await stand.rounds()
    before = stand.here.positions["a"]
    after = rolled_back(before, Place(Stage.CANARY, 0.6), Cause.OPERATOR, clock.now)
    await stand.mover.move(move(before, after, at=clock.now, actor="ann", numbers={}, reason="step"))
    stand.hear(legacy=9, bad=failures(1, first=9), new_bad=1)
    await stand.rounds(3)
    answered = stand.place()
    stand.hear(legacy=9, bad=failures(5, first=20), new_bad=5)
    await stand.rounds()

    assert (answered, stand.place()) == ("canary 60%", "shadow")
    assert stand.here.positions["a"].latched
    assert (await store.behind.transitions("a", 1))[0].cause is Cause.BREAKER


async def test_a_follower_moves_nothing_forward_or_back(store: Store, clock: Clock) -> None:
    """Who does not lead rules like everybody, and carries nothing out while the store is there."""
    stand = await proved(store, clock, at_shadow("a"), canary("50%", name="b"))
    await store.behind.resign(stand.judge.leading.lead)  # type: ignore[arg-type]
    assert await store.behind.try_lead("judge", "another", 9e9) is not None
    fails(stand, "b", others=("a",))
    await stand.rounds(seconds=3601.0)

    assert stand.judging.ruling(stand.route("b")).action is Action.ROLLBACK
    assert await by_the_judge(store) == []


async def test_without_the_lead_nothing_goes_forward_though_the_store_answers(store: Store, clock: Clock) -> None:
    """A replica that takes the store for away, and could reach it by now, takes a route back and promotes none."""
    stand = await proved(store, clock, at_shadow("a"), canary("50%", name="b"))
    fails(stand, "b", others=("a",))
    clock.now += 3601.0
    rulings = stand.judging.rule([stand.outbox.take()])
    stand.judge.leading.doubt()
    stand.judge.away = "no answer in time"
    await stand.judge._act(rulings)

    assert {name: each.action for name, each in rulings.items()} == {"a": Action.PROMOTE, "b": Action.ROLLBACK}
    assert await by_the_judge(store) == [("b", "shadow")]


async def test_a_round_ends_though_somebody_is_always_faster(store: Store, clock: Clock) -> None:
    """It rules anew a few times, and in the next round again; nothing is moved on what does not stand."""
    stand = await proved(store, clock, canary("50%", RAMP))
    inner, tries = store.behind.compare_and_set_all, []

    async def late(
        moves: Sequence[Move], lead: Lead | None = None, standing: int | None = None, holds: Sequence[int] = ()
    ) -> bool:
        known = (await store.behind.standing()).positions[0]
        tries.append(moves[0].before.version)
        await given(store, known, held(known, Cause.OPERATOR, on=not known.held))
        return await inner(moves, lead, standing, holds)

    store.behind.compare_and_set_all = late  # type: ignore[method-assign]
    fails(stand, "a")
    await stand.rounds()
    store.behind.compare_and_set_all = inner  # type: ignore[method-assign]
    before = stand.place()
    await stand.rounds()

    assert tries == [1, 2, 3]
    assert (before, stand.place()) == ("canary 50%", "shadow")


async def test_one_route_that_waits_for_the_store_keeps_no_other_from_going_back(store: Store, clock: Clock) -> None:
    """Of two rulings the first one needs the store, which is away: the second one is carried out, and that is said."""
    stand = Stand(table(canary("10%"), canary("10%", name="b")), store, clock)
    await stand.begin()
    fails(stand, "b")
    stand.judge.away = "no answer in time"
    found = stand.judging.rule([stand.outbox.take()])
    position = stand.here.position(stand.route("a"))
    needs_store = replace(found["b"], position=position, to=Place(Stage.CANARY, 0.5))
    store.away = True
    with pytest.raises(AwayError):
        await stand.judge._enforcing.enforce({"a": needs_store, "b": found["b"]})

    assert (stand.place("a"), stand.place("b")) == ("canary 10%", "shadow")
