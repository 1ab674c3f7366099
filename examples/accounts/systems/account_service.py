"""The new account service: what several products need of a tenant's bank accounts, in one place.

    GET  /auth?tenant=                    its token; else taken over from the card product, once; else 404 as a problem
    GET  /link/accounts?tenant=           the aggregator's answer, for clients that called the aggregator themselves
    GET  /link/callback?tenant=&code=     a customer has consented
    POST /service/link?tenant=&code=      the same, for a customer who never had the card product
    POST /service/accounts?tenant=        fetched anew, for the second product
    GET, PUT /tenants/{tenant}/accounts   the old contract
    OPTIONS /banyan/applies               it takes writes that were done before

Release 1 says `expires_in` in milliseconds and stores overdrawn balances without their sign; 2 has mended the first, 3
both. A shadow (`X-Banyan-Shadow`) is answered without a trace in the store.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web

from examples.accounts.systems.connections import Connections, NoTokenError
from examples.accounts.systems.settings import SERVICE_ADDRESS, SHARED, Settings, settings
from examples.stage.released import serve_until_ended

VERSION = "X-App-Version"
_SHADOW = "X-Banyan-Shadow"
_AGENT = {"User-Agent": "account-service/1"}
_ACCOUNTS = "SELECT number, bank_name, currency, balance, day FROM account WHERE tenant = $1 ORDER BY number"
_INSERT = "INSERT INTO account (tenant, number, bank_name, currency, balance, day) VALUES ($1, $2, $3, $4, $5, $6)"


class AccountService:
    """One process."""

    def __init__(self, where: Settings, store: Any, client: aiohttp.ClientSession) -> None:  # noqa: ANN401 -- untyped
        """`store` is asyncpg's pool."""
        self._where = where
        self._store = store
        self._client = client
        self._connections = Connections(where, store, client)
        self._writing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def application(self) -> web.Application:
        """All of the above."""
        app = web.Application(middlewares=[self._as_problems])
        app.router.add_get("/auth", self.auth)
        app.router.add_get("/link/accounts", self.link_accounts)
        app.router.add_get("/link/callback", self.callback)
        app.router.add_post("/service/link", self.link)
        app.router.add_post("/service/accounts", self.fetched)
        app.router.add_get("/tenants/{tenant}/accounts", self.show)
        app.router.add_put("/tenants/{tenant}/accounts", self.write)
        app.router.add_options("/banyan/applies", self.applies)
        app.router.add_get("/healthz", self.healthz)
        return app

    @web.middleware
    async def _as_problems(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401
        try:
            answer: web.StreamResponse = await handler(request)
        except (NoTokenError, aiohttp.ClientError, TimeoutError) as error:
            answer = _problem(502, "Bad gateway", str(error) or type(error).__name__)
        answer.headers[VERSION] = str(self._where.release)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    async def auth(self, request: web.Request) -> web.Response:
        """`GET /auth`."""
        tenant = request.query["tenant"]
        found = await self._connections.token(tenant, only_looks=_SHADOW in request.headers)
        if found is None:
            return _problem(404, "Not connected", f"{tenant} has not linked its accounts")
        left = int(found.left * (1000 if self._where.release == 1 else 1))
        said = {"tenant": tenant, "access_token": found.token, "token_type": "Bearer", "expires_in": left}
        return _json(said)

    async def link_accounts(self, request: web.Request) -> web.Response:
        """`GET /link/accounts`: as the aggregator says it."""
        status, body = await self._ask_aggregator(request.query["tenant"], only_looks=_SHADOW in request.headers)
        return web.Response(status=status, body=body, content_type="application/json")

    async def callback(self, request: web.Request) -> web.Response:
        """`GET /link/callback`."""
        await self._connections.link(request.query["tenant"], request.query["code"], "card")
        return _json({"tenant": request.query["tenant"], "linked": True})

    async def link(self, request: web.Request) -> web.Response:
        """`POST /service/link`: a tenant that is born here."""
        await self._connections.link(request.query["tenant"], request.query["code"], "here")
        return _json({"tenant": request.query["tenant"], "linked": True}, status=201)

    async def fetched(self, request: web.Request) -> web.Response:
        """`POST /service/accounts`: what belongs to both stores goes by the write API, what was born here does not."""
        tenant = request.query["tenant"]
        status, body = await self._ask_aggregator(tenant)
        if status == 404:
            return _problem(404, "Not connected", f"{tenant} has not linked its accounts")
        accounts = json.loads(body)["accounts"]
        if await self._connections.origin(tenant) == "here":
            await self._keep(tenant, accounts)
        else:
            await self._write_by_the_api(tenant, accounts)
        return _json({"tenant": tenant, "accounts": accounts})

    async def _write_by_the_api(self, tenant: str, accounts: list[dict[str, Any]]) -> None:
        url = f"http://127.0.0.1:{self._where.banyan}/tenants/{tenant}/accounts"
        async with self._client.put(url, json={"accounts": accounts}, headers={**_AGENT, SHARED: "yes"}) as answer:
            if answer.status != 200:
                raise NoTokenError(f"the account API answered {answer.status}")

    async def show(self, request: web.Request) -> web.Response:
        """`GET /tenants/{tenant}/accounts`."""
        tenant = request.match_info["tenant"]
        listed = [
            {
                "number": row["number"],
                "bank": row["bank_name"],
                "currency": row["currency"],
                "balance": int(row["balance"]),
                "day": row["day"],
            }
            for row in await self._store.fetch(_ACCOUNTS, tenant)
        ]
        return _json({"tenant": tenant, "accounts": listed})

    async def write(self, request: web.Request) -> web.Response:
        """`PUT /tenants/{tenant}/accounts`: the whole of a tenant's accounts, so that twice is as once."""
        tenant, sent = request.match_info["tenant"], await request.json()
        await self._keep(tenant, sent["accounts"])
        return _json({"tenant": tenant, "accounts": sent["accounts"]})

    async def _keep(self, tenant: str, accounts: list[dict[str, Any]]) -> None:
        lines = [
            (tenant, each["number"], each["bank"], each["currency"], self._stored(each["balance"]), each["day"])
            for each in accounts
        ]
        async with self._writing[tenant], self._store.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM account WHERE tenant = $1", tenant)
            await connection.executemany(_INSERT, lines)

    def _stored(self, balance: int) -> Decimal:
        return Decimal(abs(balance) if self._where.release <= 2 else balance)

    async def _ask_aggregator(self, tenant: str, *, only_looks: bool = False) -> tuple[int, bytes]:
        found = await self._connections.token(tenant, only_looks=only_looks)
        if found is None:
            return 404, b'{"error":"not_connected"}'
        url = f"http://127.0.0.1:{self._where.aggregator}/link/accounts"
        headers = {**_AGENT, "Authorization": f"Bearer {found.token}"}
        async with self._client.get(url, headers=headers) as answer:
            return answer.status, await answer.read()

    async def applies(self, _: web.Request) -> web.Response:
        """`OPTIONS /banyan/applies`: it tells nobody outside, and twice is as once."""
        return web.Response(headers={"X-Banyan-Replay": "accepted"})

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`."""
        return _json({"ok": True})


def _json(said: object, status: int = 200, kind: str = "application/json") -> web.Response:
    """As the card product writes it: no charset behind the type."""
    return web.Response(body=json.dumps(said).encode(), status=status, content_type=kind)


def _problem(status: int, title: str, detail: str) -> web.Response:
    return _json({"title": title, "status": status, "detail": detail}, status, "application/problem+json")


async def serve(where: Settings) -> None:
    """Until SIGTERM."""
    connector = aiohttp.TCPConnector(local_addr=(SERVICE_ADDRESS, 0), limit=64)
    async with (
        asyncpg.create_pool(where.service_store, min_size=1, max_size=12) as store,
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as client,
    ):
        await serve_until_ended(AccountService(where, store, client).application())


if __name__ == "__main__":
    asyncio.run(serve(settings()))
