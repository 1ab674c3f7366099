"""Upstreams and authorities of a test's own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.edge.authority import Authority
from tests.edge.scripted import Script, Scripted, always, sized

OK = always(sized(b"ok"))
Behind = Callable[..., Awaitable[Scripted]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One that signs for the upstream."""
    return Authority(tmp_path / "tls")


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    """Starts upstreams, behind TLS where a context is given."""
    async with AsyncExitStack() as stack:

        async def start(tls: ssl.SSLContext | None = None, script: Script = OK) -> Scripted:
            started = await Scripted(script).start(tls)
            stack.push_async_callback(started.stop)
            return started

        yield start
