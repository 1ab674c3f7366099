"""Everything that runs: stores, the delivery server, the identity provider, the APIs, and one or two Banyans."""

from __future__ import annotations

import asyncio
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

from examples.stage.children import Child, Children
from examples.stage.operator import Operator, own_copy
from examples.stage.ports import held_ports
from examples.stage.released import SOCKET, listening_socket
from examples.stage.stores import Store, system_store, wheel_store
from examples.todock.stage.deployment import SYSTEMS, settings_of, start_provider, variables_of
from examples.todock.stage.parts import Parts
from examples.todock.stage.wall import walled_address
from examples.todock.systems.settings import Settings

EXAMPLE = Path(__file__).parents[1]
APIS = ("points", "history", "invoice", "card", "orders")
WALLED = "127.64.0.1"
_FIRST, _SECOND = 1, 2


@dataclass(slots=True, kw_only=True)
class Scene:
    """`banyans`: where clients go, and `admins`: the admin ports of the same; `listeners`, `releases`: of the APIs."""

    where: Settings
    folder: Path
    parts: Parts
    children: Children
    client: aiohttp.ClientSession
    operator: Operator
    delivery_store: Store
    orders_store: Store
    ports: dict[int, tuple[int, int]]
    listeners: dict[str, socket.socket]
    delivery: Child
    provider: Child
    services: dict[str, Child] = field(default_factory=dict)
    releases: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(APIS, 1)))
    banyans: list[str] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)
    stores: dict[str, Any] = field(default_factory=dict)

    @property
    def delivery_health(self) -> str:
        """Where the delivery server says that it lives."""
        return f"http://127.0.0.1:{self.where.delivery}/healthz"

    def start(self, name: str) -> Child:
        """One of the APIs, in its release; it says `listening` when it does."""
        number = self.listeners[name].fileno()
        module = ("order_api",) if name == "orders" else ("member_api", name)
        self.services[name] = started = self.children.python(
            f"{name}-api-{self.releases[name]}",
            f"examples.todock.systems.{module[0]}",
            *module[1:],
            more={**replace(self.where, release=self.releases[name]).variables, SOCKET: str(number)},
            hands_down=(number,),
        )
        return started

    async def deploy(self, service: str, release: int) -> None:
        """Its next release: it listens on the socket of the one before, which then drains."""
        self.releases[service], before = release, self.services[service]
        await self.children.until_said(self.start(service), "listening")
        await asyncio.to_thread(self.children.end, before)

    async def start_banyan(self, replica: int) -> None:
        """As a user starts it; the second one has ports and a state directory of its own, and the same file."""
        port, admin = self.ports[replica]
        directory = str(self.folder / f".banyan-{replica}")
        more = {"TODOCK_BANYAN": str(port), "TODOCK_ADMIN": str(admin), "BANYAN_STATE_DIR": directory}
        words = ("proxy", "serve", "--config", str(self.operator.routes.path))
        self.children.python(f"banyan-{replica}", *words, more=more)
        self.admins.append(f"http://127.0.0.1:{admin}")
        if replica != _FIRST:
            self.operator.replicas.append(self.admins[-1])
        await self.operator.serves()
        await self.operator.until(partial(is_well, self.client, f"{self.admins[-1]}/-/ready"), "Banyan to be ready")
        self.banyans.append(f"http://127.0.0.1:{port}")

    async def kill_delivery(self) -> None:
        """At once, as a machine that is lost."""
        await asyncio.to_thread(self.children.kill, self.delivery)

    async def revive_delivery(self) -> None:
        """It answers again."""
        self.delivery = self.children.python("delivery-server", "examples.todock.systems.delivery_server")
        await self.operator.until(partial(is_well, self.client, self.delivery_health), "the delivery server to answer")

    async def stop_provider(self) -> None:
        """It is away."""
        await asyncio.to_thread(self.children.end, self.provider)

    async def revive_provider(self) -> None:
        """With the keys of before."""
        self.provider = start_provider(self.children, self.parts, self.folder, self.where)
        await self.children.until_said(self.provider, "listening")

    async def ask(self, store: str, statement: str, *values: object) -> list[Any]:
        """A look into a store, as its owner."""
        rows: list[Any] = await self.stores[store].fetch(statement, *values)
        return rows

    async def asked_of_delivery(self) -> dict[str, int]:
        """How many requests of which path the delivery server has answered, as it counts them itself."""
        async with self.client.get(f"http://127.0.0.1:{self.where.delivery}/asked") as answer:
            said: dict[str, int] = await answer.json()
            return said


@asynccontextmanager
async def scene(folder: Path, parts: Parts, tell: Callable[[str], None]) -> AsyncIterator[Scene]:
    """All of it runs, and legacy answers everything."""
    delivery, orders = system_store("delivery", folder, parts.delivery), wheel_store("orders", folder, parts.orders)
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(held_ports(6))
        listeners = {name: stack.enter_context(listening_socket(0)) for name in APIS}
        children = stack.enter_context(Children(folder))
        where, banyans = settings_of(ports, listeners, delivery, orders), ((ports[2], ports[3]), (ports[4], ports[5]))
        walled = stack.enter_context(walled_address(WALLED))
        children.variables = variables_of(where, banyans[0], walled, delivery, orders)
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        await _have_stores(children, delivery, orders)
        operator = Operator(children, own_copy(EXAMPLE, folder), f"http://127.0.0.1:{ports[3]}", client, tell)
        made = Scene(
            where=where,
            folder=folder,
            parts=parts,
            children=children,
            client=client,
            operator=operator,
            delivery_store=delivery,
            orders_store=orders,
            ports=dict(enumerate(banyans, _FIRST)),
            listeners=listeners,
            delivery=children.python("delivery-server", "examples.todock.systems.delivery_server"),
            provider=start_provider(children, parts, folder, where),
        )
        for store in (delivery, orders):
            pool = asyncpg.create_pool(store.address("postgres"), min_size=1, max_size=2)
            made.stores[store.name] = await stack.enter_async_context(pool)
        await _until_all_answer(made)
        yield made


async def start_second_banyan(made: Scene) -> None:
    """Over the state of the first."""
    await made.start_banyan(_SECOND)


async def _have_stores(children: Children, delivery: Store, orders: Store) -> None:
    await asyncio.gather(*(asyncio.to_thread(store.make) for store in (delivery, orders)))
    for store in (delivery, orders):
        store.start(children)
    for store in (delivery, orders):
        await store.fill((SYSTEMS / f"{store.name}.sql").read_text(encoding="utf-8"), children)


async def _until_all_answer(made: Scene) -> None:
    started = [made.start(name) for name in APIS]
    for each in (made.provider, *started):
        await made.children.until_said(each, "listening")
    await made.operator.until(partial(is_well, made.client, made.delivery_health), "the delivery server to answer")
    await made.start_banyan(_FIRST)


async def is_well(client: aiohttp.ClientSession, url: str) -> bool:
    """As it says itself."""
    try:
        async with client.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
