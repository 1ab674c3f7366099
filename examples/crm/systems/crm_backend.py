"""The CRM back end on Cloud Run: the customer service's API once more, over the same database.

    GET  /customers?kana=|phone=&page=             from the read replica, by its address
    POST /customers                                with X-Banyan-Dry-Run as if: all of it, and rolled back
    GET, PATCH /customers/{id}
    GET, POST  /customers/{id}/appointments
    GET, POST  /customers/{id}/items
    DELETE     /customers/{id}/items/{item}
    OPTIONS /banyan/dry-run                        it takes dry runs
    GET  /readyz                                   whether its databases can be opened, and why not

Release 1 takes the times of next calls for Tokyo's. Release 2 answers as it should, and writes rows otherwise: whoever
is saved as he was becomes a new version, items are deleted for good, and some kinds of appointments get a number of its
own counting. Release 3 does none of this.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web
from joserfc.jwk import RSAKey

from examples.crm.systems import customer_rows
from examples.crm.systems.cloud_run import front_end
from examples.crm.systems.cloud_sql import CloudSql
from examples.crm.systems.customer_json import appointment, customer, item, listed
from examples.crm.systems.customer_rows import NoSuchError, StaleError
from examples.crm.systems.projects import Projects
from examples.crm.systems.settings import Settings, settings
from examples.stage.released import serve_until_ended

VERSION = "X-App-Version"
DRY_RUN = "X-Banyan-Dry-Run"
_PAGE = 20
_OPENED = 12


class NotReadyError(Exception):
    """Its databases cannot be opened; the message says why."""


class CrmBackend:
    """One process."""

    def __init__(self, where: Settings, sql: CloudSql, stack: AsyncExitStack) -> None:
        """`stack` closes the databases, which are opened when they may be."""
        self._where = where
        self._sql = sql
        self._stack = stack
        self._opening = asyncio.Lock()
        self._primary: Any = None
        self._replica: Any = None

    def application(self, *fronts: Any) -> web.Application:  # noqa: ANN401 -- aiohttp's middlewares
        """All of the above, behind these middlewares."""
        app = web.Application(middlewares=[*fronts, self._signed_off])
        routes = app.router
        routes.add_get("/customers", self.search)
        routes.add_post("/customers", self.create)
        routes.add_get("/customers/{id}", self.show)
        routes.add_patch("/customers/{id}", self.change)
        routes.add_get("/customers/{id}/appointments", self.appointments)
        routes.add_post("/customers/{id}/appointments", self.book)
        routes.add_get("/customers/{id}/items", self.items)
        routes.add_post("/customers/{id}/items", self.add)
        routes.add_delete("/customers/{id}/items/{item}", self.discard)
        routes.add_options("/banyan/dry-run", self.takes_dry_runs)
        routes.add_get("/readyz", self.readyz)
        return app

    @web.middleware
    async def _signed_off(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if request.path.startswith("/customers"):
                await self._open()
            answer = await handler(request)
        except NoSuchError:
            answer = said({"error": "not found"}, 404)
        except StaleError:
            answer = said({"error": "stale"}, 409)
        except NotReadyError as error:
            answer = web.Response(text=str(error), status=503)
        answer.headers[VERSION] = str(self._where.release)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    async def _open(self) -> None:
        """NotReadyError while it may not: what a connector says, which names what is missing."""
        if self._primary is not None:
            return
        async with self._opening:
            if refused := await self._sql.refusal():
                raise NotReadyError(refused)
            if self._primary is None:
                self._replica = await self._opened(self._where.replica)
                self._primary = await self._opened(self._where.crm_primary)

    async def _opened(self, address: str) -> Any:  # noqa: ANN401 -- asyncpg has no types
        pool = asyncpg.create_pool(address, min_size=1, max_size=_OPENED)
        return await self._stack.enter_async_context(pool)

    # -- customers ----------------------------------------------------------------------------------------------------

    async def search(self, request: web.Request) -> web.Response:
        """`GET /customers`."""
        query = request.query
        skipped = (int(query.get("page", "1")) - 1) * _PAGE
        found = await customer_rows.search(self._replica, query.get("kana", ""), query.get("phone", ""), _PAGE, skipped)
        total = found[0]["total"] if found else 0
        return said({"customers": list(map(listed, found)), "total": total})

    async def show(self, request: web.Request) -> web.Response:
        """`GET /customers/{id}`."""
        row = await customer_rows.find(self._primary, number_of(request))
        return said(customer(row, self._where.release))

    async def create(self, request: web.Request) -> web.Response:
        """`POST /customers`."""
        sent, is_dry = await request.json(), DRY_RUN in request.headers
        async with self._primary.acquire() as connection:
            made = connection.transaction()
            await made.start()
            try:
                row = await customer_rows.create(connection, sent)
            finally:
                await (made.rollback() if is_dry else made.commit())
        answer = said(customer(row, self._where.release), 201)
        if is_dry:
            answer.headers[DRY_RUN] = "accepted"
        return answer

    async def change(self, request: web.Request) -> web.Response:
        """`PATCH /customers/{id}`."""
        number, sent = number_of(request), await request.json()
        async with self._primary.acquire() as connection, connection.transaction():
            await customer_rows.change(connection, number, sent, always=self._where.release < 3)
        return said({"id": number})

    # -- what belongs to them -----------------------------------------------------------------------------------------

    async def appointments(self, request: web.Request) -> web.Response:
        """`GET /customers/{id}/appointments`."""
        found = await customer_rows.appointments(self._primary, number_of(request))
        return said({"appointments": list(map(appointment, found))})

    async def book(self, request: web.Request) -> web.Response:
        """`POST /customers/{id}/appointments`."""
        number, sent = number_of(request), await request.json()
        async with self._primary.acquire() as connection, connection.transaction():
            row = await customer_rows.book(connection, number, sent, counts_itself=self._where.release < 3)
        return said({**appointment(row), "kind": sent["kind"]}, 201)

    async def items(self, request: web.Request) -> web.Response:
        """`GET /customers/{id}/items`."""
        found = await customer_rows.items(self._primary, number_of(request))
        return said({"items": list(map(item, found))})

    async def add(self, request: web.Request) -> web.Response:
        """`POST /customers/{id}/items`."""
        row = await customer_rows.add(self._primary, number_of(request), await request.json())
        return said(item(row), 201)

    async def discard(self, request: web.Request) -> web.Response:
        """`DELETE /customers/{id}/items/{item}`."""
        number, parent = int(request.match_info["item"]), number_of(request)
        await customer_rows.discard(self._primary, number, parent, for_good=self._where.release < 3)
        return said({"id": number})

    # -- of itself ----------------------------------------------------------------------------------------------------

    async def takes_dry_runs(self, _: web.Request) -> web.Response:
        """`OPTIONS /banyan/dry-run`."""
        return web.Response(headers={DRY_RUN: "accepted"})

    async def readyz(self, _: web.Request) -> web.Response:
        """`GET /readyz`."""
        if refused := await self._sql.refusal():
            raise NotReadyError(refused)
        await self._open()
        return web.Response(text="ready")


def number_of(request: web.Request) -> int:
    """The customer's."""
    return int(request.match_info["id"])


def said(body: object, status: int = 200) -> web.Response:
    """As the customer service writes it: no charset behind the type."""
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")


async def serve(where: Settings) -> None:
    """Until SIGTERM."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)))
        google = f"http://127.0.0.1:{where.cloud}" if where.projects else ""
        backend = CrmBackend(where, CloudSql(google, client), stack)
        fronts = []
        if where.projects:
            projects = Projects(Path(where.projects))
            key = RSAKey.import_key(json.loads(projects.file.with_name("google-public.json").read_text("ascii")))
            fronts.append(front_end(projects, key))
        await serve_until_ended(backend.application(*fronts))


if __name__ == "__main__":
    asyncio.run(serve(settings()))
