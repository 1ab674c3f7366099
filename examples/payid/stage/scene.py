"""Everything that runs: stores, the wallet service, new's APIs, the card processor, the mail server, and Banyan."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from examples.payid.stage.foundation import PORTS, have_stores, make_keys, settings_of
from examples.payid.stage.parts import Parts
from examples.payid.systems.account import Account
from examples.payid.systems.settings import Settings
from examples.stage.children import Child, Children
from examples.stage.operator import Operator, own_copy
from examples.stage.ports import held_ports
from examples.stage.released import SOCKET, listening_socket
from examples.stage.stores import Store, system_store, wheel_store

EXAMPLE = Path(__file__).parents[1]
APIS = ("cart", "shop", "app", "login", "office")


@dataclass(slots=True, kw_only=True)
class Scene:
    """`listeners`, `releases`: of the APIs; `accounts`: from before, with their `passwords` by mail."""

    where: Settings
    folder: Path
    children: Children
    client: aiohttp.ClientSession
    operator: Operator
    banyan: str
    legacy_store: Store
    new_store: Store
    accounts: list[Account]
    passwords: dict[str, str]
    listeners: dict[str, socket.socket] = field(default_factory=dict)
    services: dict[str, Child] = field(default_factory=dict)
    releases: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(APIS, 1)))
    stores: dict[str, Any] = field(default_factory=dict)

    def start(self, name: str) -> Child:
        """One of the APIs, in its release; it says `listening` when it does."""
        if name not in self.listeners:
            self.listeners[name] = listening_socket(getattr(self.where, name))
        number = self.listeners[name].fileno()
        self.services[name] = started = self.children.python(
            f"{name}-api-{self.releases[name]}-{len(list(self.folder.glob(f'{name}-api-*')))}",
            "examples.payid.systems.account_apis",
            name,
            more={**replace(self.where, release=self.releases[name]).variables, SOCKET: str(number)},
            hands_down=(number,),
        )
        return started

    async def deploy(self, release: int, *services: str) -> None:
        """Their next release: each listens on the socket of the one before, which then drains."""
        before = [self.services[name] for name in services]
        self.releases.update({name: release - self.releases[name] for name in services})
        for child in [self.start(name) for name in services]:
            await self.children.until_said(child, "listening")
        await asyncio.gather(*(asyncio.to_thread(self.children.end, child) for child in before))

    async def kill(self, name: str) -> None:
        """At once, and nobody listens there any more."""
        self.listeners.pop(name).close()
        await asyncio.to_thread(self.children.kill, self.services[name])

    async def revive(self, name: str) -> None:
        """It answers again."""
        await self.children.until_said(self.start(name), "listening")

    async def story(self, path: str, port: int) -> Any:  # noqa: ANN401 -- JSON
        """What the mail server, or the processor, has counted."""
        async with self.client.get(f"http://127.0.0.1:{port}{path}") as answer:
            return await answer.json()

    async def ask(self, store: str, statement: str, *values: object) -> list[Any]:
        """A look into a store, as its owner."""
        rows: list[Any] = await self.stores[store].fetch(statement, *values)
        return rows


@asynccontextmanager
async def scene(folder: Path, parts: Parts, tell: Callable[[str], None]) -> AsyncIterator[Scene]:
    """All of it runs, and legacy answers everything."""
    legacy, new = system_store("legacy", folder, parts.legacy), wheel_store("new", folder, parts.new)
    async with AsyncExitStack() as stack:
        banyan, admin, *ports = stack.enter_context(held_ports(len(PORTS) + 2))
        children = stack.enter_context(Children(folder))
        make_keys(folder)
        where = settings_of(ports, folder, legacy, new)
        children.variables = {
            **where.variables,
            "PAYID_BANYAN": str(banyan),
            "PAYID_ADMIN": str(admin),
            "PAYID_STATE": new.address("postgres", "banyan"),
            "PAYID_LEGACY_READER": legacy.address("reader"),
            "PAYID_NEW_READER": new.address("reader"),
            "PAYID_COOKIE_KEY": secrets.token_urlsafe(32),
            "BANYAN_STATE_DIR": str(folder / ".banyan"),
        }
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        passwords: dict[str, str] = {}
        accounts = await have_stores(children, legacy, new, passwords)
        operator = Operator(children, own_copy(EXAMPLE, folder), f"http://127.0.0.1:{admin}", client, tell)
        made = Scene(
            where=where,
            folder=folder,
            children=children,
            client=client,
            operator=operator,
            banyan=f"http://127.0.0.1:{banyan}",
            legacy_store=legacy,
            new_store=new,
            accounts=accounts,
            passwords=passwords,
        )
        for store in (legacy, new):
            pool = asyncpg.create_pool(store.address("postgres"), min_size=1, max_size=2)
            made.stores[store.name] = await stack.enter_async_context(pool)
        try:
            await _until_all_answer(made)
            yield made
        finally:
            for listener in made.listeners.values():
                listener.close()


async def _until_all_answer(made: Scene) -> None:
    children = made.children
    children.python("wallet-service", "examples.payid.systems.wallet_service")
    others = [children.python(name, f"examples.payid.systems.{name}") for name in ("processor", "mail_server")]
    for each in [*others, *(made.start(name) for name in APIS)]:
        await children.until_said(each, "listening")
    health = f"http://127.0.0.1:{made.where.legacy}/healthz"
    await made.operator.until(partial(is_well, made.client, health), "the wallet service to answer")
    children.python("banyan", "proxy", "serve", "--config", str(made.operator.routes.path))
    await made.operator.serves()
    await made.operator.until(partial(is_well, made.client, f"{made.operator.admin}/-/ready"), "Banyan to be ready")


async def is_well(client: aiohttp.ClientSession, url: str) -> bool:
    """As it says itself."""
    try:
        async with client.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
