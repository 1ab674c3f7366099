"""Moves, with the store there, away and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import structlog

from proxy.control.position.mover import AwayError, Made, NoGate
from proxy.control.position.standing_file import StandingFile, first_file
from proxy.core.outcome import Side
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import LIVE, SHADOW, Place
from proxy.core.position.position import Cause, Move, Position, Transition, moved, rolled_back
from proxy.core.position.position import move as decided
from proxy.core.position.standing import Lead, Pin
from proxy.core.stage import Stage
from tests.control.stands import START, Clock, Stand, Store, canary, table

FIVE, HALF = Place(Stage.CANARY, 0.05), Place(Stage.CANARY, 0.5)


def made(before: Position, after: Position) -> Move:
    return decided(before, after, at=START, actor="ann", numbers={"n": 1.0}, reason="why")


async def move(stand: Stand, after: Position) -> Made:
    before = stand.here.position(stand.route())
    return await stand.mover.move(made(before, after))


def back(stand: Stand, cause: Cause = Cause.GUARD) -> Position:
    return rolled_back(stand.here.position(stand.route()), SHADOW, cause, stand.clock())


class HeldWrites(NoGate):
    """Both sides get the writes of what moves."""

    async def hold(self, moves: Sequence[Move]) -> tuple[int, ...]:
        return tuple(range(len(moves)))


@pytest.fixture
def stand(clock: Clock, store: Store) -> Stand:
    return Stand(table(canary()), store, clock)


async def test_a_move_is_made_once_and_counted_once(stand: Stand, store: Store) -> None:
    """Of two movers that decided on the same version one wins; only its move is counted, told and kept on disk."""
    told: list[Transition] = []
    stand.mover.made.append(told.append)
    before = stand.here.position(stand.route())
    after = rolled_back(before, SHADOW, Cause.GUARD, START)
    outcomes = [await stand.mover.move(made(before, after)) for _ in range(2)]

    assert outcomes == [Made.FOR_ALL, Made.LOST]
    assert stand.place() == "shadow"
    assert [message.reason for message in told] == ["why"]
    assert dict(stand.mover.counts) == {("a", "canary", "shadow", "guard"): 1}
    assert [position.stage for position in stand.kept[-1].positions] == [Stage.SHADOW]
    assert (await store.behind.transitions("a", 9))[0].numbers == (("n", 1.0),)


@pytest.mark.parametrize("how", ["away", "hangs"])
async def test_without_the_store_a_route_goes_back_here_alone(
    stand: Stand, store: Store, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that refuses or hangs: the move back is made here, kept on disk, and written when the store is back."""
    monkeypatch.setattr("proxy.control.position.mover.PATIENCE", 0.05)
    setattr(store, how, True)
    outcome = await move(stand, back(stand))
    here = stand.place(), [each.position.stage for each in stand.kept[-1].pending]
    setattr(store, how, False)
    await stand.mover.settle()

    assert (outcome, here) == (Made.HERE, ("shadow", [Stage.SHADOW]))
    assert stand.here.pending == {}
    assert [
        (position.stage, position.latched, position.version) for position in (await store.behind.standing()).positions
    ] == [(Stage.SHADOW, True, 1)]
    assert (stand.place(), stand.kept[-1].pending) == ("shadow", ())


@pytest.mark.parametrize("what", ["further", "unlatched", "released"])
async def test_without_the_store_nothing_goes_forward(stand: Stand, store: Store, what: str) -> None:
    """Neither a step up, nor the end of a latch or hold: each needs the store, and nothing has changed."""
    await move(stand, back(stand) if what == "unlatched" else held(stand.here.position(stand.route()), Cause.GUARD))
    before = stand.here.position(stand.route())
    store.away = True
    wanted = {
        "further": moved(before, HALF, Cause.EVIDENCE, START),
        "unlatched": resumed(before, START, has_ramp=True),
        "released": held(before, Cause.OPERATOR, on=False),
    }[what]

    with pytest.raises(AwayError, match="cannot be reached"):
        await move(stand, wanted)
    assert stand.here.position(stand.route()) == before


@pytest.mark.parametrize("back_to", [SHADOW, FIVE])
async def test_without_the_store_a_route_goes_back_from_the_judges_own_hold(
    stand: Stand, store: Store, back_to: Place
) -> None:
    """That hold was for want of a way back: a step back ends it, and is written as it was made."""
    await move(stand, held(stand.here.position(stand.route()), Cause.LEGACY))
    before = stand.here.position(stand.route())
    store.away = True
    outcome = await move(stand, rolled_back(before, back_to, Cause.OPERATOR, START))
    store.away = False
    await stand.mover.settle()
    stood = (await store.behind.standing()).positions[0]

    assert (before.waits, outcome) == (True, Made.HERE)
    assert (stood.place, stood.latched, stood.held, stood.version) == (back_to, True, False, 2)


@pytest.mark.parametrize("what", ["released", "resumed", "further"])
async def test_the_end_of_the_judges_own_hold_needs_the_store(stand: Stand, store: Store, what: str) -> None:
    """Where the route stays in its place, or goes further."""
    await move(stand, held(stand.here.position(stand.route()), Cause.LEGACY))
    before = stand.here.position(stand.route())
    store.away = True
    wanted = {
        "released": held(before, Cause.LEGACY, on=False),
        "resumed": resumed(before, START, has_ramp=True),
        "further": moved(before, HALF, Cause.OPERATOR, START),
    }[what]

    with pytest.raises(AwayError, match="cannot be reached"):
        await move(stand, wanted)
    assert stand.here.position(stand.route()) == before


@pytest.mark.parametrize("how", ["away", "hangs"])
async def test_a_move_of_writes_of_both_sides_is_not_made_here_alone(
    stand: Stand, store: Store, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store goes away once writes are held: no fence would keep the other replicas from the side that was."""
    monkeypatch.setattr("proxy.control.position.mover.PATIENCE", 0.05)
    stand.mover.gate = HeldWrites()
    setattr(store, how, True)
    with pytest.raises(AwayError):
        await move(stand, back(stand))

    assert (stand.place(), stand.here.pending) == ("canary 10%", {})


async def test_a_second_move_here_replaces_the_first(stand: Stand, store: Store) -> None:
    """Both are based on what the store has; the last one is written."""
    store.away = True
    await move(stand, held(stand.here.position(stand.route()), Cause.GUARD))
    await move(stand, back(stand))
    store.away = False
    await stand.mover.settle()

    known = (await store.behind.standing()).positions[0]
    assert (known.stage, known.latched, known.held, known.version) == (Stage.SHADOW, True, True, 1)


@pytest.mark.parametrize(
    ("by", "ends"),
    [(Cause.EVIDENCE, "shadow"), (Cause.OPERATOR, "live"), (Cause.RESUME, "live"), (Cause.FILE, "live")],
)
async def test_what_happened_meanwhile_elsewhere(clock: Clock, store: Store, by: Cause, ends: str) -> None:
    """A route that the judge moved on elsewhere is taken back after all; one that a person moved is left alone."""
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    await move(here, held(here.here.position(here.route()), Cause.OPERATOR))
    await there.mover.look()
    store.away = True
    await move(here, back(here))
    store.away = False
    clock.now += 1.0
    before = there.here.position(there.route())
    await move(there, moved(before, LIVE, by, clock()))
    await here.mover.settle()

    assert here.here.pending == {}
    assert (here.place(), str((await store.behind.standing()).positions[0].place)) == (ends, ends)


async def test_a_move_that_others_have_made_as_well_is_not_repeated(clock: Clock, store: Store) -> None:
    """Two replicas that were cut off went back by themselves: one move is recorded, not two."""
    stands = [Stand(table(canary()), store, clock, instance=name) for name in ("one", "two")]
    store.away = True
    for each in stands:
        await move(each, back(each))
    store.away = False
    for each in stands:
        await each.mover.settle()

    assert len(await store.behind.transitions("a", 9)) == 1
    assert [each.place() for each in stands] == ["shadow", "shadow"]


async def test_a_move_whose_answer_was_lost_is_not_repeated(stand: Stand, store: Store) -> None:
    """The store made it and could not say so: when it is back, that is seen."""
    before = stand.here.position(stand.route())
    after = back(stand)
    store.away = True
    await stand.mover.move(made(before, after))
    store.away = False
    await store.behind.compare_and_set(after, 0, made(before, after).record)
    await stand.mover.settle()

    assert len(await store.behind.transitions("a", 9)) == 1


async def test_a_store_that_lost_everything_gets_it_back(stand: Stand, clock: Clock) -> None:
    """Positions and pins that this replica has kept are written again, as with a store in memory after a restart."""
    pin = Pin(route="a", cohort="acme", side=Side.NEW, by="ann", since=START)
    await move(stand, back(stand))
    fresh = Store(clock)
    reborn = Stand(table(canary()), fresh, clock, kept=replace_pins(stand.kept[-1], pin))
    await reborn.begin()

    standing = await fresh.behind.standing()
    assert [(position.stage, position.latched) for position in standing.positions] == [(Stage.SHADOW, True)]
    assert standing.pins == (pin,)
    assert reborn.place() == "shadow"


@pytest.mark.parametrize(("state", "is_told"), [("memory", False), ("postgresql://db", True)])
async def test_a_store_that_has_lost_changes_is_told_unless_it_always_does(
    stand: Stand, clock: Clock, state: str, *, is_told: bool
) -> None:
    """One in memory counts anew in each process, which is nobody's trouble; a database that went back is."""
    await move(stand, back(stand))
    await move(stand, replace(back(stand), held=True))
    kept = first_file(stand.kept[-1], state)
    reborn = Stand(table(canary()), Store(clock), clock, kept=kept)
    with structlog.testing.capture_logs() as captured:
        await reborn.begin()
    said = [each for each in captured if each["event"] == "standing_went_back"]

    assert bool(said) is is_told
    assert all("is given back" in each["hint"] for each in said)


def replace_pins(kept: StandingFile, pin: Pin) -> StandingFile:
    return StandingFile(
        orders=kept.orders, standing=kept.standing, positions=kept.positions, pins=(pin,), said=kept.said
    )


async def test_a_reborn_replica_goes_on_where_it_was_without_a_store(stand: Stand, store: Store, clock: Clock) -> None:
    """What stood, and what was moved here alone, stands before the store has been asked, and is written later."""
    store.away = True
    await move(stand, back(stand))
    reborn = Stand(table(canary()), store, clock, kept=stand.kept[-1])
    before = reborn.place()
    store.away = False
    await reborn.mover.settle()

    assert (before, reborn.place()) == ("shadow", "shadow")
    assert [position.stage for position in (await store.behind.standing()).positions] == [Stage.SHADOW]


async def test_the_reason_of_a_move_is_known_to_all(clock: Clock, store: Store) -> None:
    """A replica that did not make a move learns why it was made."""
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    await move(here, back(here))
    await there.mover.look()

    shown = there.here.placed(there.route())
    assert shown.moves
    assert (shown.moves[0].reason, shown.moves[0].actor) == ("why", "ann")


async def test_a_change_is_looked_at_until_it_is_seen(stand: Stand, store: Store, clock: Clock) -> None:
    """The store calls once for each change; when it cannot be read just then, this replica asks again."""
    other = Stand(table(canary()), store, clock)

    async def calls() -> AsyncIterator[int]:
        assert await move(stand, back(stand)) is Made.FOR_ALL
        store.away = True
        asyncio.get_running_loop().call_later(0.1, setattr, store, "away", False)  # noqa: FBT003
        yield 1

    assert other.place() == "canary 10%"
    assert await other.mover.look()
    await other.mover.follow(calls())

    assert other.place() == "shadow"


async def test_a_look_says_whether_it_saw_anything(stand: Stand, store: Store) -> None:
    """While the store is away nothing is seen."""
    store.away = True

    assert not await stand.mover.look()


async def test_here_too_a_move_is_about_what_stood(stand: Stand, store: Store) -> None:
    """While the store hangs an operator takes the route back here: a hold that was decided before is not made of it."""
    before = stand.here.position(stand.route())
    frozen = held(before, Cause.GUARD)
    store.away = True
    outcomes = [await move(stand, back(stand, Cause.OPERATOR)), await stand.mover.move(made(before, frozen))]

    assert outcomes == [Made.HERE, Made.LOST]
    assert (stand.place(), stand.here.position(stand.route()).latched) == ("shadow", True)


async def test_moves_here_are_made_together_or_not_at_all(store: Store, clock: Clock) -> None:
    """One of a group that stands elsewhere by now keeps the other where it is."""
    stand = Stand(table(canary(), canary(name="b")), store, clock)
    store.away = True
    seen = {name: stand.here.position(stand.route(name)) for name in "ab"}
    moves = [made(each, rolled_back(each, SHADOW, Cause.GUARD, START)) for each in seen.values()]
    await stand.mover.move(made(seen["b"], held(seen["b"], Cause.OPERATOR)))
    late = await stand.mover.move(*moves)
    moves[1] = made(stand.here.positions["b"], rolled_back(stand.here.positions["b"], SHADOW, Cause.GUARD, START))
    again = await stand.mover.move(*moves)

    assert (late, again) == (Made.LOST, Made.HERE)
    assert (stand.place("a"), stand.place("b")) == ("shadow", "shadow")


async def test_what_was_moved_here_is_written_before_the_next_move(clock: Clock, store: Store) -> None:
    """An order on what was moved here meets a store that is back, with a move of somebody else under that version."""
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    store.away = True
    await move(here, held(here.here.position(here.route()), Cause.GUARD))
    store.away = False
    clock.now += 1.0
    await move(there, moved(there.here.position(there.route()), LIVE, Cause.OPERATOR, clock()))
    outcome = await move(here, moved(here.here.position(here.route()), HALF, Cause.OPERATOR, clock()))

    assert outcome is Made.LOST
    assert here.place() == str((await store.behind.standing()).positions[0].place) == "live"


async def test_what_was_moved_here_runs_until_the_store_s_is_known(stand: Stand, store: Store) -> None:
    """When it is written late no worker is told, not for a moment, what stood before the store was away."""
    await move(stand, held(stand.here.position(stand.route()), Cause.OPERATOR))
    store.away = True
    await move(stand, back(stand))
    store.away = False
    told: list[str] = []
    stand.here.changed = lambda: told.append(stand.place())
    await stand.mover.settle()

    assert told
    assert set(told) == {"shadow"}
    assert stand.here.pending == {}


async def test_what_was_moved_here_meanwhile_is_not_forgotten(stand: Stand, store: Store) -> None:
    """A slow store makes a step forward after all; the rollback that was made here while it was silent still counts."""
    before = stand.here.position(stand.route())
    inner = store.behind.compare_and_set_all

    async def slow(
        moves: Sequence[Move], lead: Lead | None = None, standing: int | None = None, holds: Sequence[int] = ()
    ) -> bool:
        store.behind.compare_and_set_all = inner  # type: ignore[method-assign]
        store.away = True
        assert await move(stand, back(stand, Cause.OPERATOR)) is Made.HERE
        store.away = False
        return await inner(moves, lead, standing, holds)

    store.behind.compare_and_set_all = slow  # type: ignore[method-assign]
    await stand.mover.move(made(before, moved(before, HALF, Cause.OPERATOR, START - 1.0)))
    await stand.mover.settle()

    assert stand.place() == str((await store.behind.standing()).positions[0].place) == "shadow"
