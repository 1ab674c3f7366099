"""The data plane of tests/edge, in front of real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from tests.edge.conftest import Play, Serve, play, pytest_asyncio_loop_factories, serve

__all__ = ["Play", "Serve", "play", "pytest_asyncio_loop_factories", "serve"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Web = Callable[..., Awaitable[int]]


@pytest.fixture
async def aiohttp_port() -> AsyncIterator[Web]:
    """Starts an aiohttp server whose every path is answered by one handler; its port."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> int:
            async def handle(request: web.Request) -> web.StreamResponse:
                return await handler(request)

            application = web.Application(client_max_size=1 << 30)
            application.router.add_route("*", "/{tail:.*}", handle)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            return int(runner.addresses[0][1])

        yield start
