"""`python -m holds.state.bookings PORT FILE`: a side that books each request by its key, and answers a moment later.

Rule 1: what it did is in the file before it answers, whatever kills it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from aiohttp import web

LINGERS = 0.05
"""Seconds between doing and answering: in these somebody may be killed."""


async def serve(port: int, file: Path) -> None:
    """Until it is killed."""
    kept = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def book(request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"].strip('"')
        await request.read()
        os.write(kept, f"{key}\n".encode())
        await asyncio.sleep(LINGERS)
        return web.json_response({"booked": key}, status=201)

    application = web.Application()
    application.router.add_post("/{rest:.*}", book)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
