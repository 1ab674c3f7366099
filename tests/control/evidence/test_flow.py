from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from proxy.control.evidence import flow as module
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.flow import EvidenceFlow
from proxy.control.fleet.comparer import Comparing
from proxy.control.running import Reload, Running
from proxy.core.evidence.fold import Part
from proxy.core.evidence.records import NoiseFinding
from proxy.core.parity.rules.rules import Rules
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Comparer, Evidence
from proxy.store.errors import StoreUnavailable
from proxy.store.memory.evidence import MemoryEvidence
from proxy.store.memory.positions import MemoryPositions
from proxy.store.open_stores import Stores
from tests.control.fleet.test_comparer import Link, state
from tests.control.tables import route, snapshot
from tests.store.records import increments, tally
from tests.waiting import until

MATCH = Part(route="orders", legacy_version="1", new_version="2", increments=increments(tallies=(tally(epoch=0),)))
SHOP = snapshot(route("orders"))
WORD = Evidence(parts=msgspec.msgpack.encode((MATCH,)), bad=[])


def flowing(comparing: Comparing) -> EvidenceFlow:
    running = Running(SHOP, Reload(ok=True, at=datetime.now(UTC)))
    positions = MemoryPositions()
    stores = Stores(evidence=MemoryEvidence(positions), positions=positions)
    return EvidenceFlow(stores, EvidenceBook(), comparing, running)


def say(comparing: Comparing, link: Link, told: Comparer) -> None:
    """As the comparer does once a second."""
    comparing.hear(link, told)
    comparing.take(WORD)


def test_what_the_comparer_lost_is_counted_once() -> None:
    """It counts from its own start; its successor begins anew, and a link that is made again tells nothing twice."""
    comparing = Comparing()
    flow = flowing(comparing)
    first, again, heir = Link(), Link(), Link()

    say(comparing, first, state(pid=7, lost=3))
    say(comparing, first, state(pid=7, lost=5))
    comparing.left(first)
    say(comparing, again, state(pid=7, lost=5))
    comparing.left(again)
    say(comparing, heir, state(pid=8, lost=2))

    assert flow.lost == 7
    assert flow.waiting == 4


async def test_what_finds_no_place_is_counted_and_the_rest_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest goes; what is left is in the store when it answers, and nothing is counted twice."""
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    comparing = Comparing()
    flow = flowing(comparing)
    for _ in range(4):
        say(comparing, Link(), state())

    assert (flow.lost, flow.waiting) == (2, 2)
    await flow.last()
    assert (flow.lost, flow.waiting) == (2, 0)


async def test_a_renamed_route_finds_its_evidence() -> None:
    """What the comparer tells by origin is in the book by name; after a reload a new name is looked at at once."""
    running = Running(snapshot(route("orders")), Reload(ok=True, at=datetime.now(UTC)))
    positions = MemoryPositions()
    stores = Stores(evidence=MemoryEvidence(positions), positions=positions).named(lambda: running.origins)
    comparing, book = Comparing(), EvidenceBook()
    flow = EvidenceFlow(stores, book, comparing, running)
    say(comparing, Link(), state())
    await flow.last()
    running.take(snapshot(route("orders.v2", was="orders")), running.reload)
    flow.follow()
    say(comparing, Link(), state())
    due = set(flow._due())
    await flow.last()
    for name in due:
        await flow._look_or_leave(name)

    epoch = book.epoch("orders.v2")
    assert "orders.v2" in due
    assert epoch is not None
    assert (epoch.route, epoch.number) == ("orders.v2", 1)
    assert book.parity("orders.v2").sums.compared == 1
    assert [key[0] for key in book.counted()] == ["orders.v2"]


async def test_an_epoch_that_is_ordered_is_there_at_once_and_takes_what_was_asked_in_it() -> None:
    """Before anything was compared in it; what was asked before and comes later goes to the one before."""
    comparing = Comparing()
    flow = flowing(comparing)
    asked = replace(MATCH, addresses=SHOP.addresses(SHOP.routes[0]))
    comparing.take(Evidence(parts=msgspec.msgpack.encode((asked,)), bad=[]))
    await flow.last()
    await flow.begin("orders", 1, "ann: mended")
    ordered = await flow.epochs("orders")
    anew = replace(asked, begun=1, increments=increments(tallies=(tally(epoch=0, count=4),)))
    for part in (asked, anew):
        comparing.take(Evidence(parts=msgspec.msgpack.encode((part,)), bad=[]))
    await flow.last()
    epochs = await flow.epochs("orders")

    assert ordered is not None
    assert [(each.begun, each.why) for each in ordered] == [(1, "ann: mended"), (0, "")]
    assert epochs is not None
    assert [(epoch.number, epoch.begun) for epoch in epochs] == [(2, 1), (1, 0)]


async def test_what_came_before_an_edit_of_the_rules_is_no_evidence_after_a_restart() -> None:
    """Nor where the rules were edited while nothing ran; without an edit a restart changes nothing."""
    positions = MemoryPositions()
    stores = Stores(evidence=MemoryEvidence(positions), positions=positions)
    as_it_was, edited, unseen = (
        snapshot(route("orders", compare=Rules(secrets=frozenset(names)))) for names in ("", "x", "y")
    )

    async def counted(*tables: Snapshot) -> tuple[int, int]:
        """How many comparisons are evidence, and all, to a process that serves these tables one after the other."""
        running, book, comparing = (
            Running(tables[0], Reload(ok=True, at=datetime.now(UTC))),
            EvidenceBook(),
            Comparing(),
        )
        flow = EvidenceFlow(stores, book, comparing, running)
        for table in tables:
            running.take(table, running.reload)
            flow.follow()
            if await flow.epochs("orders") == ():
                say(comparing, Link(), state())
                await flow.last()
            for name in dict.fromkeys(flow._due()):
                await flow._look_or_leave(name)
        found = book.parity("orders")
        return found.sums.compared, found.of_epoch.compared

    assert [await counted(as_it_was), await counted(as_it_was)] == [(1, 1), (1, 1)]
    assert [await counted(as_it_was, edited), await counted(edited)] == [(0, 1), (0, 1)]
    assert [await counted(unseen), await counted(edited)] == [(0, 1), (0, 1)]


class Away(MemoryEvidence):
    """A store that cannot be read the first two times, as when it begins."""

    failures = 2

    async def noise(self, route: str) -> tuple[NoiseFinding, ...]:
        """As EvidenceStore says."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("it begins")
        return await super().noise(route)


async def test_what_is_known_of_noise_is_read_when_the_store_begins_late() -> None:
    """A route that nobody asks for meanwhile is not forgotten: its keys are known as soon as the store answers."""
    running = Running(SHOP, Reload(ok=True, at=datetime.now(UTC)))
    positions = MemoryPositions()
    store = Away(positions)
    flow = EvidenceFlow(Stores(evidence=store, positions=positions), EvidenceBook(), Comparing(), running)
    watching = asyncio.create_task(flow.watch_noise())
    try:
        await until(lambda: "orders" in flow._findings)
    finally:
        watching.cancel()

    assert store.failures == 0
