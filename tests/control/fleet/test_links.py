from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.control.fleet.links import Links
from proxy.control.traffic.ledger import Ledger, Series
from proxy.link.messages import MAX_FRAME, Table, frame
from tests.control.conftest import listening_unix, table_of
from tests.control.tables import crm, route, snapshot
from tests.control.worker import delta, start_worker


async def test_a_new_worker_gets_the_current_table(links: Links, link_path: Path) -> None:
    """A worker that links is given what runs, unasked, also after a reload."""
    early = await start_worker(link_path)

    assert (await early.table()).revision == "r1"

    links.push(table_of(crm("r2")))
    late = await start_worker(link_path, 1, 101)

    assert (await late.table()).revision == "r2"
    assert [each.name for each in late.tables[0].routes] == [each.name for each in crm().routes]
    assert (await early.table()).revision == "r2"


async def test_a_pushed_table_is_answered_with_the_new_revision(links: Links, link_path: Path) -> None:
    """After a push each worker says at once what it serves, so that readiness does not wait for a report's second."""
    worker = await start_worker(link_path)
    await worker.table()
    links.push(table_of(crm("r2")))
    await worker.table()
    await links.refresh()

    assert [each.revision for each in links.ledger.counts().workers] == ["r2"]


async def test_refresh_brings_what_all_workers_have_counted(links: Links, link_path: Path, ledger: Ledger) -> None:
    """After a refresh the ledger holds the increments of every worker, up to the moment of the question."""
    workers = [await start_worker(link_path, number, 100 + number) for number in range(3)]
    for worker in workers:
        await worker.table()
        worker.count(delta("rest", "legacy", ok=5))
    await links.refresh(within=10)

    assert ledger.served(Series("rest", "legacy")) == 15


async def test_refresh_without_workers_returns(links: Links) -> None:
    """With nobody linked there is nothing to wait for."""
    await links.refresh(within=3600)

    assert links.ledger.counts().workers == ()


async def test_a_silent_worker_does_not_hold_up_the_others(links: Links, link_path: Path, ledger: Ledger) -> None:
    """A stopped worker costs a refresh its timeout; the others' counts are in, and the next refresh works as well."""
    stopped, busy = await start_worker(link_path, 0, 100), await start_worker(link_path, 1, 101)
    await stopped.table()
    await busy.table()
    stopped.mute = True
    for served in (1, 2):
        busy.count(delta("rest", "legacy", ok=1))
        await links.refresh(within=0.05)

        assert ledger.served(Series("rest", "legacy")) == served


async def test_a_late_answer_is_still_counted(links: Links, link_path: Path, ledger: Ledger) -> None:
    """What a worker reports after a refresh has given up is folded all the same."""
    worker = await start_worker(link_path)
    await worker.table()
    worker.mute = True
    worker.count(delta("rest", "legacy", ok=1))
    await links.refresh(within=0.01)
    worker.report(poll=1)
    worker.mute = False
    await links.refresh(within=10)

    assert ledger.served(Series("rest", "legacy")) == 1


async def test_a_worker_that_dies_during_a_refresh_ends_the_wait(links: Links, link_path: Path) -> None:
    """A refresh does not wait for the answer of a link that is gone."""
    worker = await start_worker(link_path)
    await worker.table()
    worker.mute = True
    _, _ = await asyncio.gather(links.refresh(within=3600), worker.die())

    assert links.ledger.counts().workers == ()


async def test_a_worker_that_links_anew_keeps_its_state(links: Links, link_path: Path) -> None:
    """When the old link of a worker ends after its new one has begun, the worker still counts."""
    old, new = await start_worker(link_path), await start_worker(link_path)
    await old.table()
    await new.table()
    await links.refresh(within=10)
    await old.die()
    await links.refresh(within=10)

    assert [worker.pid for worker in links.ledger.counts().workers] == [100]


def big(revision: str) -> Table:
    """A table that no socket's buffer holds."""
    return Table(revision, bytes(8 * 1024 * 1024))


async def test_a_worker_that_does_not_read_loses_its_link(links: Links, link_path: Path, ledger: Ledger) -> None:
    """Control holds at most one table for a worker: at the next the link ends, and a new link gets the newest table."""
    worker = await start_worker(link_path)
    await worker.table()
    await links.refresh(within=10)
    worker.transport.pause_reading()
    links.push(big("r2"))
    await links.refresh(within=3600)  # not asked, as it would not read the question

    assert [each.revision for each in ledger.counts().workers] == ["r1"]

    links.push(big("r3"))
    links.push(table_of(crm("r4")))
    again = await start_worker(link_path)

    assert (await again.table()).revision == "r4"

    await worker.die()
    await links.refresh(within=10)

    assert [each.revision for each in ledger.counts().workers] == ["r4"]


@pytest.mark.parametrize(
    "sent",
    [(MAX_FRAME + 1).to_bytes(4, "big"), frame(table_of(crm())), b"\x00\x00\x00\x01\xc1"],
    ids=["too long", "not a report", "not MessagePack"],
)
async def test_nonsense_ends_the_link_only(links: Links, link_path: Path, sent: bytes) -> None:
    """A peer that does not speak the protocol is cut off; other workers go on."""
    good, bad = await start_worker(link_path, 0, 100), await start_worker(link_path, 1, 101)
    await good.table()
    bad.transport.write(sent)
    await bad.gone.wait()
    links.push(table_of(crm("r2")))

    assert (await good.table()).revision == "r2"


async def test_a_large_table_arrives_whole(ledger: Ledger, link_path: Path) -> None:
    """A table of thousands of routes goes through the link in many pieces and is the same at the other end."""
    table = snapshot(*(route(f"r{number}") for number in range(5000)))
    links = Links(ledger, table_of(table))
    await links.serve(listening_unix(link_path))
    worker = await start_worker(link_path)

    assert (await worker.table()).routes == table.routes

    await links.close()


async def test_closing_ends_links_and_leaves_the_socket_file(ledger: Ledger, link_path: Path) -> None:
    """When control ends, workers notice at once; the path stays, as the next control process listens on it too."""
    links = Links(ledger, table_of(crm()))
    await links.serve(listening_unix(link_path))
    worker = await start_worker(link_path)
    await worker.table()
    await links.close()
    await worker.gone.wait()

    assert link_path.is_socket()  # noqa: ASYNC240 one look
