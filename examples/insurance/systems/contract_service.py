"""The contract service: contracts, and which products there are.

    GET  /products                 the products and their base premiums; the plan service asks by this service's name
    GET, PUT /contracts/{number}   the partners' API
    OPTIONS /banyan/applies        it takes writes that were done before
    GET  /healthz                  where it is, and how many requests it has answered

It checks nobody: who calls is what Banyan says in `X-Partner`. Release 1 answers as it should and keeps a billing day
that not every month has; release 2 does not.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import asyncpg
from aiohttp import web

from examples.insurance.systems.contract_dates import end_of
from examples.insurance.systems.settings import SAW, Settings, settings
from examples.stage.released import serve_until_ended

VERSION = "X-App-Version"
_PRODUCTS = {"phone": 120, "bike": 90, "travel": 45}
_WRITE = (
    "INSERT INTO contract VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (number) DO UPDATE SET "
    "(product, holder, premium, revision, starts_on, ends_on, billing_day, written_at) = (EXCLUDED.product, "
    "EXCLUDED.holder, EXCLUDED.premium, EXCLUDED.revision, EXCLUDED.starts_on, EXCLUDED.ends_on, EXCLUDED.billing_day, "
    "now())"
)


class ContractService:
    """One process."""

    def __init__(self, where: Settings, store: Any) -> None:  # noqa: ANN401 -- asyncpg has no types
        """`store` is asyncpg's pool."""
        self._where = where
        self._store = store
        self._answered = 0

    def application(self) -> web.Application:
        """All of the above."""
        app = web.Application(middlewares=[self._signed_off])
        app.router.add_get("/products", self.products)
        app.router.add_get("/contracts/{number}", self.show)
        app.router.add_put("/contracts/{number}", self.write)
        app.router.add_options("/banyan/applies", self.applies)
        app.router.add_get("/healthz", self.healthz)
        return app

    @web.middleware
    async def _signed_off(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
        answer: web.StreamResponse = await handler(request)
        self._answered += request.path != "/healthz"
        answer.headers[VERSION] = str(self._where.release)
        if partner := request.headers.get("X-Partner", ""):
            answer.headers[SAW] = self._where.saw(partner)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    async def products(self, _: web.Request) -> web.Response:
        """`GET /products`."""
        return said_as_json(_PRODUCTS)

    async def show(self, request: web.Request) -> web.Response:
        """`GET /contracts/{number}`: the caller's own."""
        number, partner = request.match_info["number"], request.headers.get("X-Partner", "")
        row = await self._store.fetchrow("SELECT * FROM contract WHERE number = $1 AND partner = $2", number, partner)
        if row is None:
            return said_as_json({"message": "Not Found"}, 404)
        return said_as_json(
            {
                "number": number,
                "product": row["product"],
                "holder": row["holder"],
                "premium": int(row["premium"]),
                "revision": row["revision"],
                "starts_on": row["starts_on"].isoformat(),
                "ends_on": row["ends_on"].isoformat(),
            }
        )

    async def write(self, request: web.Request) -> web.Response:
        """`PUT /contracts/{number}`: the whole contract, so that twice is as once."""
        number, partner, sent = request.match_info["number"], request.headers.get("X-Partner", ""), await request.json()
        start = date.fromisoformat(sent["starts_on"])
        end = end_of(start, sent["months"])
        day = start.day if self._where.release < 2 else min(start.day, 28)
        values = number, partner, sent["product"], sent["holder"], sent["premium"], sent["revision"], start, end, day
        await self._store.execute(_WRITE, *values)
        return said_as_json({"number": number, "revision": sent["revision"], "ends_on": end.isoformat()})

    async def applies(self, _: web.Request) -> web.Response:
        """`OPTIONS /banyan/applies`: it tells nobody outside, and twice is as once."""
        return web.Response(headers={"X-Banyan-Replay": "accepted"})

    async def healthz(self, request: web.Request) -> web.Response:
        """`GET /healthz`."""
        address = request.transport.get_extra_info("sockname")[0] if request.transport else ""
        return said_as_json({"address": address, "answered": self._answered})


def said_as_json(said: object, status: int = 200) -> web.Response:
    """As the consumer back end writes it: no charset behind the type."""
    return web.Response(body=json.dumps(said).encode(), status=status, content_type="application/json")


async def serve(where: Settings) -> None:
    """Until SIGTERM."""
    async with asyncpg.create_pool(where.contract_store, min_size=1, max_size=12) as store:
        await serve_until_ended(ContractService(where, store).application())


if __name__ == "__main__":
    asyncio.run(serve(settings()))
