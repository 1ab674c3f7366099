"""An introspection endpoint on a real socket, and a handler that asks it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from proxy.clerk.introspection.introspection_call import IntrospectionCalls
from proxy.clerk.introspection.introspection_handler import IntrospectionHandler
from proxy.core.auth.opaque_policy import Introspection, OpaquePolicy, SecretPlace
from proxy.core.secret import Secret
from tests.control.tables import crm

CLIENT, SECRET = "banyan:1", "s%cret ü"
BASIC = "Basic " + b64encode(b"banyan%3A1:s%25cret+%C3%BC").decode()
"""As RFC 6749 section 2.3.1 has them."""


@dataclass(slots=True)
class Issuer:
    """Knows `tokens` by what it says of them; `asked` are those it was asked for. `status` other than 200: it fails.

    `held` None: it answers at once; else when that is set.
    """

    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    held: asyncio.Event | None = None
    port: int = 0
    runner: web.AppRunner | None = None

    async def start(self) -> Issuer:
        app = web.Application()
        app.router.add_post("/introspect", self._answer)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self.runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.asked.append(str(form["token"]))
        if self.held is not None:
            await self.held.wait()
        if request.headers["Authorization"] != BASIC:
            return web.json_response({"error": "invalid_client"}, status=401)
        if self.body is not None or self.status != 200:
            return web.Response(status=self.status, body=self.body, headers={"Location": "/introspect"})
        return web.json_response(self.tokens.get(self.asked[-1], {"active": False}))


class Asking:
    """A handler whose time stands still until it is moved."""

    def __init__(self, issuer: Issuer, timeout: float = 5.0) -> None:
        self.now = 1_000_000.0
        introspection = Introspection(
            url=f"http://127.0.0.1:{issuer.port}/introspect",
            client=CLIENT,
            secret=SecretPlace(text=Secret(SECRET)),
            keep=30.0,
        )
        self.policy = OpaquePolicy(name="partners", introspection=introspection)
        self.handler = IntrospectionHandler(
            self.table(self.policy), IntrospectionCalls(timeout), clock=lambda: self.now
        )

    def table(self, *policies: OpaquePolicy) -> Any:  # noqa: ANN401 -- a snapshot
        return replace(crm(), auth={each.name: each for each in policies})
