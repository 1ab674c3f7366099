"""A migration that is played for the captures of docs/operations.md: a shop, five routes, a hundred requests.

Rule 1: what is shown stands still: requests are sent one by one, and nothing is captured before all of it is known.
Rule 2: commands run as an operator runs them: processes of their own, at a terminal of `WIDTH` columns.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

from tests.e2e.program import Program, free_port, started, text_of
from tests.waiting import until

WIDTH = 100
ROOT = Path(__file__).parents[2]
TOKEN = {"BANYAN_ADMIN_TOKEN": "played"}
_STYLES = re.compile(r"\x1b\[[0-9;]*m")
ROUTES = """\
  - name: orders.show
    match: GET /orders/{id}
    stage: shadow
    ramp: { soak: 1h, needs: { compared: 500, capacity: false } }
    compare:
      ignore: [{ path: $.note, reason: free text, owner: team-orders, until: never }]
  - name: customers.show
    match: GET /customers/{id}
    stage: canary
    split: 25%
    cohort: path:id
    ramp: { steps: [25%, 50%] }
  - name: customers.account.show
    match: GET /account
    stage: shadow
    ramp: { soak: 1h, needs: { capacity: false } }
  - name: orders.search
    match: GET /orders
    stage: shadow
  - name: rest
    match: /**
    stage: legacy
"""
EDITED, EDIT = "routes.new.yaml", ("split: 25%", "split: 60%")
"""The file that `plan` is asked about, and what is edited in it."""
OPERATOR = "ann@desk"
"""Who gives orders in what is captured, whoever runs this."""
BEFORE: tuple[tuple[str, dict[str, object]], ...] = (
    ("epoch", {"reason": "customers were imported again"}),
    ("pin", {"cohort": "7", "side": "new", "seconds": 7200.0, "reason": "tries it first"}),
    ("drain", {"reason": "new is taken down at six"}),
    ("drain", {"reason": "new stays up", "off": True}),
)
"""Orders on `customers.show` that are given before anybody comes."""
ORDERS, ROUNDED, SEARCHES, ACCOUNTS, CUSTOMERS = 60, 6, 25, 12, 40
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One that has been played, and still runs."""

    banyan: Program

    async def shown(self, command: str) -> str:
        """What a command prints at a terminal, without its colours."""
        folder, words = self.banyan.file.parent, shlex.split(command)
        return await asyncio.to_thread(at_terminal, folder, ["-m", "proxy", *words[1:]])

    async def order(self, verb: str, said: dict[str, object]) -> None:
        """As the command of that name gives it, by the operator of what is captured."""
        url = f"{self.banyan.admin_url}/api/routes/customers.show/{verb}"
        headers = {"Authorization": f"Bearer {TOKEN['BANYAN_ADMIN_TOKEN']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(url, json={**said, "by": OPERATOR}) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def until(self, page: str, holds: Callable[[Any], bool]) -> None:
        """Wait until what the API says holds."""

        async def held() -> bool:
            return holds(await self.banyan.api(page))

        await until(held)


def at_terminal(folder: Path, arguments: list[str]) -> str:
    """Run Python with these arguments there, at a terminal of `WIDTH` columns; what it prints."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 200, WIDTH, 0, 0))
    environment = os.environ | TOKEN | {"PYTHONPATH": str(ROOT), "COLUMNS": str(WIDTH), "TERM": "xterm"}
    with subprocess.Popen([sys.executable, *arguments], cwd=folder, env=environment, stdout=inner, stderr=inner):
        os.close(inner)
        said = b"".join(_read(outer))
    os.close(outer)
    return _STYLES.sub("", said.decode()).replace("\r\n", "\n")


def _read(terminal: int) -> Iterator[bytes]:
    """Until whoever wrote there has ended, which Linux tells as an error."""
    with suppress(OSError):
        while piece := os.read(terminal, 65536):
            yield piece


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[Migration]:
    """The shop's two systems, Banyan before them, and all of its traffic; one route is on hold."""
    async with _listening(_legacy) as legacy, _listening(_new) as new:
        listen, admin = free_port(), free_port()
        text = text_of(ROUTES, listen=listen, admin=admin, legacy=legacy, new=new)
        (folder / "routes.yaml").write_text(text)
        async with started(folder, listen, admin, environment=TOKEN) as banyan:
            migration = Migration(banyan)
            await banyan.until_logged("comparer_started")
            for verb, said in BEFORE:
                await migration.order(verb, said)
            await _traffic(banyan)
            await _known(migration)
            await migration.order("hold", {"reason": "release week"})
            (folder / EDITED).write_text(text.replace(*EDIT))
            yield migration


async def _traffic(banyan: Program) -> None:
    paths = [
        *(f"/orders/{number}" for number in range(ORDERS)),
        *(f"/orders?page={number}" for number in range(SEARCHES)),
        *["/account"] * ACCOUNTS,
        *(f"/customers/{number}" for number in range(CUSTOMERS)),
    ]
    async with aiohttp.ClientSession(headers={"Cookie": "session=1", "X-User": "ann"}) as session:
        for path in paths:
            async with session.get(banyan.url + path, headers={"X-Request-Id": _id(path)}) as response:
                assert response.status == 200, await response.text()


def _id(path: str) -> str:
    """`order-30`: what the client calls a request."""
    return path.strip("/").replace("s/", "-").replace("/", "-")


async def _known(migration: Migration) -> None:
    """All comparisons are counted, it is known that the times are the present, and no traffic is left in the rates.

    At a canary a part is compared.
    """

    def counted(page: Any) -> bool:  # noqa: ANN401 JSON
        decided, waits = _parity(page, "orders.show")["compared"], _parity(page, "orders.search")["undecided"]
        turned_away = _parity(page, "customers.account.show")["incomparable"]
        a_part = _parity(page, "customers.show")["compared"] > 0
        is_quiet = a_part and not any(route["rate"]["legacy"] for route in page["routes"])
        return is_quiet and (decided, waits, turned_away) == (ORDERS - ROUNDED, SEARCHES, ACCOUNTS)

    await migration.until("/api/routes", counted)


def _parity(page: Any, name: str) -> dict[str, int]:  # noqa: ANN401 JSON
    found: dict[str, int] = next(route["parity"] for route in page["routes"] if route["name"] == name)
    return found


@asynccontextmanager
async def _listening(answer: Answering) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(answer, access_log=None))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _legacy(request: web.Request) -> web.StreamResponse:
    return _answered(request, total=12.5, note="paid by card", currency={"currency": "EUR"})


async def _new(request: web.Request) -> web.StreamResponse:
    """It forgets the currency of one order and rounds the total of every tenth, and its notes are its own."""
    currency = {} if request.path == "/orders/30" else {"currency": "EUR"}
    is_rounded = request.path.startswith("/orders/") and request.path.endswith("5")
    return _answered(request, total=13.0 if is_rounded else 12.5, note="card", currency=currency)


def _answered(request: web.Request, *, total: float, note: str, currency: dict[str, str]) -> web.StreamResponse:
    """An order with the time of the answer, a page with an id that nobody repeats, an account for who is logged in."""
    if request.path == "/account":
        known = "session" in request.cookies
        return web.json_response({"name": "Ann"} if known else {"error": "log in"}, status=200 if known else 401)
    if request.path.startswith("/customers/"):
        return web.json_response({"name": "Ann", "since": 2019})
    if request.path == "/orders":
        return web.json_response({"page": request.query["page"], "search_id": uuid4().hex})
    order = {"id": request.path, "items": [{"total": total, **currency}], "note": note}
    return web.json_response({**order, "served_at": datetime.now(UTC).isoformat()})


async def outputs(folder: Path, commands: Iterable[str]) -> dict[str, str]:
    """What each command prints after the migration, in order."""
    async with played(folder) as migration:
        return {command: await migration.shown(command) for command in commands}
