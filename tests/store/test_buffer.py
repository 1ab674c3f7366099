"""Evidence that waits for its store: bounded, counted, and sent once."""

from __future__ import annotations

from proxy.core.evidence.records import Increments
from proxy.store.buffer import EvidenceBuffer
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.memory.evidence import MemoryEvidence
from proxy.store.memory.positions import MemoryPositions
from proxy.tasks import Tasks
from tests.store.records import ROUTE, increments, tally
from tests.waiting import until


class Flaky(MemoryEvidence):
    """A store that first fails in the given ways; with `lost`, only its answer is lost."""

    def __init__(self, *failures: Exception, lost: bool = False) -> None:
        super().__init__(MemoryPositions())
        self.failures = list(failures)
        self.lost = lost
        self.pieces: list[int] = []

    async def add(self, increments: Increments) -> None:
        self.pieces.append(len(increments))
        if self.lost or not self.failures:
            await super().add(increments)
        if self.failures:
            raise self.failures.pop(0)


def records(count: int) -> Increments:
    return increments(tallies=(tally(),) * count)


async def total(store: MemoryEvidence) -> int:
    return sum(each.count for each in await store.tallies(ROUTE, 1))


async def test_what_waits_goes_in_few_pieces() -> None:
    """Small increments are joined up to the size of a piece; a large one goes alone."""
    store = Flaky()
    buffer = EvidenceBuffer(store, at_once=10)
    for count in (4, 4, 4, 30, 1):
        buffer.add(records(count))

    assert await buffer.flush()
    assert store.pieces == [8, 4, 30, 1]
    assert (await total(store), buffer.waiting, buffer.lost) == (43, 0, 0)


async def test_what_was_sent_without_an_answer_counts_once() -> None:
    """The store had it, the answer was lost, it is sent again: nothing is counted twice."""
    store = Flaky(StoreUnavailable(), StoreUnavailable(), lost=True)
    buffer = EvidenceBuffer(store)
    buffer.add(records(2))
    buffer.add(records(3))

    assert [await buffer.flush(), await buffer.flush(), await buffer.flush()] == [False, False, True]
    assert (await total(store), buffer.lost) == (5, 0)


async def test_the_oldest_is_lost_when_too_much_waits() -> None:
    """At the limit nothing is lost, one above it the oldest piece is; what is on its way stays."""
    store = Flaky(StoreUnavailable())
    buffer = EvidenceBuffer(store, most=10)
    buffer.add(records(4))
    assert not await buffer.flush()
    buffer.add(records(5))
    buffer.add(records(1))
    assert (buffer.waiting, buffer.lost) == (10, 0)
    buffer.add(records(1))
    assert (buffer.waiting, buffer.lost) == (6, 5)
    buffer.add(records(99))
    assert (buffer.waiting, buffer.lost) == (4, 106)

    assert await buffer.flush()
    assert await total(store) == 4


async def test_what_is_refused_is_lost_and_the_rest_goes_on() -> None:
    """A piece that the store would never take does not stand in the way of others."""
    store = Flaky(StoreRefused("no"))
    buffer = EvidenceBuffer(store, at_once=2)
    buffer.add(records(2))
    buffer.add(records(1))

    assert await buffer.flush()
    assert (await total(store), buffer.lost) == (1, 2)


async def test_it_flushes_by_itself() -> None:
    """In the background, through failures, until it is ended."""
    store = Flaky(StoreUnavailable(), StoreUnavailable())
    buffer, tasks = EvidenceBuffer(store), Tasks()
    tasks.start(buffer.run(0.001), name="buffer")
    buffer.add(records(1))
    await until(lambda: not buffer.waiting)
    await tasks.end()

    assert await total(store) == 1
