"""What a new environment has: ports, stores, names, and one service of all. Everything else is started on top of it."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from examples.insurance.stage.names import Names, known_names
from examples.insurance.stage.parts import Parts
from examples.insurance.systems.settings import (
    BANYAN_KEY,
    CONTRACT_ADDRESS,
    CONTRACT_NAME,
    PLAN_ADDRESS,
    PLAN_NAME,
    Settings,
)
from examples.stage.children import Child, Children
from examples.stage.operator import own_copy
from examples.stage.ports import held_ports
from examples.stage.released import SOCKET, listening_socket
from examples.stage.stores import Store, system_store, wheel_store

EXAMPLE = Path(__file__).parents[1]
FILES = ("routes.yaml", "systems.yaml", "stores.yaml", "callers.yaml", "partners.yaml", "local.yaml")
ADDRESSES = {PLAN_NAME: PLAN_ADDRESS, CONTRACT_NAME: CONTRACT_ADDRESS}


@dataclass(slots=True, kw_only=True)
class Foundation:
    """`at`: where each service is; `services`: those that run. Sockets are bound with the first release at an address.

    `children` know the environment of everything.
    """

    where: Settings
    folder: Path
    parts: Parts
    children: Children
    client: aiohttp.ClientSession
    names: Names
    backend: Store
    contract: Store
    stack: ExitStack
    at: dict[str, str] = field(default_factory=lambda: {"plan": PLAN_ADDRESS, "contract": CONTRACT_ADDRESS})
    services: dict[str, Child] = field(default_factory=dict)
    _listeners: dict[str, socket.socket] = field(default_factory=dict)

    def start(self, name: str) -> Child:
        """A service, in the release that the settings say, where it is; it says `listening` when it does."""
        address, port = self.at[name], self.where.plan if name == "plan" else self.where.contract
        if address not in self._listeners:
            self._listeners[address] = self.stack.enter_context(listening_socket(port, address))
        number = self._listeners[address].fileno()
        self.services[name] = started = self.children.python(
            f"{name}-service-{self.where.release}-{address.rpartition('.')[2]}",
            f"examples.insurance.systems.{name}_service",
            more={**self.where.variables, SOCKET: str(number)},
            prefix=self.names.prefix,
            hands_down=(number,),
        )
        return started


@asynccontextmanager
async def foundation(folder: Path, parts: Parts) -> AsyncIterator[Foundation]:
    """The contract service answers, and nothing else."""
    backend, contract = system_store("backend", folder, parts.backend), wheel_store("contract", folder, parts.contract)
    async with AsyncExitStack() as stack:
        ports = stack.enter_context(held_ports(8))
        children = stack.enter_context(Children(folder))
        names = stack.enter_context(known_names(folder, children, ADDRESSES))
        where = _settings(ports, names, backend, contract)
        children.variables = _variables(where, ports, backend, contract)
        made = Foundation(
            where=where,
            folder=folder,
            parts=parts,
            children=children,
            client=await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))),
            names=names,
            backend=backend,
            contract=contract,
            stack=stack.enter_context(ExitStack()),
        )
        for name in FILES:
            own_copy(EXAMPLE, folder, name)
        await asyncio.gather(*(asyncio.to_thread(store.make) for store in (backend, contract)))
        contract.start(children)
        await contract.fill((EXAMPLE / "systems" / "contract.sql").read_text(encoding="utf-8"), children)
        await children.until_said(made.start("contract"), "listening")
        yield made


def _settings(ports: list[int], names: Names, backend: Store, contract: Store) -> Settings:
    banyan, admin, legacy, plan, contracts, provider, *_ = ports
    return Settings(
        banyan=banyan,
        admin=admin,
        legacy=legacy,
        plan=plan,
        contract=contracts,
        provider=provider,
        plan_host=PLAN_NAME if names.are_known else PLAN_ADDRESS,
        contract_host=CONTRACT_NAME if names.are_known else CONTRACT_ADDRESS,
        legacy_store=backend.address("backend"),
        contract_store=contract.address("service"),
        app_secret=secrets.token_hex(20),
        banyan_secret=secrets.token_hex(20),
        echo_key=secrets.token_hex(16),
        release=1,
    )


def _variables(where: Settings, ports: list[int], backend: Store, contract: Store) -> dict[str, str]:
    """What Banyan's files and the systems find in their environment."""
    return {
        **where.variables,
        "INSURANCE_STATE": contract.address("postgres", "banyan"),
        "INSURANCE_BACKEND_READER": backend.address("reader"),
        "INSURANCE_SERVICE_READER": contract.address("reader"),
        "INSURANCE_LOCAL": f"127.0.0.1:{ports[6]}",
        "INSURANCE_LOCAL_ADMIN": str(ports[7]),
        "AWS_ACCESS_KEY_ID": BANYAN_KEY,
        "AWS_SECRET_ACCESS_KEY": where.banyan_secret,
        "BANYAN_STATE_DIR": str(backend.folder.parent / ".banyan"),
    }
