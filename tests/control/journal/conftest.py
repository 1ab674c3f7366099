"""A journal in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from proxy.store.postgres.connections import Connections
from proxy.store.postgres.journal import PostgresJournal
from tests.store.conftest import database, fresh_data, server
from tests.store.waiting import PATIENT

__all__ = ("database", "fresh_data", "server")


@pytest.fixture
async def journal(database: str) -> AsyncIterator[PostgresJournal]:
    connections = Connections(database, patience=PATIENT)
    yield PostgresJournal(connections, "clerk")
    await connections.close()
