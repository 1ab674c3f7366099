"""How a system of the miniature serves: on a listening socket that its parent has bound and handed down, until SIGTERM.

So its address is known before it is up, and who calls meanwhile waits in the socket's queue.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

from aiohttp import web

UP = "listening"
"""What a system says once it takes connections."""


def listen(app: web.Application, descriptor: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    asyncio.run(_listen(app, socket.socket(fileno=descriptor)))


async def _listen(app: web.Application, bound: socket.socket) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    sys.stdout.write(f"{UP}\n")
    sys.stdout.flush()
    await ended.wait()
    await runner.cleanup()
