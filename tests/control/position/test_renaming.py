"""Routes that are renamed while replicas run: what is known of them goes on under the name that they began with."""

from __future__ import annotations

import pytest

from proxy.control.fleet.gossip import Gossip, RouteAnswers, gossip_called
from proxy.control.position.standing_file import StandingFile
from proxy.core.judge.verdict import Action
from proxy.core.outcome import Side
from proxy.core.position.ladder import SHADOW
from proxy.core.position.position import Cause, Move, Position, rolled_back, transition
from proxy.core.position.standing import Pin, Standing
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.state_names import origins_of
from proxy.link.messages import Orders
from tests.control.conftest import Open
from tests.control.stands import Clock, Guards, Stand, Store, bad, canary, failures, table

OLD, NEW = table(canary()), table(canary(name="b", more="was: a"))
FORGETFUL = table(canary(name="b"))


async def roll_back(stand: Stand, name: str = "a") -> Position:
    """The route goes back and is latched."""
    before = stand.here.position(stand.route(name))
    after = rolled_back(before, SHADOW, Cause.OPERATOR, stand.clock())
    await stand.mover.move(
        Move(before=before, after=after, record=transition(before, after, actor="ann", numbers={}, reason="why"))
    )
    return after


def ordered(stand: Stand) -> Orders:
    """What workers are told."""
    return stand.kept[-1].orders


def latched(stand: Stand, name: str) -> bool:
    return stand.here.position(stand.route(name)).latched


async def test_a_latch_survives_a_rename(store: Store, clock: Clock) -> None:
    """Position, pins and the reason of the last move are those of before; nothing in the store was touched."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    await store.behind.set_pin(Pin(route="a", cohort="acme", side=Side.NEW, by="ann", since=clock()))
    await stand.rounds()
    before = await store.behind.standing()
    done = await stand.edit(NEW)
    await stand.rounds(3)

    assert done
    assert (stand.place("b"), latched(stand, "b")) == ("shadow", True)
    assert [pin.cohort for pin in stand.here.pins("b")] == ["acme"]
    assert stand.here.moves["b"][0].reason == "why"
    assert await store.behind.standing() == before


async def test_workers_are_told_by_origin(store: Store, clock: Clock) -> None:
    """An order names the route that it began as: it holds on a table that calls it otherwise, and is not given anew."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    before = ordered(stand)
    await stand.edit(NEW)

    assert [(route.route, route.stage) for route in before.routes] == [("a", "shadow")]
    assert ordered(stand) == before


async def test_between_reload_and_edit_it_is_known_already(store: Store, clock: Clock) -> None:
    """As soon as a table was taken its names hold, before anything else was asked."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    stand.running.take(NEW, stand.running.reload)
    changed, again = stand.here.rename(), stand.here.rename()

    assert (changed, again) == (True, False)
    assert latched(stand, "b")


async def test_without_was_it_is_a_new_route(store: Store, clock: Clock) -> None:
    """The file rules; `was` written later gives everything back; taken out again, the file rules again."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    seen = []
    for snapshot in (FORGETFUL, NEW, FORGETFUL):
        await stand.edit(snapshot)
        await stand.rounds()
        seen.append((stand.place("b"), latched(stand, "b")))

    assert seen == [("canary 10%", False), ("shadow", True), ("canary 10%", False)]


async def test_what_was_kept_under_the_new_name_is_nobodys(store: Store, clock: Clock) -> None:
    """A route that has a position under its new name and says `was` has that of its origin, and gets the other back."""
    stand = Stand(table(canary(), canary(name="b")), store, clock)
    await stand.begin()
    await roll_back(stand)
    await stand.edit(NEW)
    await stand.rounds()
    as_heir = latched(stand, "b")
    other = Stand(FORGETFUL, store, clock, instance="two")
    await other.begin()
    await roll_back(other, "b")
    await stand.rounds()
    still = stand.here.position(stand.route("b")).version
    await stand.edit(FORGETFUL)

    assert (as_heir, still, latched(stand, "b")) == (True, 1, True)
    assert {position.route for position in (await store.behind.standing()).positions} == {"a", "b"}


async def test_replicas_with_both_files_mean_the_same_route(store: Store, clock: Clock) -> None:
    """While one reads the old file and one the new, a rollback at either holds at both, and nobody frees the other."""
    old, new = Stand(OLD, store, clock), Stand(NEW, store, clock, instance="two")
    for each in (old, new):
        await each.begin()
    await roll_back(new, "b")
    for each in (old, new):
        await each.rounds(3)

    assert (old.place("a"), new.place("b")) == ("shadow", "shadow")
    assert latched(old, "a")
    assert latched(new, "b")


async def test_a_restart_with_another_file_finds_its_own(store: Store, clock: Clock) -> None:
    """The disk knows routes by their origins: with the store away a renamed route is latched from the first."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    store.away = True
    after = Stand(NEW, store, clock, kept=stand.kept[-1])
    back = Stand(OLD, store, clock, kept=after.kept[-1])

    assert (after.place("b"), latched(after, "b")) == ("shadow", True)
    assert (back.place("a"), latched(back, "a")) == ("shadow", True)


async def test_a_move_made_here_is_written_under_the_new_name(store: Store, clock: Clock) -> None:
    """Rolled back while the store is away, renamed, and written when it is back: the store has it under its origin."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    store.away = True
    await roll_back(stand)
    await stand.edit(NEW)
    waiting = set(stand.here.pending)
    store.away = False
    await stand.rounds(3)
    positions = (await store.behind.standing()).positions

    assert waiting == {"b"}
    assert [(position.route, position.latched) for position in positions] == [("a", True)]
    assert latched(stand, "b")
    assert stand.here.pending == {}


async def test_a_move_that_a_rename_overtakes_is_not_lost(store: Store, clock: Clock) -> None:
    """The table is renamed while a move asks a store that is away: the move holds under the new name."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    before = stand.here.position(stand.route())
    after = rolled_back(before, SHADOW, Cause.GUARD, clock())
    await stand.edit(NEW)
    store.away = True
    await stand.mover.move(
        Move(before=before, after=after, record=transition(before, after, actor="judge", numbers={}, reason="why"))
    )
    here = stand.place("b")
    store.away = False
    await stand.rounds(3)

    assert (here, stand.place("b"), stand.here.pending) == ("shadow", "shadow", {})
    assert [(position.route, position.latched) for position in (await store.behind.standing()).positions] == [
        ("a", True)
    ]


async def test_an_edit_in_the_same_file_counts(store: Store, clock: Clock) -> None:
    """Renamed and lowered at once: the rename is no edit, the lower stage is one."""
    stand = Stand(OLD, store, clock)
    await stand.begin()
    await roll_back(stand)
    await stand.edit(table(canary("5%", name="b", more="was: a")))

    assert (stand.place("b"), latched(stand, "b")) == ("canary 5%", False)
    assert [position.route for position in (await store.behind.standing()).positions] == ["a"]


async def test_the_guard_goes_on(store: Store, clock: Clock) -> None:
    """Failures before the rename and after it add up to one alarm, and what is kept of them has the origin."""
    stand = Stand(OLD, store, clock, guards=Guards())
    stand.healthy.update(("legacy", "new"))
    await stand.begin()
    stand.hear(legacy=50, bad=failures(4), new_bad=4)
    await stand.rounds()
    at_first = stand.place()
    await stand.edit(NEW)
    stand.hear(legacy=0, bad=[bad(cohort=9, route="b")], new_bad=1, route="b")
    await stand.rounds(2)

    assert (at_first, stand.place("b")) == ("canary 10%", "shadow")


@pytest.mark.parametrize(("sees", "leads"), [("a", NEW), ("b", OLD)])
async def test_replicas_with_both_files_share_what_they_see(
    store: Store, clock: Clock, sees: str, leads: Snapshot
) -> None:
    """Failures that one replica sees are counted by the leader, whichever of the two files either reads."""
    leader = Stand(leads, store, clock)
    other = Stand(OLD if leads is NEW else NEW, store, clock, instance="two")
    for each in (leader, other):
        each.healthy.update(("legacy", "new"))
        await each.begin()
        await each.rounds()
    other.hear(legacy=50, bad=failures(8, route=sees), new_bad=8, route=sees)
    await other.rounds()
    await leader.rounds(2)

    assert leader.here.position(leader.running.snapshot.routes[0]).latched
    assert (await store.behind.standing()).positions[0].route == "a"


async def test_an_alarm_that_stands_is_ruled_on_after_a_rename(store: Store, clock: Clock) -> None:
    """An alarm that only pages is still there under the new name, and what is kept of it is not kept again."""
    paging = "guard: {on_failure: page}"
    stand = Stand(table(canary(more=paging)), store, clock)
    stand.healthy.update(("legacy", "new"))
    await stand.begin()
    stand.hear(legacy=50, bad=failures(8), new_bad=8)
    await stand.rounds(10)
    before, kept = dict(stand.judging.rulings), stand.judging.states(clock())
    await stand.edit(table(canary(name="b", more=f"was: a, {paging}")))
    await stand.rounds()

    assert kept == ()
    assert stand.judging.rulings["b"].action is before["a"].action is not Action.STAY
    assert stand.judging.states(clock()) == ()


async def test_a_window_that_ends_with_a_rename_ends(store: Store, clock: Clock) -> None:
    """Failures within a window that stops everything are forgotten at its end, also when a rename comes just then."""
    window = "windows: [{name: batch, start: '08:00', end: '09:00'}]"
    stand = Stand(table(canary(more=window)), store, clock)
    stand.healthy.update(("legacy", "new"))
    await stand.begin()
    stand.hear(legacy=50, bad=failures(4), new_bad=4)
    await stand.rounds()
    await stand.edit(table(canary(name="b", more=f"was: a, {window}")))
    clock.now += 2 * 3600.0
    await stand.rounds()
    stand.hear(bad=failures(2, first=50, route="b"), new_bad=2, route="b")
    await stand.rounds(2)

    assert stand.place("b") == "canary 10%"


async def test_a_reload_renames_before_anybody_asks(open_port: Open) -> None:
    """Control calls routes by their new names from the moment at which a table is taken."""
    port = await open_port(snapshot=OLD)
    here = port.parts.here
    at = here.position(OLD.routes[0])
    here.take(Standing(version=1, positions=(rolled_back(at, SHADOW, Cause.OPERATOR, 1.0),)))
    port.running.take(NEW, port.running.reload)
    port.parts.follow()

    assert here.placed(NEW.routes[0]).place == SHADOW


def test_what_replicas_tell_each_other_is_by_origin() -> None:
    """Forth and back it is the same; what is nobody's is left out."""
    origins = origins_of(NEW.routes)
    mine = Gossip(answered=[RouteAnswers("b", legacy=3)], bad=[bad(route="b")], lost=2)
    told = gossip_called(mine, origins.origin)

    assert ([counts.route for counts in told.answered], [event.route for event in told.bad]) == (["a"], ["a"])
    assert gossip_called(told, origins.name) == mine
    assert gossip_called(mine, origins.name) == Gossip(lost=2)


def test_a_file_without_memory_has_nothing_to_rename(store: Store, clock: Clock) -> None:
    """A replica that has kept nothing begins with nothing, by whatever names."""
    stand = Stand(NEW, store, clock, kept=StandingFile())

    assert (stand.here.said, stand.here.pending, stand.place("b")) == ({}, {}, "canary 10%")


def test_a_table_without_renames_costs_no_origins() -> None:
    """Two such tables have the same empty value, so that nothing is looked up again after a reload."""
    first: Snapshot = OLD

    assert origins_of(first.routes) is origins_of(FORGETFUL.routes)
