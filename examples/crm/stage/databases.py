"""The databases: the customer service's primary, its read replica, which has an address, and those of all others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from examples.crm.stage.parts import Parts
from examples.stage.children import Children
from examples.stage.stores import Store, system_store, wheel_store

SYSTEMS = Path(__file__).parents[1] / "systems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Databases:
    """`primary` has a socket alone, `replica` streams from it and listens at `port`; copies lie among the `others`."""

    primary: Store
    replica: Store
    others: Store
    port: int

    @property
    def replica_address(self) -> str:
        """For whoever is on the network."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    async def start(self, children: Children, customers: int) -> None:
        """With so many customers; the replica follows later."""
        await asyncio.gather(*(asyncio.to_thread(store.make) for store in (self.primary, self.others)))
        self.primary.start(children)
        self.others.start(children)
        schema = (SYSTEMS / "customers.sql").read_text(encoding="utf-8").replace("@CUSTOMERS@", str(customers))
        await asyncio.gather(self.primary.fill(schema, children), self._fill_others(children))

    async def _fill_others(self, children: Children) -> None:
        await self.others.fill("CREATE DATABASE banyan;\nCREATE DATABASE valuations;\n", children)
        connection = await self.others.connect(children, "valuations")
        try:
            await connection.execute((SYSTEMS / "valuations.sql").read_text(encoding="utf-8"))
        finally:
            await connection.close()

    async def follow(self, children: Children) -> None:
        """The replica is copied, and streams."""
        await asyncio.to_thread(self.replica.follow, self.primary)
        self.replica.start(children)
        await children.until(self._streams, "the replica to stream")

    async def _streams(self) -> bool:
        try:
            connection = await asyncpg.connect(self.replica_address)
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        try:
            return bool(await connection.fetchval("SELECT status = 'streaming' FROM pg_stat_wal_receiver"))
        finally:
            await connection.close()


def databases(folder: Path, parts: Parts, port: int) -> Databases:
    """None of them runs."""
    replica = system_store("replica", folder, parts.customers)
    return Databases(
        primary=system_store("primary", folder, parts.customers),
        replica=replace(replica, settings=("listen_addresses=127.0.0.1", f"port={port}")),
        others=wheel_store("others", folder, parts.others),
        port=port,
    )
