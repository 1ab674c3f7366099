"""A process that keeps an embedded PostgreSQL as Banyan's control process does: DIRECTORY PROGRAMS MAJOR USER.

Says `ready ADDRESS` when the server takes connections, and ends it on SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from proxy.store.embedded.binaries import Binaries
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.tasks import Tasks


def become(user: int) -> None:
    """From here on somebody else, who could perhaps not start this interpreter."""
    if user != os.geteuid():
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


async def main(directory: str, folder: str, major: str) -> None:
    binaries = Binaries(folder=Path(folder), major=int(major))
    embedded = Embedded(Path(directory), binaries=binaries, durable=False, patience=120.0)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await embedded.start()
    tasks = Tasks()
    tasks.start(embedded.keep(0.05), name="keep")
    with contextlib.suppress(BrokenPipeError):
        print("ready", embedded.address, flush=True)
    await stopping.wait()
    await tasks.end()
    await embedded.stop()


asyncio.run(asyncio.to_thread(int))  # loads what is loaded late, while it can be read
become(int(sys.argv[4]))
asyncio.run(main(*sys.argv[1:4]))
