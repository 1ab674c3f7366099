"""The order API, with a store of its own.

    GET, PUT /orders/{number}   what a member has ordered for a week, in three contracts
    OPTIONS /banyan/applies     it takes writes that were done before
    GET  /healthz

It checks each token itself; a write that the other side has done comes out of Banyan's journal, from Banyan's own
address, without a token and with the member's number. It knows nothing of the hours in which the core system is
closed. Release 1 answers as it should and keeps lines that were taken out; release 2 does not.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from aiohttp import web

from examples.stage.released import serve_until_ended
from examples.todock.systems.member_api import refusal, said_as_json
from examples.todock.systems.order_contracts import Contract, Order, contract_of, read_order, said_order
from examples.todock.systems.settings import BANYAN_ADDRESS, GENERATION, SAW, VERSION, Settings, settings
from examples.todock.systems.token_check import RefusedTokenError, TokenCheck

_DELETE = "DELETE FROM order_line WHERE number = $1"
_INSERT = "INSERT INTO order_line (number, item, count, revision) VALUES ($1, $2, $3, $4)"


class OrderApi:
    """One process."""

    def __init__(self, where: Settings, store: Any, check: TokenCheck) -> None:  # noqa: ANN401 -- asyncpg has no types
        """`store` is asyncpg's pool."""
        self._where = where
        self._store = store
        self._check = check

    def application(self) -> web.Application:
        """All of the above."""
        app = web.Application(middlewares=[self._signed_off])
        app.router.add_get("/orders/{number}", self.show)
        app.router.add_put("/orders/{number}", self.write)
        app.router.add_options("/banyan/applies", self.applies)
        app.router.add_get("/healthz", self.healthz)
        return app

    @web.middleware
    async def _signed_off(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
        answer: web.StreamResponse
        try:
            answer = await handler(request)
        except RefusedTokenError as error:
            answer = refusal(error)
        answer.headers[VERSION] = str(self._where.release)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    async def show(self, request: web.Request) -> web.Response:
        """`GET /orders/{number}`: the caller's own."""
        number, member = await self._own(request)
        rows = await self._store.fetch("SELECT item, count, revision FROM order_line WHERE number = $1", number)
        if not member or not rows:
            return self._said(member, {"message": "not found"}, 404)
        order = Order(rows[0]["revision"], {row["item"]: row["count"] for row in rows})
        return self._said(member, said_order(_contract(request), number, order))

    async def write(self, request: web.Request) -> web.Response:
        """`PUT /orders/{number}`: the whole order, so that twice is as once."""
        number, member = await self._own(request)
        if not member:
            return self._said(member, {"message": "not found"}, 404)
        order = read_order(_contract(request), await request.read())
        counts = order.counts if self._where.release == 1 else order.kept
        lines = [(number, code, count, order.revision) for code, count in counts.items()]
        async with self._store.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", number)
            await connection.execute(_DELETE, number)
            await connection.executemany(_INSERT, lines)
        return self._said(member, said_order(_contract(request), number, order))

    async def _own(self, request: web.Request) -> tuple[str, str]:
        """The order's number, and its member's; of somebody else's order the latter is empty."""
        number = request.match_info["number"]
        if request.headers.get("X-Banyan-Replay") and request.remote == BANYAN_ADDRESS:
            member = request.headers.get("X-Member-Number", "")
        else:
            caller = await asyncio.to_thread(self._check.caller, request.headers.get("Authorization", ""))
            member = caller.number
        return number, member if number.partition("-")[0] == member else ""

    def _said(self, member: str, said: object, status: int = 200) -> web.Response:
        answer = said_as_json(said, status)
        if member:
            answer.headers[SAW] = self._where.saw(member)
        return answer

    async def applies(self, _: web.Request) -> web.Response:
        """`OPTIONS /banyan/applies`: it tells nobody outside, and twice is as once."""
        return web.Response(headers={"X-Banyan-Replay": "accepted"})

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`."""
        return said_as_json({"ok": True})


def _contract(request: web.Request) -> Contract:
    return contract_of(request.host, request.headers.get(GENERATION, ""))


async def serve(where: Settings) -> None:
    """Until SIGTERM."""
    async with asyncpg.create_pool(where.orders_store, min_size=1, max_size=12) as store:
        await serve_until_ended(OrderApi(where, store, TokenCheck(where.issuer)).application())


if __name__ == "__main__":
    asyncio.run(serve(settings()))
