"""What is undecided, from the fold of two comparers through one store into the books of all replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import msgspec

from proxy.control.evidence.book import EvidenceBook, Look
from proxy.control.evidence.flow import EvidenceFlow
from proxy.control.fleet.comparer import Comparing
from proxy.control.running import Reload, Running
from proxy.core.evidence.fold import ComparedPair, Fold
from proxy.core.judge.ramp import Measures
from proxy.core.noise.key_state import KeyState
from proxy.core.parity.compare import Comparison, Outcome
from proxy.core.parity.redact import Redactor
from proxy.core.parity.rules.difference import DifferenceKind, differ
from proxy.core.position.position import reconcile
from proxy.core.stage import Stage
from proxy.link.messages import Evidence
from proxy.store.open_stores import Stores as Opened
from tests.control.tables import route, snapshot
from tests.core.parity.pairs import answer, pair
from tests.store.stores import Stores

HANG = 60.0
AT = reconcile(None, Stage.SHADOW, 0.0, route="orders", now=0.0)
ROUTE = "orders"
_ids = count()


class Watched(EvidenceBook):
    """Says when it has been brought up to date."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = asyncio.Event()

    def look(self, look: Look) -> None:
        super().look(look)
        self.looked.set()


def found(keys: Iterable[str], number: int) -> ComparedPair:
    asked = replace(pair(answer({"n": 1}), answer({"n": 2})), route=ROUTE, at=6000.0 + number, request_id=f"r{number}")
    waiting = tuple((key, differ(key, DifferenceKind.STRING, "a", "b")) for key in keys)
    comparison = Comparison(outcome=Outcome.UNDECIDED if waiting else Outcome.MATCH, waiting=waiting)
    return ComparedPair(pair=asked, comparison=comparison, shape="s", draw=0.5)


def told(*comparisons: ComparedPair) -> Evidence:
    """As a comparer tells it."""
    fold = Fold()
    for each in comparisons:
        fold.add(each)
    parts = fold.take(lambda _: Redactor(key=b"k" * 32), lambda: f"undecided-{next(_ids)}", 6100.0)
    return Evidence(parts=msgspec.msgpack.encode(parts), bad=[])


@asynccontextmanager
async def replica(stores: Stores, *evidence: Evidence) -> AsyncIterator[Watched]:
    """One that has stored what its comparer told, and reads what all of them found."""
    comparing, book = Comparing(), Watched()
    running = Running(snapshot(route(ROUTE)), Reload(ok=True, at=datetime.now(UTC)))
    flow = EvidenceFlow(Opened(evidence=stores.evidence, positions=stores.positions), book, comparing, running)
    for each in evidence:
        comparing.take(each)
    await flow.last()
    reading = asyncio.create_task(flow.read())
    try:
        yield book
    finally:
        reading.cancel()


async def until_compared(book: Watched, number: int) -> None:
    async with asyncio.timeout(HANG):
        while book.parity(ROUTE).sums.undecided + book.parity(ROUTE).sums.compared < number:
            book.looked.clear()
            await book.looked.wait()


async def test_all_replicas_count_the_same_also_after_a_restart(stores: Stores) -> None:
    """What two comparers could not decide is decided alike by both replicas and by one that begins afterwards."""
    one = told(*(found(["$.id"], number) for number in range(3)), found([], 3))
    other = told(*(found(["$.at", "$.id"], number) for number in range(4, 9)))
    async with replica(stores, one) as first, replica(stores, other) as second, replica(stores) as heir:
        books = (first, second, heir)
        seen: list[set[tuple[int, int, int]]] = []
        measures: list[set[Measures]] = []
        for states in ({}, {"$.id": KeyState.NOISY}, {"$.id": KeyState.NOISY, "$.at": KeyState.HELD}):
            for book in books:
                await until_compared(book, 9)
                book.hear({ROUTE: states})
            sums = [book.parity(ROUTE).sums for book in books]
            seen.append({(each.ignored, each.mismatch, each.undecided) for each in sums})
            measures.append({book.measures(ROUTE, AT) for book in books})
        clusters = [{each.path: each.accepted for each in book.clusters(ROUTE)} for book in books]

    assert seen == [{(0, 0, 8)}, {(3, 0, 5)}, {(3, 5, 0)}]
    assert [len(each) for each in measures] == [1, 1, 1]
    assert clusters == [{"$.id": "noise", "$.at": ""}] * 3
