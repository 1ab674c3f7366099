"""Control tells a note over its socket, and what a worker does with it is printed by its log."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from time import monotonic
from typing import Any, cast

from proxy.app.worker import Worker
from proxy.control.fleet.links import Links
from proxy.control.traffic.ledger import Ledger
from proxy.link.messages import Table, read_to_worker
from proxy.link.reconnecting import ControlLink


async def _main(path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    links = Links(Ledger(monotonic), Table("r", b""))
    await links.serve(listening)
    linked, noted = asyncio.Event(), asyncio.Event()

    def hear(body: bytes) -> None:
        linked.set()
        if type(read_to_worker(body)).__name__ == "Note":
            Worker._hear(cast("Any", None), body)
            noted.set()

    link = ControlLink(path, 1024, lambda: None, hear)
    running = asyncio.ensure_future(link.run())
    await linked.wait()
    links.note("the night shift begins")  # type: ignore[attr-defined]
    await noted.wait()
    running.cancel()
    await links.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
