"""A service that is released under load: the next release listens on the socket of the one before, which drains."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket

from aiohttp import web

SOCKET = "STORY_SOCKET"
"""Of the environment: the descriptor of the socket on which a service listens."""
DRAINS = 1.0
"""Seconds in which what it has accepted last is read."""


def listening_socket(port: int, address: str = "127.0.0.1") -> socket.socket:
    """For `SOCKET` of each release in turn."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(256)
    return listener


async def serve_until_ended(application: web.Application) -> None:
    """Until SIGTERM or SIGINT; says `listening` when it does, for which whoever started it waits."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as stack:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=30)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.SockSite(runner, socket.socket(fileno=int(os.environ[SOCKET])))
        await site.start()
        print("listening", flush=True)  # noqa: T201 -- whoever started it waits for this
        await ended.wait()
        await site.stop()
        await asyncio.sleep(DRAINS)
