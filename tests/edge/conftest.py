"""A data plane and scripted upstreams for each test, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from proxy.edge.translator.translator_link import Translator
from proxy.names.files import Files
from tests.edge.loops import FACTORIES
from tests.edge.proxy import REST, Block, Proxy, snapshot_of, upstream
from tests.edge.scripted import Script, Scripted

Play = Callable[[Script], Awaitable[Scripted]]
Serve = Callable[..., Awaitable[Proxy]]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops for the tests that ask for them, uvloop for the others."""
    marker = item.get_closest_marker("asyncio")
    return FACTORIES if marker is not None and marker.kwargs else {"uvloop": FACTORIES["uvloop"]}


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Starts upstreams, each from a script."""
    async with AsyncExitStack() as stack:

        async def start(script: Script) -> Scripted:
            started = await Scripted(script).start()
            stack.push_async_callback(started.stop)
            return started

        yield start


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts a proxy before a legacy upstream, or with upstreams and routes of the test's own."""
    number = count()
    async with AsyncExitStack() as stack:

        async def start(  # noqa: PLR0913 -- by name
            legacy: Scripted | int = 1,
            *,
            upstreams: dict[str, Block] | None = None,
            routes: list[Block] | None = None,
            route: Block | None = None,
            waits: dict[str, str] | None = None,
            send: int = 0,
            files: Files | None = None,
            path: Path | None = None,
            translator: Translator | None = None,
            beside: Path = Path(),
            **top: object,
        ) -> Proxy:
            own = {"legacy": upstream(legacy, timeout=waits or {})}
            snapshot = snapshot_of(upstreams or own, routes or [{**REST, **(route or {})}], top, beside)
            proxy = await Proxy(tmp_path / f"{next(number)}.log").start(
                snapshot, send, files, path, translator=translator
            )
            stack.push_async_callback(proxy.stop)
            return proxy

        yield start
