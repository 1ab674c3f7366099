"""What one replica knows of where routes stand, and what it says of that."""

from __future__ import annotations

from proxy.control.position.standing_file import first_file
from proxy.control.position.standing_here import KEEPS_OUT
from proxy.core.position.ladder import SHADOW
from proxy.core.position.position import Cause, Move, rolled_back, transition
from tests.control.stands import Clock, Stand, Store, canary, table

ROUTES = (canary(), "name: done, match: /done, stage: complete")


def lost(store: Store, clock: Clock) -> Stand:
    """A replica without its directory."""
    return Stand(table(*ROUTES), store, clock, instance="two", kept=first_file(None, "postgresql://db/banyan"))


async def rolled(store: Store, clock: Clock) -> None:
    """Another replica has rolled `a` back."""
    other = Stand(table(*ROUTES), store, clock)
    before = other.here.position(other.route())
    after = rolled_back(before, SHADOW, Cause.OPERATOR, clock())
    await other.mover.move(
        Move(before=before, after=after, record=transition(before, after, actor="ann", numbers={}, reason="why"))
    )


async def test_nothing_is_known_before_the_store_has_said_it(store: Store, clock: Clock) -> None:
    """While the store is away legacy answers what it can, the rest goes as the file says, and disk and workers know."""
    await rolled(store, clock)
    store.away = True
    two = lost(store, clock)
    await two.rounds(3)
    before = two.place(), two.place("done"), two.here.placed(two.route()).known
    kept = two.kept[-1].orders.known
    store.away = False
    await two.rounds()

    assert (before, kept) == (("legacy", "complete", False), False)
    assert (two.place(), two.place("done"), two.here.known) == ("shadow", "complete", True)
    assert two.here.position(two.route()).latched
    assert two.kept[-1].orders.known


async def test_nothing_is_moved_before_it_is_known_from_where(store: Store, clock: Clock) -> None:
    """What the file says is no position: a replica that knows none overwrites none when the store comes back."""
    await rolled(store, clock)
    store.away = True
    two = lost(store, clock)
    await two.reconciling.follow()
    await two.rounds(3)
    store.away = False
    await two.rounds(5)

    assert [position.version for position in (await store.behind.standing()).positions] == [1]
    assert two.here.pending == {}


async def test_clients_are_kept_out_for_a_while(store: Store, clock: Clock) -> None:
    """Until the standing is known, or half a minute has passed: an outage keeps no replica out for longer."""
    store.away = True
    two = lost(store, clock)
    at_first = two.here.keeps_out
    clock.now += KEEPS_OUT - 0.1
    still = two.here.keeps_out
    clock.now += 0.2
    later = two.here.keeps_out, two.here.known

    assert (at_first, still, later) == (True, True, (False, False))


async def test_once_known_it_stays_known(store: Store, clock: Clock) -> None:
    """Workers are told so even where nothing else is to say; a store that goes away again changes nothing."""
    two = lost(store, clock)
    unknown = two.kept[-1].orders
    await two.rounds()
    known = two.kept[-1].orders
    store.away = True
    await two.rounds(3)

    assert (unknown.known, known.known, two.kept[-1].orders) == (False, True, known)
    assert (unknown.routes, known.routes) == ([], [])
    assert known.version != unknown.version
    assert (two.here.known, two.here.keeps_out, two.place()) == (True, False, "canary 10%")


async def test_what_is_slow_is_no_order_before_it_is_known(store: Store, clock: Clock) -> None:
    """A bound on latency would carry the file's place with it; a rollback that was made here is ordered at once."""
    store.away = True
    two = lost(store, clock)
    two.here.slow = {"a": 0.5}
    two.here.refresh()
    slow = two.kept[-1].orders.routes
    before = two.here.position(two.route())
    after = rolled_back(before, SHADOW, Cause.OPERATOR, clock())
    await two.mover.move(
        Move(before=before, after=after, record=transition(before, after, actor="ann", numbers={}, reason="why"))
    )
    made = two.kept[-1].orders

    assert slow == []
    assert [(route.route, route.stage) for route in made.routes] == [("a", "shadow")]
    assert not made.known
