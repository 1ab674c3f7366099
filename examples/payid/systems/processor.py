"""The card processor: the only one who has cards, behind both sides. What it is sent of a card stays in its memory.

POST /v1/customers/{account}/cards     a card of this customer; 402 when it is refused
GET  /v1/customers/{account}/cards     what anybody may know of them
GET  /counts                           how many cards it has
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections import defaultdict
from typing import Any

from aiohttp import web

from examples.payid.systems.card_rules import Card, RefusedCardError, read_card
from examples.payid.systems.settings import Settings, settings


class Processor:
    """One process, for both companies that may call it."""

    def __init__(self, where: Settings) -> None:
        self._key = "Basic " + base64.b64encode(f"{where.processor_key}:".encode()).decode()
        self._cards: defaultdict[str, dict[str, Card]] = defaultdict(dict)

    def application(self) -> web.Application:
        """All of the above."""
        app = web.Application(middlewares=[self._checked])
        app.router.add_post("/v1/customers/{account}/cards", self.add)
        app.router.add_get("/v1/customers/{account}/cards", self.list)
        app.router.add_get("/counts", self.counts)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401 -- aiohttp's
        if request.path.startswith("/v1/") and request.headers.get("Authorization") != self._key:
            return web.json_response({"error": "unauthorized"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def add(self, request: web.Request) -> web.Response:
        """`POST /v1/customers/{account}/cards`."""
        try:
            card = read_card(await request.json())
        except RefusedCardError as error:
            return web.json_response({"error": str(error)}, status=402)
        name = f"car_{secrets.token_hex(10)}"
        self._cards[request.match_info["account"]][name] = card
        return web.json_response({"id": name, **card.said}, status=201)

    async def list(self, request: web.Request) -> web.Response:
        """`GET /v1/customers/{account}/cards`."""
        cards = self._cards.get(request.match_info["account"], {})
        return web.json_response({"cards": [{"id": name, **card.said} for name, card in cards.items()]})

    async def counts(self, _: web.Request) -> web.Response:
        """`GET /counts`."""
        return web.json_response({"cards": sum(map(len, self._cards.values()))})


async def serve(where: Settings) -> None:
    """Until ended."""
    runner = web.AppRunner(Processor(where).application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", where.processor).start()
    print("listening", flush=True)  # noqa: T201 -- whoever started it waits for this
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(settings()))
