"""The demo's clients: many sales offices that look up, search, book and change their customers, all the time.

Rule 1: an office's requests come one after another, so what it wrote before must be there when it reads.
"""

from __future__ import annotations

import asyncio
import time
from itertools import count

import aiohttp

from proxy.core.outcome import Side
from proxy.demo.asks import Ask, Record, Written, visit
from proxy.demo.notebook import Notebook, NotedExchange
from proxy.demo.seed import OFFICES, office_name

CLIENTS = 10
BUSY = 320.0
"""Requests per second of all clients together: enough to measure a share in seconds, little for a small machine."""
QUIET = 120.0
"""The same, once the story has been told."""
_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
_SIDES = {"legacy-rails": Side.LEGACY, "crm": Side.NEW}


class DemoTraffic:
    """All clients; `run` goes on until it is cancelled. `rate` may be changed while it does."""

    def __init__(self, url: str) -> None:
        """`url` is where Banyan listens; what clients see goes to `notebook`."""
        self.rate = BUSY
        self._url = url
        self.notebook = Notebook()
        self._written = Written()
        self._turns = asyncio.Semaphore(CLIENTS)

    async def run(self) -> None:
        """Every client goes through its own offices, round after round."""
        async with self._session() as session:
            await asyncio.gather(*(self._client(session, first) for first in range(1, CLIENTS + 1)))

    async def pause(self) -> None:
        """Ask nothing more; returns when the last answer is there."""
        for _ in range(CLIENTS):
            await self._turns.acquire()

    def resume(self) -> None:
        """Go on asking, after a pause."""
        for _ in range(CLIENTS):
            self._turns.release()

    async def read_all_back(self) -> int:
        """Read every customer that was written once more; how many there are. Faults go to the notebook."""
        asks = self._written.show_all()
        async with self._session() as session:
            await asyncio.gather(*(self._read(session, asks[first::CLIENTS]) for first in range(CLIENTS)))
        return len(asks)

    async def _read(self, session: aiohttp.ClientSession, asks: list[tuple[str, Ask]]) -> None:
        for office, ask in asks:
            await self._send(session, office, ask)

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self._url, timeout=_TIMEOUT, connector=aiohttp.TCPConnector(limit=CLIENTS))

    async def _client(self, session: aiohttp.ClientSession, first: int) -> None:
        due = time.monotonic() + first / self.rate
        for round_ in count():
            for number in range(first, OFFICES + 1, CLIENTS):
                for ask in visit(number, round_ + number // CLIENTS, self._written):
                    due = max(due + CLIENTS / self.rate, time.monotonic())
                    await asyncio.sleep(due - time.monotonic())
                    async with self._turns:
                        await self._send(session, office_name(number), ask)

    async def _send(self, session: aiohttp.ClientSession, office: str, ask: Ask) -> None:
        """Send, look at the answer, note it, and remember what was written."""
        started = time.monotonic()
        side, record, fault = await _exchange(session, office, ask)
        now = time.monotonic()
        fault = fault or ask.fault_in(record)
        self.notebook.note(
            NotedExchange(route=ask.route, office=office, at=now, seconds=now - started, side=side, fault=fault)
        )
        number = record.get("id")
        if ask.body is not None and not fault and isinstance(number, int):
            self._written.keep(office, number, ask.body)


async def _exchange(session: aiohttp.ClientSession, office: str, ask: Ask) -> tuple[Side | None, Record, str]:
    """Who answered, the JSON, and what failed before it could be read."""
    asked = f"{ask.method} {ask.path}"
    try:
        async with session.request(ask.method, ask.path, json=ask.body, headers={"X-Tenant-Id": office}) as response:
            side = _SIDES.get(response.headers.get("Server", ""))
            if response.status != ask.status:
                return side, {}, f"{asked} answered {response.status}, expected {ask.status}"
            return side, await response.json(), "" if side else f"{asked} was answered by nobody we know"
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return None, {}, f"{asked} failed: {str(error) or type(error).__name__}"
