"""How a system of the miniature comes up: on a free port of loopback, which it tells on stdout, until SIGTERM."""

from __future__ import annotations

import asyncio
import signal

from aiohttp import web

LOOPBACK = "127.0.0.1"


def listen(app: web.Application) -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the port."""
    asyncio.run(_listen(app))


async def _listen(app: web.Application) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0, shutdown_timeout=1.0).start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201  the parent reads it
    await ended.wait()
    await runner.cleanup()
