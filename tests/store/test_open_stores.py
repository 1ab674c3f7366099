"""Each value of `state:` opens stores that work."""

from __future__ import annotations

import asyncio
from pathlib import Path

from proxy.store.open_stores import Stores, open_stores
from proxy.tasks import Tasks
from tests.store.records import ROUTE, increments, position, tally, transition
from tests.waiting import until


async def works(stores: Stores) -> None:
    await stores.evidence.add(increments(tallies=(tally(),)))
    assert await stores.evidence.tallies(ROUTE, 1) == (tally(),)
    assert await stores.positions.compare_and_set(position(1), 0, transition(position(1)))


def is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


async def test_memory_opens(place: Path) -> None:
    """`memory` needs nothing, and leaves nothing."""
    stores = open_stores("memory", place)
    await stores.start()
    await stores.keep()
    await works(stores)
    await stores.close()

    assert is_empty(place)


async def test_an_address_opens(database: str, place: Path) -> None:
    """`postgresql://…` is used as it is; no file is written."""
    stores = open_stores(database, place)
    await stores.start()
    await stores.keep()
    await works(stores)
    await stores.close()

    assert is_empty(place)
    assert "postgresql" not in repr(stores)


async def test_embedded_opens(place: Path) -> None:
    """`embedded` starts a server below the directory, and ends it."""
    stores = open_stores("embedded", place)
    await stores.start()
    await works(stores)
    embedded = stores.embedded
    await stores.close()

    assert embedded is not None
    assert embedded.server.directory == place / "postgres"
    assert embedded.server.pid is None


async def test_sweeping_lets_old_evidence_go() -> None:
    """In the background, with the time of day as now: evidence of 1970 is old."""
    stores, tasks = open_stores("memory", Path("unused")), Tasks()
    await stores.evidence.add(increments(tallies=(tally(),)))
    tasks.start(stores.sweep(0.001), name="sweep")

    async def is_swept() -> bool:
        return not await stores.evidence.tallies(ROUTE, 1)

    await until(is_swept)
    await tasks.end()


async def test_sweeping_outlives_a_store_that_is_away(place: Path) -> None:
    """A store that does not answer is asked again later."""
    stores, tasks = open_stores("postgresql://u:p@127.0.0.1:1/x", place), Tasks()
    sweeping = tasks.start(stores.sweep(0.001), name="sweep")
    await asyncio.sleep(0.1)

    assert not sweeping.done()
    await tasks.end()
    await stores.close()
