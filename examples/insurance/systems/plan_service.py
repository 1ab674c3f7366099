"""The plan proposal service.

    GET /plans/proposals?product=&age=&months=&sum=   what a plan costs; the products are asked of the contract service
    GET /healthz

Who calls is what Banyan says in `X-Caller`, a token that Banyan signs: its keys are on Banyan's admin port. Without
that token nobody has said who calls, and nobody is asked, as on a developer's own machine. Release 1 takes whoever is
just 30, 40 or 50 for younger; release 2 does not.
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

import aiohttp
from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from examples.insurance.systems.contract_service import VERSION, said_as_json
from examples.insurance.systems.settings import GATEWAY, SAW, Settings, settings
from examples.stage.released import serve_until_ended

_KEYS_FOR = 60.0
"""Seconds for which Banyan's keys are kept."""
_FACTORS = ((30, "1"), (40, "1.15"), (50, "1.4"), (200, "1.8"))


class UntrustedCallerError(Exception):
    """A token that Banyan has not made, or not for us, or that has ended."""


class PlanService:
    """One process."""

    def __init__(self, where: Settings, client: aiohttp.ClientSession) -> None:
        """`client` calls the contract service, and fetches Banyan's keys."""
        self._where = where
        self._client = client
        self._keys: KeySet | None = None
        self._keys_until = 0.0

    def application(self) -> web.Application:
        """Both of the above."""
        app = web.Application()
        app.router.add_get("/plans/proposals", self.propose)
        app.router.add_get("/healthz", self.healthz)
        return app

    async def propose(self, request: web.Request) -> web.Response:
        """`GET /plans/proposals`."""
        try:
            caller = await self._caller(request.headers.get("X-Caller", ""))
        except (JoseError, ValueError, UntrustedCallerError) as error:
            return self._signed_off(said_as_json({"message": str(error)}, 401), "")
        query = {name: request.query[name] for name in ("product", "age", "months", "sum")}
        product, age, insured = query["product"], int(query["age"]), int(query["sum"])
        base = (await self._products())[product]
        said = {
            "product": product,
            "age": age,
            "months": int(query["months"]),
            "sum": insured,
            "premium": int(Decimal(base) * self._factor(age) * (insured // 100_000)),
            "currency": "JPY",
        }
        return self._signed_off(said_as_json(said), caller)

    def _factor(self, age: int) -> Decimal:
        counted = age - 1 if self._where.release == 1 else age
        return Decimal(next(factor for below, factor in _FACTORS if counted < below))

    async def _products(self) -> dict[str, int]:
        async with self._client.get(f"http://{self._where.contract_host}:{self._where.contract}/products") as answer:
            found: dict[str, int] = await answer.json()
            return found

    async def _caller(self, token: str) -> str:
        if not token:
            return ""
        found: dict[str, Any] = jwt.decode(token, await self._banyans_keys(), algorithms=["ES256"]).claims
        if found["iss"] != GATEWAY or found["aud"] != "plan" or found["exp"] < time.time():
            raise UntrustedCallerError("a token for somebody else, or one that has ended")
        return str(found["sub"])

    async def _banyans_keys(self) -> KeySet:
        if self._keys is None or time.monotonic() > self._keys_until:
            async with self._client.get(f"http://127.0.0.1:{self._where.admin}/.well-known/jwks.json") as answer:
                self._keys = KeySet.import_key_set(await answer.json(content_type=None))
            self._keys_until = time.monotonic() + _KEYS_FOR
        return self._keys

    def _signed_off(self, answer: web.Response, caller: str) -> web.Response:
        answer.headers[VERSION] = str(self._where.release)
        if caller:
            answer.headers[SAW] = self._where.saw(caller)
        answer.force_close()  # no connection that is kept is closed while a request is on its way
        return answer

    async def healthz(self, _: web.Request) -> web.Response:
        """`GET /healthz`."""
        return said_as_json({"ok": True})


async def serve(where: Settings) -> None:
    """Until SIGTERM. A name is asked for again after a second, as its TTL says."""
    connector = aiohttp.TCPConnector(limit=64, ttl_dns_cache=1)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as client:
        await serve_until_ended(PlanService(where, client).application())


if __name__ == "__main__":
    asyncio.run(serve(settings()))
