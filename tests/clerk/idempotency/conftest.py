"""Data planes, a clerk and a real PostgreSQL in the test's own loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from proxy.clerk.idempotency.key_handler import KeyHandler
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.key_records import PostgresKeys
from tests.clerk.clerk_at import Clerk, linked
from tests.edge.conftest import play
from tests.edge.proxy import Block, Proxy, snapshot_of, upstream
from tests.edge.scripted import Scripted
from tests.store.conftest import database, fresh_data, server

__all__ = ("database", "fresh_data", "play", "server")
PAY: Block = {"name": "pay", "match": "/pay", "stage": "legacy", "idempotency": "required"}
FREE: Block = {"name": "free", "match": "/free", "stage": "legacy"}
Serve = Callable[..., Awaitable[Proxy]]


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Connections]:
    made = Connections(database, patience=Patience(timeout=30.0, connect=30.0))
    yield made
    await made.close()


@pytest.fixture
def keys(connections: Connections) -> PostgresKeys:
    return PostgresKeys(connections)


@pytest.fixture
async def clerk(tmp_path: Path, keys: PostgresKeys) -> AsyncIterator[Clerk]:
    made = Clerk(tmp_path, KeyHandler(keys))
    await made.start()
    yield made
    await made.end()


@pytest.fixture
async def link(tmp_path: Path, clerk: Clerk) -> AsyncIterator[ClerkLink]:
    async with linked(ClerkLink(tmp_path)) as made:
        yield made


@pytest.fixture
async def serve(tmp_path: Path, link: ClerkLink) -> AsyncIterator[Serve]:
    """Starts a data plane with a route of the test's own, which asks the clerk by `link` or by one of its own."""
    number = count()
    async with AsyncExitStack() as stack:

        async def start(
            legacy: Scripted | int, *, apart: bool = False, new: Scripted | int = 1, **route: object
        ) -> Proxy:
            by = await stack.enter_async_context(linked(ClerkLink(tmp_path))) if apart else link
            snapshot = table(legacy, new, **route)
            proxy = await Proxy(tmp_path / f"{next(number)}.log").start(snapshot, clerk=by)
            stack.push_async_callback(proxy.stop)
            return proxy

        yield start


def table(legacy: Scripted | int, new: Scripted | int = 1, **route: object) -> Snapshot:
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    return snapshot_of(upstreams, [{**PAY, **route}, FREE], {"state": "embedded"})
