"""A source of key sets on a real socket, and what a watch of it tells workers and people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from proxy.control.key_sets.key_set_fetch import KeySetFetch
from proxy.control.key_sets.key_set_watch import KeySetDuties, KeySetWatch
from proxy.core.auth.key_set_state import KeySetSource
from proxy.link.messages import KeySets
from proxy.tasks import RestartedTasks


def jwks(*kids: str) -> bytes:
    return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "eA", "kid": kid} for kid in kids]}).encode()


@dataclass(slots=True)
class Source:
    """Answers with `body`, a tag of it, and `headers`; `seen` are the tags that requests brought.

    `before` is awaited before each answer, and may change the next one.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    port: int = 0
    runner: web.AppRunner | None = None
    before: Callable[[], Awaitable[None]] | None = None

    async def start(self) -> Source:
        app = web.Application()
        app.router.add_get("/keys", self._answer)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/keys"

    async def _answer(self, request: web.Request) -> web.Response:
        self.seen.append(request.headers.get("If-None-Match", ""))
        body = self.body
        if self.before is not None:
            await self.before()
        tag = f'"{hash(body)}"'
        if self.status == 200 and self.seen[-1] == tag:
            return web.Response(status=304, headers={"ETag": tag} | self.headers)
        return web.Response(status=self.status, body=body, headers={"ETag": tag} | self.headers)


class Watched:
    """A watch whose time stands still until it is moved; `told` is what workers hear, `alarms` what people do."""

    def __init__(self, directory: Path, timeout: float = 5.0) -> None:
        self.now = 1_000_000.0
        self.told: list[KeySets] = []
        self.alarms: list[str] = []
        self.tasks = RestartedTasks()
        self.fetch = KeySetFetch(timeout)
        duties = KeySetDuties(
            push=self.told.append,
            clock=lambda: self.now,
            directory=directory,
            alarm=lambda _, sentence: self.alarms.append(sentence),
        )
        self.watch = KeySetWatch(self.tasks, self.fetch, duties)

    def follow(self, *sources: str, keep: float = 86_400.0) -> None:
        """Nothing is looked at but by `look`."""
        self.watch.follow([KeySetSource(each, keep) for each in sources], watch=False)

    async def look(self, source: str, later: float = 0.0) -> list[str]:
        """The keys that workers have after a look, so many seconds later."""
        self.now += later
        await self.watch.look(source)
        return self.known(source)

    def known(self, source: str) -> list[str]:
        found = {each.source: each.jwks for each in self.told[-1].sets}[source]
        return [key["kid"] for key in json.loads(found or b'{"keys": []}')["keys"]]

    async def close(self) -> None:
        await self.tasks.end()
        await self.fetch.close()
