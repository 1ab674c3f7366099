"""Why a route runs where it runs: everything that stands is told, each with its own reason."""

from __future__ import annotations

import pytest

from proxy.control.position.place_reasons import why
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import SHADOW, Place
from proxy.core.position.position import Cause, Position, begun, move, moved, rolled_back
from proxy.core.position.record import BEGUN
from proxy.core.stage import Stage
from tests.control.stands import GOOD, Clock, Stand, Store, canary, table

ENDS = "ends with `banyan resume a`, or an edit of its stage or split"
HOLD_ENDS = "`banyan resume a` ends the hold"


@pytest.fixture
async def stand(store: Store, clock: Clock) -> Stand:
    made = Stand(table(canary("10%")), store, clock)
    await made.begin()
    return made


async def make(stand: Stand, after: Position, actor: str, reason: str, **numbers: float) -> None:
    before = stand.here.position(stand.route())
    await stand.mover.move(move(before, after, at=stand.clock(), actor=actor, numbers=numbers, reason=reason))


def at(stand: Stand) -> Position:
    return stand.here.position(stand.route())


def told(stand: Stand) -> str:
    return why(stand.route(), stand.here.placed(stand.route()))


async def roll_back_and_hold(stand: Stand) -> None:
    await make(stand, rolled_back(at(stand), SHADOW, Cause.GUARD, stand.clock()), "judge at one", "5xx of new")
    await make(stand, held(at(stand), Cause.OPERATOR), "ann", "until Monday")


async def test_a_hold_hides_no_rollback(stand: Stand, store: Store, clock: Clock) -> None:
    """Both are told with whose they are and why: here, at another replica, and at one that begins later."""
    other = Stand(table(canary("10%")), store, clock, instance="two")
    await other.begin()
    await roll_back_and_hold(stand)
    await other.mover.look()
    later = Stand(table(canary("10%")), store, clock, instance="three")
    await later.begin()

    said = f"rolled back by the guard: 5xx of new; {ENDS}; on hold by ann: until Monday; {HOLD_ENDS}"
    assert [told(each) for each in (stand, other, later)] == [said] * 3


async def test_a_rollback_hides_no_hold(stand: Stand) -> None:
    """The other way round it is the same."""
    await make(stand, held(at(stand), Cause.OPERATOR), "ann", "until Monday")
    await make(stand, rolled_back(at(stand), SHADOW, Cause.GUARD, stand.clock()), "judge at one", "5xx of new")

    assert told(stand) == f"rolled back by the guard: 5xx of new; {ENDS}; on hold by ann: until Monday; {HOLD_ENDS}"


async def test_a_new_epoch_hides_neither(stand: Stand) -> None:
    """Its reason is that of the evidence, and not of where the route stands."""
    await roll_back_and_hold(stand)
    after = begun(at(stand))
    await make(stand, after, "bob", "mended in place", **{BEGUN: after.begun})

    assert told(stand) == f"rolled back by the guard: 5xx of new; {ENDS}; on hold by ann: until Monday; {HOLD_ENDS}"


async def test_a_hold_hides_no_move(stand: Stand) -> None:
    """A route that was promoted and is held then says both; after resume neither."""
    await make(stand, moved(at(stand), Place(Stage.CANARY, 0.5), Cause.OPERATOR, 1.0), "ann", "2.4 is out")
    await make(stand, held(at(stand), Cause.OPERATOR), "bob", "slowly")
    both = told(stand)
    await make(stand, resumed(at(stand), 2.0, has_ramp=False), "bob", "go on")

    assert both == f"moved by ann: 2.4 is out; on hold by bob: slowly; {HOLD_ENDS}"
    assert told(stand) == ""


async def test_a_step_of_the_judge_is_told_with_its_time_and_not_with_its_numbers(stand: Stand) -> None:
    """What was met then is no word about now; where it stands is said. A rollback's reason stays."""
    stand.clock.now = 1_767_225_600.0
    met = "at canary 10% for 600s of 600s; 1200 of 1000 comparisons at this step; the newest comparison is 0s old"
    await make(stand, moved(at(stand), Place(Stage.CANARY, 0.5), Cause.EVIDENCE, stand.clock()), "judge at one", met)
    step = told(stand)
    await make(stand, rolled_back(at(stand), SHADOW, Cause.EVIDENCE, stand.clock()), "judge at one", "worse")

    assert step == (
        "moved by the judge at 2026-01-01T00:00:00.000Z, when all that it needed at canary 10% was met; "
        "`banyan history a` has the numbers"
    )
    assert told(stand) == f"rolled back by the judge: worse; {ENDS}"


async def test_a_resume_takes_no_move_for_its_own(stand: Stand) -> None:
    """Who moved the route and why stays, beside who resumed it and why: after a rollback, and after a step."""
    await make(stand, rolled_back(at(stand), SHADOW, Cause.OPERATOR, 1.0), "bob", "new loses orders")
    await make(stand, resumed(at(stand), 2.0, has_ramp=True), "root", "all fine after talk")
    after_rollback = told(stand)
    await make(stand, moved(at(stand), Place(Stage.LIVE), Cause.EVIDENCE, 3.0), "judge at one", "met")
    await make(stand, resumed(at(stand), 4.0, has_ramp=True), "bob", "bob done")
    after = begun(at(stand))
    await make(stand, after, "ann", "mended in place", **{BEGUN: after.begun})

    assert after_rollback == "moved by bob: new loses orders; resumed by root: all fine after talk"
    assert told(stand).startswith("moved by the judge at ")
    assert told(stand).endswith("; resumed by bob: bob done")


async def test_a_resume_that_alone_is_known_has_moved_nothing(stand: Stand) -> None:
    """What is remembered no further says by nobody, and an epoch after it changes nothing of that."""
    await make(stand, rolled_back(at(stand), SHADOW, Cause.OPERATOR, 1.0), "bob", "new loses orders")
    stand.here.moves.clear()
    await make(stand, resumed(at(stand), 2.0, has_ramp=True), "root", "fine")
    known = told(stand)
    stand.here.moves.clear()
    after = begun(at(stand))
    await make(stand, after, "ann", "mended in place", **{BEGUN: after.begun})

    assert (known, told(stand)) == ("moved; resumed by root: fine", "moved")


async def test_a_resume_that_moves_a_route_is_its_move(stand: Stand) -> None:
    """Without a ramp it runs as routes.yaml says; where that was edited since, its reason stands."""
    await make(stand, rolled_back(at(stand), SHADOW, Cause.OPERATOR, 1.0), "bob", "new loses orders")
    await make(stand, resumed(at(stand), 2.0, has_ramp=False), "root", "fine")
    stand.running.take(table(canary("20%")), GOOD)

    assert told(stand) == "moved by root: fine"


async def test_where_it_is_not_known_nothing_is_guessed(stand: Stand) -> None:
    """Of moves that are no longer known neither reason nor cause is told: the position has the last cause alone."""
    await roll_back_and_hold(stand)
    stand.here.moves.clear()

    assert told(stand) == f"rolled back; {ENDS}; on hold; {HOLD_ENDS}"


async def test_a_held_route_at_its_place_is_on_hold(stand: Stand) -> None:
    """Nothing else is said of it."""
    await make(stand, held(at(stand), Cause.OPERATOR), "ann", "until Monday")

    assert told(stand) == f"on hold by ann: until Monday; {HOLD_ENDS}"


async def test_a_control_that_begins_anew_tells_the_last_rollback(stand: Stand, store: Store, clock: Clock) -> None:
    """Resumed, held, begun anew from the disk, rolled back while the store is away: the reason is the rollback's,
    while it holds here alone, when the store tells what came before it, and once it is written.
    """
    await make(stand, rolled_back(at(stand), SHADOW, Cause.GUARD, clock()), "judge at one", "5xx of new")
    await make(stand, resumed(at(stand), clock(), has_ramp=False), "ann", "resume was ordered")
    await make(stand, held(at(stand), Cause.OPERATOR), "ann", "hold was ordered")
    reborn = Stand(table(canary("10%")), store, clock, kept=stand.kept[-1])
    store.away = True
    clock.now += 1.0
    await make(reborn, rolled_back(at(reborn), SHADOW, Cause.OPERATOR, clock()), "bob", "while control is dead")
    said = [told(reborn)]
    store.away = False
    await reborn.mover.look()
    said.append(told(reborn))
    await reborn.mover.settle()
    await reborn.mover.look()
    said.append(told(reborn))

    away = "moved here alone, as the state store is away"
    held_ = f"on hold by ann: hold was ordered; {HOLD_ENDS}"
    rolled = f"rolled back by bob: while control is dead; {ENDS}"
    assert said == [f"{rolled}; on hold; {HOLD_ENDS}; {away}", f"{rolled}; {held_}; {away}", f"{rolled}; {held_}"]


async def test_a_move_made_here_that_others_have_overtaken_is_not_told(
    stand: Stand, store: Store, clock: Clock
) -> None:
    """A person resumed elsewhere in the meantime: the move from here is never written, and gives no reason."""
    other = Stand(table(canary("10%")), store, clock, instance="two")
    await make(stand, rolled_back(at(stand), SHADOW, Cause.GUARD, clock()), "judge at one", "5xx of new")
    await other.mover.look()
    store.away = True
    await make(stand, held(at(stand), Cause.OPERATOR), "bob", "while it is away")
    store.away = False
    clock.now += 1.0
    await make(other, resumed(at(other), clock(), has_ramp=False), "ann", "go on")
    await stand.mover.look()
    await stand.mover.settle()

    assert told(stand) == told(other) == ""
