"""Everything that runs: the foundation, the consumer back end, the identity provider, the plan service, and Banyan."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import aiohttp
import asyncpg
from joserfc.jwk import ECKey, RSAKey

from examples.insurance.stage.foundation import EXAMPLE, Foundation
from examples.insurance.systems.settings import PARTNERS, READER, Settings
from examples.stage.children import Child, Children
from examples.stage.operator import Operator
from examples.stage.routes import RoutesFile


@dataclass(slots=True, kw_only=True)
class Scene:
    """`keys`: the provider's, of which the first one signs."""

    base: Foundation
    operator: Operator
    provider: Child
    keys: list[dict[str, Any]]
    stores: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> Settings:
        """Ports, names, and the release that runs."""
        return self.base.where

    @property
    def children(self) -> Children:
        """All processes."""
        return self.base.children

    @property
    def client(self) -> aiohttp.ClientSession:
        """That of the clients."""
        return self.base.client

    @property
    def banyan(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self.where.banyan}"

    async def deploy(self, service: str, release: int) -> None:
        """Its next release: it listens on the socket of the one before, which then drains."""
        self.base.where, before = replace(self.where, release=release), self.base.services[service]
        await self.children.until_said(self.base.start(service), "listening")
        await asyncio.to_thread(self.children.end, before)

    async def restart_provider(self) -> None:
        """With a new key that signs at once; the one before it stays in the set."""
        self.keys.insert(0, await asyncio.to_thread(signing_key, f"key-{len(self.keys) + 1}"))
        await asyncio.to_thread(self.children.end, self.provider)
        self.provider = start_provider(self.base, self.keys)
        await self.children.until_said(self.provider, "listening")

    async def ask(self, store: str, statement: str, *values: object) -> list[Any]:
        """A look into a store, as its owner."""
        rows: list[Any] = await self.stores[store].fetch(statement, *values)
        return rows


@asynccontextmanager
async def scene(base: Foundation, tell: Callable[[str], None]) -> AsyncIterator[Scene]:
    """All of it runs, and legacy answers everything."""
    async with AsyncExitStack() as stack:
        made = await _started(base, tell)
        for store in (base.backend, base.contract):
            pool = asyncpg.create_pool(store.address("postgres"), min_size=1, max_size=2)
            made.stores[store.name] = await stack.enter_async_context(pool)
        await made.operator.until(partial(_answers, base.client, base.where.legacy), "the back end to answer")
        await made.operator.serves()
        yield made


async def _started(base: Foundation, tell: Callable[[str], None]) -> Scene:
    """Banyan as a user starts it, once there is a provider; the rest starts beside it."""
    children, folder = base.children, base.folder
    base.backend.start(children)
    plan = base.start("plan")
    keys = [await asyncio.to_thread(signing_key, "key-1")]
    provider = start_provider(base, keys)
    (folder / "suspended.txt").touch()
    (folder / "gateway.pem").write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    await base.backend.fill((EXAMPLE / "systems" / "legacy.sql").read_text(encoding="utf-8"), children)
    children.python("consumer-back-end", "examples.insurance.systems.consumer_backend")
    await children.until_said(provider, "listening")
    command = ("proxy", "serve", "--config", str(folder / "routes.yaml"))
    children.python("banyan", *command, prefix=base.names.prefix)
    await children.until_said(plan, "listening")
    routes, admin = RoutesFile(folder / "partners.yaml"), f"http://127.0.0.1:{base.where.admin}"
    operator = Operator(children, routes, admin, base.client, tell, base.names.prefix)
    return Scene(base=base, operator=operator, provider=provider, keys=keys)


def signing_key(kid: str) -> dict[str, Any]:
    """A private key as the provider reads it."""
    return {**RSAKey.generate_key(2048).as_dict(private=True), "kid": kid, "use": "sig", "alg": "RS256"}


def start_provider(base: Foundation, keys: list[dict[str, Any]]) -> Child:
    """Npm's oidc-provider, of whose keys the first one signs."""
    file = base.folder / "provider-keys.json"
    file.write_text(json.dumps({"keys": keys}), encoding="ascii")
    script = str(EXAMPLE / "systems" / "id_provider.mjs")
    words = (str(base.parts.modules), str(file), str(base.where.provider), str(PARTNERS), READER)
    return base.children.start(f"id-provider-{len(keys)}", [base.parts.node, script, *words])


async def _answers(client: aiohttp.ClientSession, port: int) -> bool:
    """Whatever it says: nobody has signed this."""
    try:
        async with client.get(f"http://127.0.0.1:{port}/app/accepted"):
            return True
    except (aiohttp.ClientError, TimeoutError):
        return False
