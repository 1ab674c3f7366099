"""Everything that runs: databases, customer service, CRM back end, valuation service, Google's stand-in, and Banyan."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp
from joserfc.jwk import RSAKey

from examples.crm.stage.databases import Databases, databases
from examples.crm.stage.parts import Parts
from examples.crm.systems.projects import Projects
from examples.crm.systems.settings import Settings
from examples.stage.children import Child, Children
from examples.stage.operator import Operator, own_copy
from examples.stage.ports import held_ports
from examples.stage.released import SOCKET, listening_socket

EXAMPLE = Path(__file__).parents[1]
COPIES = ("copy_legacy", "copy_new")
"""The copies of the database on which both systems' writes are rehearsed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of clients, and those that were sent to be compared."""

    clients: int
    shadows: int


@dataclass(slots=True, kw_only=True)
class Scene:
    """`rehearsal`: the ports of the two systems on the copies; `listener`: the socket of each release in turn."""

    where: Settings
    folder: Path
    children: Children
    client: aiohttp.ClientSession
    databases: Databases
    projects: Projects
    operator: Operator
    rehearsal: tuple[int, int]
    listener: socket.socket
    customer_service: Child | None = None
    backend: Child | None = None

    @property
    def banyan(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self.where.banyan}"

    def start_backend(self) -> Child:
        """In the release that the settings say; it says `listening` when it does."""
        number = self.listener.fileno()
        more = {**self.where.variables, SOCKET: str(number)}
        name = f"crm-backend-{self.where.release}"
        self.backend = started = self.children.python(
            name, "examples.crm.systems.crm_backend", more=more, hands_down=(number,)
        )
        return started

    async def deploy(self, release: int) -> None:
        """The next release listens on the socket of the one before, which then drains."""
        self.where, before = replace(self.where, release=release), self.backend
        await self.children.until_said(self.start_backend(), "listening")
        if before is not None:
            await asyncio.to_thread(self.children.end, before)

    async def asked_of_legacy(self) -> Asked:
        """What the customer service has answered, as it counts that itself."""
        async with self.client.get(f"http://127.0.0.1:{self.where.legacy}/-/asked") as answer:
            said = await answer.json()
        return Asked(int(said["clients"]), int(said["shadows"]))


@asynccontextmanager
async def scene(folder: Path, parts: Parts, customers: int, tell: Callable[[str], None]) -> AsyncIterator[Scene]:
    """All of it runs, and the customer service answers everything; in the two projects nothing is granted yet."""
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(held_ports(10))
        children = stack.enter_context(Children(folder))
        client = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        stores = databases(folder, parts, ports[7])
        where = _settings(ports, folder, stores)
        children.variables = _variables(where, stores)
        admin = f"http://127.0.0.1:{where.admin}"
        made = Scene(
            where=where,
            folder=folder,
            children=children,
            client=client,
            databases=stores,
            projects=Projects(folder / "projects"),
            operator=Operator(children, own_copy(EXAMPLE, folder), admin, client, tell),
            rehearsal=(ports[8], ports[9]),
            listener=stack.enter_context(listening_socket(where.new)),
        )
        await _start(made, customers)
        yield made


async def _start(made: Scene, customers: int) -> None:
    children, folder = made.children, made.folder
    made.projects.file.touch()
    google = children.python("google", "examples.crm.systems.google", str(await asyncio.to_thread(_google_key, folder)))
    await made.databases.start(children, customers)
    children.python("banyan", "proxy", "serve", "--config", str(folder / "routes.yaml"))
    backend = made.start_backend()
    await made.databases.follow(children)
    made.customer_service = children.python("customer-service", "examples.crm.systems.customer_service")
    children.python("valuation-service", "examples.crm.systems.valuation_service")
    for each in (google, backend):
        await children.until_said(each, "listening")
    for port, path in ((made.where.legacy, "/-/asked"), (made.where.valuations, "/valuations?customer_id=1")):
        await made.operator.until(partial(answers, made.client, port, path), f"port {port} to answer")
    await made.operator.serves()


def _google_key(folder: Path) -> Path:
    """With which Google signs; the public half lies beside it, for the front end of Cloud Run."""
    key, file = RSAKey.generate_key(2048, {"kid": "google-1"}), folder / "google.json"
    file.write_text(json.dumps(key.as_dict(private=True)), encoding="ascii")
    file.with_name("google-public.json").write_text(json.dumps(key.as_dict(private=False)), encoding="ascii")
    return file


async def answers(client: aiohttp.ClientSession, port: int, path: str) -> bool:
    """Whether anything does."""
    try:
        async with client.get(f"http://127.0.0.1:{port}{path}"):
            return True
    except (aiohttp.ClientError, TimeoutError):
        return False


def _settings(ports: list[int], folder: Path, stores: Databases) -> Settings:
    banyan, admin, legacy, new, valuations, metadata, cloud, *_ = ports
    return Settings(
        banyan=banyan,
        admin=admin,
        legacy=legacy,
        new=new,
        valuations=valuations,
        metadata=metadata,
        cloud=cloud,
        primary=stores.primary.address("customer_service"),
        crm_primary=stores.primary.address("crm_backend"),
        replica=stores.replica_address,
        valuations_store=stores.others.address("postgres", "valuations"),
        projects=str(folder / "projects"),
        release=1,
    )


def _variables(where: Settings, stores: Databases) -> dict[str, str]:
    """What Banyan's file and the systems find in their environment."""
    copies = {f"CRM_{name.upper()}": stores.others.address("postgres", name) for name in COPIES}
    return {
        **where.variables,
        **copies,
        "CRM_STATE": stores.others.address("postgres", "banyan"),
        "GCE_METADATA_HOST": f"127.0.0.1:{where.metadata}",
        "BANYAN_STATE_DIR": str(stores.primary.folder.parent / ".banyan"),
    }
