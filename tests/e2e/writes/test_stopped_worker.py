"""A worker that stands still between the word that a write is in the journal and its first byte."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide
from tests.e2e.program import Program
from tests.e2e.writes.conftest import AGREE
from tests.e2e.writes.test_stopped_control import put, two
from tests.waiting import until

STALE = "/accounts/2"
REFUSED = (
    'banyan_upstream_refused_total{route="accounts",side="new",reason="write_outdated"}',
    "banyan_step_answers_total",
)


async def test_a_write_that_was_done_without_its_worker_is_not_sent_by_it(server: Embedded, tmp_path: Path) -> None:
    """It waits for the one connection when its worker is stopped; the journal has it done, and a later one of its key.
    Once the worker goes on, its client gets 503, and the first side nothing.
    """
    async with two(server, tmp_path, f"{AGREE}, connections: 1") as ((stopped, other), _, first):
        first.go_on.clear()
        ahead = asyncio.ensure_future(put(stopped, 1, b"ahead"))
        await first.arrived.wait()
        stale = asyncio.ensure_future(put(stopped, 2, b"stale"))
        await until(lambda: _pending(stopped, 2))
        worker = stopped.child("worker-0")
        os.kill(worker, signal.SIGSTOP)
        try:
            first.go_on.set()
            await until(lambda: _heard(first) == [b"stale"])
            await until(lambda: _is_taken(other, b"later"))
        finally:
            os.kill(worker, signal.SIGCONT)

        assert await stale == (503, "1")
        assert (await ahead)[0] == 200
        await until(lambda: _refused(stopped))
        await until(lambda: _pending(stopped, 0))
        assert _heard(first) == [b"stale", b"later"]
        assert first.rows[STALE] == b"later"


async def _refused(banyan: Program) -> bool:
    """At the first byte; or before, by its age or wait, where the worker was stopped while the word was on its way."""
    return sum([await banyan.metric(each) for each in REFUSED]) == 1


def _heard(side: RecordingSide) -> list[bytes]:
    """What was written to that thing, but for what the other side had done before."""
    return [each.body for each in side.heard if each.path == STALE and not each.replay]


async def _pending(banyan: Program, number: int) -> bool:
    page: Any = await banyan.api("/api/journal?state=pending")
    return len(page["writes"]) == number


async def _is_taken(banyan: Program, body: bytes) -> bool:
    return (await put(banyan, 2, body))[0] == 200
