"""`python -m holds.state.ledger PORT FILE SEED`: a side that keeps each write that it does, and what it mailed.

Rule 1: what it answered is in the file, whatever kills it. Its log has each write that it did, in order.
Rule 2: it sends mail for each write once, but for those marked as done before: for these never, once it has agreed.
        Before that it is of an older version, which knows no mark.
Rule 3: a marked write is done once for each Idempotency-Key. A write is known by `n` of the query.
Rule 4: `POST /-/arm?step=` answers when the next write has come to that step, which then waits for `LINGERS` seconds.
Rule 5: some of the marked writes are answered with 503 the first time, so that an order that nobody keeps is lost.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from enum import StrEnum
from pathlib import Path

from aiohttp import web

LINGERS = 0.3
REFUSED_OF = 10
"""One in so many marked writes is refused the first time."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS done (at INTEGER PRIMARY KEY, thing TEXT, method TEXT, n INTEGER, key TEXT, replay INTEGER);
CREATE TABLE IF NOT EXISTS mail (n INTEGER, key TEXT);
"""
DONE = "INSERT INTO done (thing, method, n, key, replay) VALUES (?, ?, ?, ?, ?)"
KNOWN = "SELECT 1 FROM done WHERE key = ?"


class Step(StrEnum):
    """Where a write may be met."""

    RECEIVED = "received"
    EXECUTED = "executed"


def opened(file: Path) -> sqlite3.Connection:
    """The file, which may be read while the side runs."""
    made = sqlite3.connect(file, isolation_level=None, timeout=30.0)
    made.execute("PRAGMA journal_mode = WAL")
    made.executescript(SCHEMA)
    return made


class Ledger:
    """One side."""

    def __init__(self, file: Path, seed: int) -> None:
        self._kept = opened(file)
        self._agrees = file.with_suffix(".agrees")
        self._seed = seed
        self._refused: set[str] = set()
        self._armed: dict[Step, asyncio.Future[None]] = {}

    async def arm(self, request: web.Request) -> web.Response:
        """Rule 4."""
        step = Step(request.query["step"])
        reached = self._armed[step] = asyncio.get_running_loop().create_future()
        await reached
        return web.Response()

    async def applies(self, request: web.Request) -> web.Response:
        """Whether it takes marked writes."""
        agrees = self._agrees.exists() and request.headers.get("X-Banyan-Replay") == "1"
        return web.Response(headers={"X-Banyan-Replay": "accepted"} if agrees else {})

    async def write(self, request: web.Request) -> web.Response:
        """Do it."""
        key, n = request.headers["Idempotency-Key"], int(request.query["n"])
        replay = self._agrees.exists() and "X-Banyan-Replay" in request.headers
        await self._pass(Step.RECEIVED)
        if replay and n % REFUSED_OF == self._seed % REFUSED_OF and key not in self._refused:
            self._refused.add(key)
            return web.Response(status=503)
        known = self._kept.execute(KNOWN, (key,)).fetchone() is not None
        if not (replay and known):
            self._kept.execute("BEGIN")
            self._kept.execute(DONE, (request.match_info["thing"], request.method, n, key, int(replay)))
            if not replay and not known:
                self._kept.execute("INSERT INTO mail VALUES (?, ?)", (n, key))
            self._kept.execute("COMMIT")
        await self._pass(Step.EXECUTED)
        return web.Response(text="{}", content_type="application/json")

    async def _pass(self, step: Step) -> None:
        reached = self._armed.pop(step, None)
        if reached is not None and not reached.done():
            reached.set_result(None)
            await asyncio.sleep(LINGERS)


def main(port: int, file: Path, seed: int) -> None:
    """Until killed."""
    ledger = Ledger(file, seed)
    application = web.Application()
    application.router.add_post("/-/arm", ledger.arm)
    application.router.add_route("OPTIONS", "/-/applies", ledger.applies)
    application.router.add_route("*", "/things/{thing}", ledger.write)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
