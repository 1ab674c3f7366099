"""A data plane in a process of its own, for what is set once per process: which authorities are trusted.

Each line of standard input is a table in JSON, served from then on and answered with the port; its end is the end.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys

import uvloop

from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.data_plane import DataPlane
from proxy.log import Sink
from tests.edge.proxy import snapshot_of


async def carry() -> None:
    """Serve the tables."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    listener = DataPlane(snapshot_of({}, [{"name": "none", "match": "/", "respond": {"status": 404}}], {}), _quiet())
    sock = socket.create_server(("127.0.0.1", 0))
    await listener.start(sock)
    while line := await reader.readline():
        table = json.loads(line)
        listener.install(snapshot_of(table["upstreams"], table["routes"], {}))
        print(sock.getsockname()[1], flush=True)
    await listener.stop()


def _quiet() -> AccessLogWriter:
    return AccessLogWriter(Sink(2), console=False)


if __name__ == "__main__":
    factory = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}[sys.argv[1]]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(carry())
