"""Everything that runs: stores, aggregator, systems, Banyan, in one folder; set up, and taken down with it."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from examples.accounts.stage.parts import Parts
from examples.accounts.systems.settings import Settings
from examples.stage.children import Child, Children
from examples.stage.operator import Operator, own_copy
from examples.stage.ports import held_ports
from examples.stage.released import SOCKET, listening_socket
from examples.stage.routes import RoutesFile
from examples.stage.stores import Store, system_store, wheel_store

SYSTEMS = Path(__file__).parents[1] / "systems"
RECEIVABLES = 5
"""Each so many-th tenant uses the second product."""
SPARE = 201
"""Grants that no tenant has: with them the token endpoint is timed."""


@dataclass(slots=True)
class Scene:
    """`spare` are refresh tokens to be spent on measuring."""

    where: Settings
    folder: Path
    children: Children
    operator: Operator
    card: Store
    service: Store
    client: aiohttp.ClientSession
    tenants: int
    spare: list[str]
    listener: socket.socket
    service_child: Child
    stores: dict[str, Any] = field(default_factory=dict)

    @property
    def banyan(self) -> str:
        """Where clients of both products' APIs go."""
        return f"http://127.0.0.1:{self.where.banyan}"

    @property
    def aggregator(self) -> str:
        """The aggregator itself."""
        return f"http://127.0.0.1:{self.where.aggregator}"

    async def story(self, path: str) -> dict[str, Any]:
        """What the world outside does: a day passes, a customer consents."""
        async with self.client.get(self.aggregator + path) as answer:
            found: dict[str, Any] = await answer.json(content_type=None)
            return found

    async def deploy(self, release: int) -> None:
        """The account service's next release: it listens on the socket of the one before, which then drains."""
        self.where = replace(self.where, release=release)
        before, self.service_child = self.service_child, _start_service(self.children, self.where, self.listener)
        await self.children.until_said(self.service_child, "listening")
        await asyncio.to_thread(self.children.end, before)

    async def ask(self, store: str, statement: str, *values: object) -> list[Any]:
        """A look into a store, as its owner."""
        rows: list[Any] = await self.stores[store].fetch(statement, *values)
        return rows


@asynccontextmanager
async def scene(folder: Path, parts: Parts, tenants: int, tell: Callable[[str], None]) -> AsyncIterator[Scene]:
    """All of it runs, and legacy answers everything."""
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(held_ports(6))
        children = stack.enter_context(Children(folder))
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        card, service = system_store("card", folder, parts.card), wheel_store("service", folder, parts.service)
        where = _settings(ports, card, service)
        _variables(children, where, ports[5], card, service)
        aggregator = _start_aggregator(children, parts, folder, where, tenants)
        await _have_stores(children, (card, "card.sql"), (service, "service.sql"))
        await children.until_said(aggregator, "listening")
        spare = await _sow(card, children, folder)
        listener = stack.enter_context(listening_socket(where.service))
        routes, child = _start_systems(children, folder, where, listener)
        operator = Operator(children, routes, f"http://127.0.0.1:{ports[5]}", client, tell)
        made = Scene(where, folder, children, operator, card, service, client, tenants, spare, listener, child)
        for store in (card, service):
            pool = asyncpg.create_pool(store.address("postgres"), min_size=1, max_size=2)
            made.stores[store.name] = await stack.enter_async_context(pool)
        await _until_all_answer(made)
        yield made


async def _have_stores(children: Children, *stores: tuple[Store, str]) -> None:
    """Made, started and filled by the scripts of these names."""
    await asyncio.gather(*(asyncio.to_thread(store.make) for store, _ in stores))
    for store, _ in stores:
        store.start(children)
    for store, schema in stores:
        await store.fill((SYSTEMS / schema).read_text(encoding="utf-8"), children)


def _start_systems(
    children: Children, folder: Path, where: Settings, listener: socket.socket
) -> tuple[RoutesFile, Child]:
    """Both products, the account service, and Banyan as a user starts it."""
    (folder / "data.key").write_text(secrets.token_hex(32), encoding="ascii")
    routes = own_copy(SYSTEMS.parent, folder)
    children.python("banyan", "proxy", "serve", "--config", str(routes.path))
    children.python("card-product", "examples.accounts.systems.card_product")
    children.python("receivables", "examples.accounts.systems.receivables")
    return routes, _start_service(children, where, listener)


async def _until_all_answer(made: Scene) -> None:
    await made.children.until_said(made.service_child, "listening")
    for port in (made.where.card, made.where.service):
        await made.operator.until(partial(_answers, made.client, port), f"port {port} to answer")
    await made.operator.serves()


def _settings(ports: list[int], card: Store, service: Store) -> Settings:
    banyan, card_port, service_port, receivables, aggregator, _ = ports
    return Settings(
        banyan=banyan,
        card=card_port,
        service=service_port,
        receivables=receivables,
        aggregator=aggregator,
        card_store=card.address("card"),
        service_store=service.address("service"),
        release=1,
    )


def _variables(children: Children, where: Settings, admin: int, card: Store, service: Store) -> None:
    """What routes.yaml and the systems find in their environment."""
    children.variables = {
        **where.variables,
        "ACCOUNTS_ADMIN": str(admin),
        "ACCOUNTS_STATE": service.address("postgres", "banyan"),
        "ACCOUNTS_CARD_READER": card.address("reader"),
        "ACCOUNTS_SERVICE_READER": service.address("reader"),
        "GRANTS_HASH_KEY": secrets.token_hex(32),
        "BANYAN_STATE_DIR": str(card.folder.parent / ".banyan"),
    }


def _start_aggregator(children: Children, parts: Parts, folder: Path, where: Settings, tenants: int) -> Child:
    script, numbers = str(SYSTEMS / "aggregator.mjs"), (where.aggregator, tenants, SPARE)
    return children.start("aggregator", [parts.node, script, str(parts.modules), str(folder), *map(str, numbers)])


def _start_service(children: Children, where: Settings, listener: socket.socket) -> Child:
    number = listener.fileno()
    return children.python(
        f"account-service-{where.release}",
        "examples.accounts.systems.account_service",
        more={**where.variables, SOCKET: str(number)},
        hands_down=(number,),
    )


async def _sow(card: Store, children: Children, folder: Path) -> list[str]:
    """The card product's tenants, with the grants that their customers have given; the spare ones are returned."""
    lines = (folder / "tokens.tsv").read_text(encoding="ascii").splitlines()
    grants = [(name, token) for name, _, token in (line.partition("\t") for line in lines)]
    theirs = [each for each in grants if each[0].startswith("t-")]
    (folder / "tokens.tsv").unlink()
    connection = await card.connect(children)
    try:
        names = [(name, at % RECEIVABLES == 0) for at, (name, _) in enumerate(theirs)]
        await connection.copy_records_to_table("tenants", records=names)
        columns = ["tenant_id", "refresh_token"]
        await connection.copy_records_to_table("aggregator_tokens", records=theirs, columns=columns)
    finally:
        await connection.close()
    return [token for name, token in grants if not name.startswith("t-")]


async def _answers(client: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with client.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
