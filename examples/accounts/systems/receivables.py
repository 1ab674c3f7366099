"""The second product: invoices are matched with what came in, for which it needs the tenant's bank accounts.

GET /ledger?tenant=             token and accounts from the aggregator itself, as its first release did
GET /ledger?tenant=&by=service  accounts from the account service
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

import aiohttp
from aiohttp import web

from examples.accounts.systems.settings import RECEIVABLES_ADDRESS, Settings, settings

_AGENT = {"User-Agent": "receivables/1"}


class Receivables:
    """One process."""

    def __init__(self, where: Settings, client: aiohttp.ClientSession) -> None:
        """Everything but the aggregator is asked by Banyan's address."""
        self._banyan = f"http://127.0.0.1:{where.banyan}"
        self._aggregator = f"http://127.0.0.1:{where.aggregator}"
        self._client = client

    async def ledger(self, request: web.Request) -> web.Response:
        """`GET /ledger`: what is on the tenant's accounts."""
        tenant = request.query["tenant"]
        by_itself = request.query.get("by") != "service"
        status, said = await (self._from_aggregator(tenant) if by_itself else self._from_service(tenant))
        if status != 200:
            return web.json_response(said, status=status)
        total = sum(each["balance"] for each in said["accounts"])
        return web.json_response({"tenant": tenant, "accounts": said["accounts"], "total": total})

    async def _from_aggregator(self, tenant: str) -> tuple[int, Any]:
        async with self._client.get(f"{self._banyan}/auth?tenant={tenant}", headers=_AGENT) as answer:
            said = await answer.json(content_type=None)
            if answer.status != 200:
                return answer.status, said
        headers = {**_AGENT, "Authorization": f"Bearer {said['access_token']}"}
        async with self._client.get(f"{self._aggregator}/link/accounts", headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def _from_service(self, tenant: str) -> tuple[int, Any]:
        async with self._client.post(f"{self._banyan}/service/accounts?tenant={tenant}", headers=_AGENT) as answer:
            return answer.status, await answer.json(content_type=None)


async def serve(where: Settings) -> None:
    """Until SIGTERM."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(local_addr=(RECEIVABLES_ADDRESS, 0), limit=64)
        client = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))
        )
        app = web.Application()
        app.router.add_get("/ledger", Receivables(where, client).ledger)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", where.receivables).start()
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(settings()))
