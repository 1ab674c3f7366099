"""A side that is away for long does not fill the database; what was mapped is kept for as long as it may be needed."""

from __future__ import annotations

from dataclasses import replace

from proxy.clerk.journal.backlog import JournalBacklog
from proxy.clerk.journal.known_ids import KnownIds
from proxy.core.journal.intent import StoredAnswer
from proxy.core.outcome import Side
from proxy.core.stage import Stage
from proxy.store.postgres.journal_outage import JournalOutage
from tests.clerk.journal.conftest import WRITES, Bench, put
from tests.control.tables import route


async def bounded(bench: Bench, max_undone: int = 100, max_undone_bytes: int = 10**6) -> JournalBacklog:
    writes = replace(WRITES, max_undone=max_undone, max_undone_bytes=max_undone_bytes)
    bench.routes["accounts"] = route("accounts", Stage.SHADOW, steps=(writes,))
    backlog = JournalBacklog(bench.journal, lambda: bench.routes, JournalOutage())
    bench.intents.is_full = backlog.is_full
    await backlog.look()
    return backlog


async def test_beyond_the_bound_no_write_is_begun(bench: Bench) -> None:
    """By number; and again when the other side has taken some. A route without a bound of its own is none."""
    backlog = await bounded(bench, max_undone=2)
    for number in range(2):
        await bench.write(put(f"{number}"))
    await backlog.look()
    assert await bench.intents.begin(put("7"), 5.0) == (
        "too many writes wait for the other side, which has to take some first"
    )
    assert await bench.intents.begin(replace(put("7"), route="other"), 5.0) == ""
    await bench.journal.drop(bench.intents.known[0])
    (entry, *_) = await bench.journal.take(1, 60.0)
    await bench.journal.done([entry.intent.id])
    await backlog.look()

    assert await bench.intents.begin(put("8"), 5.0) == ""


async def test_bytes_are_bounded_as_well(bench: Bench) -> None:
    """Those of requests and answers together."""
    backlog = await bounded(bench, max_undone_bytes=5000)
    await bench.write(put("7", body=b"x" * 1500))
    await backlog.look()
    assert not backlog.is_full("accounts")
    await bench.write(put("8"), StoredAnswer(status=200, content_type=b"", body=b"y" * 3000))
    await backlog.look()

    assert backlog.is_full("accounts")


async def test_names_are_kept_while_a_route_of_the_scope_writes(bench: Bench) -> None:
    """However old; a month after the last one has ended they go, few at once, and those of others stay."""
    known = KnownIds(bench.journal, lambda: bench.routes, JournalOutage())
    async with bench.journal._connections.connection() as connection:
        for scope in ("accounts", "ended"):
            for number in range(3):
                await connection.execute("INSERT INTO banyan.journal_id VALUES ($1, $2, $2)", scope, f"{number}")
        await connection.execute("INSERT INTO banyan.journal_scope VALUES ('ended', now() - interval '29 days')")
        await connection.execute("INSERT INTO banyan.journal_scope VALUES ('accounts', now() - interval '90 days')")
        assert await known.look() == 0
        await connection.execute(
            "UPDATE banyan.journal_scope SET seen = now() - interval '31 days' WHERE scope = 'ended'"
        )
    assert await bench.journal.prune_ids(30, 2) == 2
    assert await known.look() == 1

    assert await bench.journal.names("accounts", Side.LEGACY, ["0", "1", "2"]) == {"0": "0", "1": "1", "2": "2"}
    assert await bench.journal.names("ended", Side.LEGACY, ["0", "1", "2"]) == {}
