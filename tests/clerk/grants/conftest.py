"""A provider for all tests of the fence, a database and two replicas for each."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.clerk.grants.desks import Desk, desk
from tests.clerk.grants.provider import Provider
from tests.store.conftest import database, server

__all__ = ["database", "server"]


@pytest.fixture(scope="session")
def running_provider() -> Iterator[Provider]:
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        found = Provider(Path(folder)).start()
        yield found
        found.stop()


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """Whole again, whatever the last test broke."""
    running_provider.break_(grace=0)
    return running_provider


@pytest.fixture
async def one(database: str, provider: Provider, tmp_path: Path) -> AsyncIterator[Desk]:
    made = desk(database, tmp_path / "one", provider.port)
    yield made
    await made.close()


@pytest.fixture
async def two(database: str, provider: Provider, tmp_path: Path) -> AsyncIterator[Desk]:
    made = desk(database, tmp_path / "two", provider.port)
    yield made
    await made.close()
