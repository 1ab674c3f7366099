"""A name server, and a resolver that asks it, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.names.server import NameServer


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Its book is empty: no name is there."""
    made = await NameServer().start()
    yield made
    await made.stop()


@pytest.fixture
def files(server: NameServer, tmp_path: Path) -> Files:
    """That server, two domains to search, and no hosts; both files may be written anew."""
    (tmp_path / "hosts").touch()
    return Files(server.resolv_conf(tmp_path / "resolv.conf", "search one.test two.test"), tmp_path / "hosts")


@pytest.fixture
async def resolver(files: Files) -> AsyncIterator[Resolver]:
    """One process's."""
    tasks = Tasks()
    made = Resolver(tasks, files)
    yield made
    await tasks.end()
    await made.close()
