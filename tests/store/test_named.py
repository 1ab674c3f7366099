"""Stores in which routes are kept by their origins and called by their names: both implementations behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.evidence.records import GuardState, JudgedRules, NoiseCount, NoiseFinding, RuleHits
from proxy.core.outcome import Side
from proxy.core.position.position import Position
from proxy.core.position.record import OrderKind, OrderRecord, pin_record, unpin_record
from proxy.core.position.standing import Lead, Pin, Standing
from proxy.core.routing.state_names import Origins
from proxy.store.evidence import EvidenceStore
from proxy.store.named_evidence import NamedEvidence
from proxy.store.named_positions import NamedPositions
from proxy.store.positions import PositionStore
from tests.store.records import ROUTE, exchange, increments, occurrence, position, sample, shape, tally, transition
from tests.store.records import epoch as epoch_of
from tests.store.stores import Stores

NEW = "orders.v2"
ORIGINS = Origins(by_name={NEW: ROUTE}, by_origin={ROUTE: NEW})


@pytest.fixture
def positions(stores: Stores) -> PositionStore:
    """Seen by a table that has renamed `orders`."""
    return NamedPositions(stores.positions, lambda: ORIGINS)


@pytest.fixture
def evidence(stores: Stores) -> EvidenceStore:
    """The same."""
    return NamedEvidence(stores.evidence, lambda: ORIGINS)


async def moved(store: PositionStore, to: Position) -> bool:
    return await store.compare_and_set(to, to.version - 1, transition(to))


def named(found: Standing) -> tuple[list[str], ...]:
    """By which names its positions and pins call routes."""
    return (
        [each.route for each in found.positions],
        [pin.route for pin in found.pins],
    )


async def test_what_replicas_obey_is_one_row_by_two_names(stores: Stores, positions: PositionStore) -> None:
    """Moves and pins given under either name are those of the other."""
    assert await moved(stores.positions, position(1))
    assert await moved(positions, position(2, route=NEW))
    assert not await moved(stores.positions, position(2))
    await positions.set_pin(Pin(route=NEW, cohort="a", side=Side.NEW, by="ann", since=1.0))

    assert named(await stores.positions.standing()) == ([ROUTE], [ROUTE])
    assert named(await positions.standing()) == ([NEW], [NEW])
    assert [each.route for each in await positions.transitions(NEW, 10)] == [NEW, NEW]
    assert [each.route for each in await positions.transitions(None, 10)] == [NEW, NEW]
    assert [each.route for each in await stores.positions.transitions(None, 10)] == [ROUTE, ROUTE]
    assert await positions.drop_pin(NEW, "a")


async def test_what_stands_under_the_new_name_is_not_seen(stores: Stores, positions: PositionStore) -> None:
    """It is no second position of the same route; in the list of all moves it stays."""
    assert await moved(stores.positions, position(1, route=NEW))
    assert await moved(stores.positions, position(1))

    assert [(each.route, each.version) for each in (await positions.standing()).positions] == [(NEW, 1)]
    assert [each.route for each in await positions.transitions(None, 10)] == [NEW, NEW]


async def test_evidence_is_found_under_the_new_name(stores: Stores, evidence: EvidenceStore) -> None:
    """All that was added under the origin, before the rename and after it."""
    epoch = await evidence.open_epoch(epoch_of("1", "2", 6000.0, route=NEW))
    noise = NoiseCount(route=ROUTE, path="$.at", measure="gap 1", asked=4, raw_only=1, noise_only=1, both=2)
    for each in (stores.evidence, evidence):
        await each.add(increments(tallies=(tally(),), shapes=(shape("GET /orders"),)))
    hits = RuleHits(route=ROUTE, rule="r", hits=1, last_hit=6000.0)
    await evidence.add(
        increments(
            occurrences=(occurrence(),),
            samples=(sample(1),),
            rule_hits=(hits,),
            noise=(noise,),
            recorded=(exchange(2),),
        )
    )
    cluster = (await evidence.clusters(NEW, 1))[0]

    assert [(each.route, each.number) for each in (epoch, *await evidence.epochs(NEW))] == [(NEW, 1), (NEW, 1)]
    assert [(each.route, each.count) for each in await evidence.tallies(NEW, 1)] == [(NEW, 2)]
    assert [(each.route, each.legacy) for each in await evidence.shapes(NEW)] == [(NEW, 2)]
    assert (cluster.route, cluster.id) == (NEW, occurrence().cluster)
    assert [each.exchange.route for each in await evidence.samples(NEW, 1, cluster.id)] == [NEW]
    edit = JudgedRules(route=NEW, mark="m", minute=7)
    assert await evidence.judge_by(edit, 0) == edit
    assert (await stores.evidence.judge_by(replace(edit, route=ROUTE, minute=0), 0)).minute == 7
    assert await evidence.rule_hits(NEW) == (replace(hits, route=NEW),)
    assert await evidence.noise_counts(NEW) == (replace(noise, route=NEW),)
    assert [each.route for each in await evidence.recorded(NEW, 10)] == [NEW]
    assert [each.route for each in await stores.evidence.epochs(ROUTE)] == [ROUTE]
    assert (await evidence.prune(6000.0)).tallies == 0


async def test_what_the_leader_saves_is_found_by_the_next(
    stores: Stores, evidence: EvidenceStore, positions: PositionStore
) -> None:
    """Guards and noise, whichever file the two read."""
    epoch = await positions.try_lead("judge", "me", 60.0)
    assert epoch is not None
    lead = Lead(name="judge", holder="me", epoch=epoch)
    state = GuardState(route=NEW, bad="5xx", numbers=(1.0,), updated=6000.0)
    finding = NoiseFinding(route=NEW, path="$.at", numbers=(1.0,), decided="noise", until=None, updated=6000.0)

    assert await positions.renew(lead, 60.0)
    assert await evidence.save_guards((state,), lead)
    assert await evidence.save_noise((finding,), lead)
    assert await stores.evidence.guards() == (replace(state, route=ROUTE),)
    assert await evidence.guards() == (state,)
    assert await stores.evidence.noise(ROUTE) == (replace(finding, route=ROUTE),)
    assert await evidence.noise(NEW) == (finding,)


async def test_the_record_goes_by_the_name_of_today(stores: Stores, positions: PositionStore) -> None:
    """What was ordered of a route before it was renamed is its own; what is about all routes has no name."""
    pin = Pin(route=ROUTE, cohort="t", side=Side.NEW, by="ann", since=5.0)
    kill = OrderRecord(route="", kind=OrderKind.KILL, actor="ann", at=4.0)
    unpin = unpin_record(NEW, "t", actor="bob", at=6.0, reason="")
    await stores.positions.set_pin(pin)
    await positions.record(kill)
    assert await positions.drop_pin(NEW, "t", None, unpin)
    recorded = (unpin, kill, replace(pin_record(pin), route=NEW))

    assert await positions.orders(NEW, 10) == recorded
    assert await positions.orders(None, 10) == recorded
    assert [each.route for each in await stores.positions.orders(None, 10)] == [ROUTE, "", ROUTE]


async def test_what_is_taken_back_is_kept_by_origin(stores: Stores, positions: PositionStore) -> None:
    """A replica keeps its record by the names of its table, and the store by those of the beginning."""
    move = replace(transition(position(1)), route=NEW)
    order = OrderRecord(route=NEW, kind=OrderKind.DRAIN, actor="ann", at=4.0)
    await positions.recall((move,), (order,))
    moves, orders = await stores.positions.transitions(None, 9), await stores.positions.orders(None, 9)

    routes = [each.route for each in moves] + [each.route for each in orders]
    assert routes in [[], [ROUTE, ROUTE]]
