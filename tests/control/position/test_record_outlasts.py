"""The record of a store in memory outlasts the process: its replica's file has it."""

from __future__ import annotations

from msgspec.structs import replace

from proxy.control.position.group_orders import GroupOrders, OperatorOrder
from proxy.control.position.place_reasons import why
from proxy.control.position.standing_file import NOTHING, StandingFile, first_file, read, written
from proxy.core.outcome import Side
from proxy.core.position.record import OrderKind, OrderRecord, kind_of
from proxy.core.position.standing import Pin
from tests.control.stands import Clock, Stand, Store, canary, table

RAMPED = canary(more="ramp: {steps: [10%, 50%]}")
SAID = (
    "rolled back by ann: totals are wrong; ends with `banyan resume a`, or an edit of its stage or split; "
    "on hold by bob: release; `banyan resume a` ends the hold"
)


async def ordered(stand: Stand) -> None:
    orders = GroupOrders(running=stand.running, here=stand.here, mover=stand.mover)
    for verb, by, reason in (("rollback", "ann", "totals are wrong"), ("hold", "bob", "release")):
        await orders.give(stand.route(), OperatorOrder(verb=verb, reason=reason, by=by))
        stand.clock.now += 60.0


async def begun(clock: Clock, kept: StandingFile) -> tuple[Stand, Store]:
    """A replica over a store in memory that has just begun."""
    store = Store(clock)
    stand = Stand(table(RAMPED), store, clock, kept=kept)
    await stand.begin()
    return stand, store


async def test_a_restart_keeps_whose_order_it_was(clock: Clock) -> None:
    """With time, actor, reason and kind of each; nothing is recorded twice, and nothing in place of another."""
    stand, store = await begun(clock, first_file(None, "memory"))
    await ordered(stand)
    await store.behind.set_pin(Pin(route="a", cohort="acme", side=Side.NEW, by="cas", since=clock(), reason="tries"))
    await stand.mover.look()
    moves, orders = await store.behind.transitions(None, 10), await store.behind.orders(None, 10)
    clock.now += 3600.0
    again, other = await begun(clock, first_file(stand.kept[-1], "memory"))

    assert why(again.route(), again.here.placed(again.route())).startswith(SAID)
    assert await other.behind.transitions(None, 10) == moves
    assert await other.behind.orders(None, 10) == orders
    assert [kind_of(each) for each in moves][:2] == [OrderKind.HOLD, OrderKind.ROLLBACK]


async def test_evidence_that_was_in_memory_begins_anew_and_says_since_when(clock: Clock) -> None:
    """From the second process on: the first one has lost nothing, and one with a database never does."""
    stand, _ = await begun(clock, first_file(None, "memory"))
    clock.now += 3600.0
    again, _ = await begun(clock, first_file(stand.kept[-1], "memory"))
    elsewhere, _ = await begun(clock, first_file(again.kept[-1], "postgresql://db"))
    back, _ = await begun(clock, first_file(elsewhere.kept[-1], "memory"))

    found = [each.here.evidence_since for each in (stand, again, elsewhere, back)]
    assert found == [0.0, clock.now, 0.0, 0.0]


async def test_an_order_that_comes_before_what_was_kept_hides_nothing(clock: Clock) -> None:
    """What is recorded at the start stands after the record of the process before, which is whole."""
    stand, _ = await begun(clock, first_file(None, "memory"))
    store = Store(clock)
    kept = [OrderRecord(route="", kind=OrderKind.KILL, actor="ann", at=at, reason="") for at in (2.0, 1.0)]
    first = OrderRecord(route="", kind=OrderKind.EPOCH, actor="state: memory", at=3.0, reason="lost")
    await store.behind.record(first)
    for _ in range(2):
        await store.behind.recall((), kept)

    assert await store.behind.orders(None, 10) == (first, *kept)
    assert stand.here.known


async def test_a_file_without_a_record_tells_no_reason_of_its_own(clock: Clock) -> None:
    """That the store had lost it is nobody's hold, and why the route was rolled back is not known."""
    stand, _ = await begun(clock, first_file(None, "memory"))
    await ordered(stand)
    kept = first_file(replace(stand.kept[-1], moves=(), recorded=()), "postgresql://db")
    again, store = await begun(clock, kept)

    assert "the store had lost it" not in why(again.route(), again.here.placed(again.route()))
    (record,) = await store.behind.transitions(None, 10)
    assert (kind_of(record), record.at) == (OrderKind.RESTORE, clock())


def test_the_record_is_written_and_read() -> None:
    """As a part of the one small file, which a version that does not know it passes over."""
    order = OrderRecord(route="a", kind=OrderKind.PIN, actor="ann", at=1.0, cohort="x", side=Side.NEW)
    kept = StandingFile(recorded=(order,), store="memory")

    assert read(written(kept)) == kept
    assert read(written(NOTHING)) == NOTHING


async def test_only_a_store_in_memory_has_its_record_here(store: Store, clock: Clock) -> None:
    """A database keeps its own."""
    stand = Stand(table(RAMPED), store, clock, kept=first_file(None, "postgresql://db"))
    await stand.begin()
    await ordered(stand)

    assert (stand.kept[-1].moves, stand.kept[-1].recorded) == ((), ())


async def test_who_gave_an_order_is_known_after_a_later_epoch(store: Store, clock: Clock) -> None:
    """Also to a replica that begins then: moves that came after it hide it from nobody."""
    stand = Stand(table(canary("10%")), store, clock)
    await stand.begin()
    orders = GroupOrders(running=stand.running, here=stand.here, mover=stand.mover)
    await orders.give(stand.route(), OperatorOrder(verb="promote", reason="release 2.4", by="ann"))
    await orders.give(stand.route(), OperatorOrder(verb="hold", reason="wait", by="bob"))
    await orders.give(stand.route(), OperatorOrder(verb="resume", reason="go on", by="cas"))
    later = Stand(table(canary("10%")), store, clock, instance="two")
    await later.begin()

    assert why(later.route(), later.here.placed(later.route())) == why(stand.route(), stand.here.placed(stand.route()))
