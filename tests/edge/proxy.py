"""The data plane of one worker, in the test's own loop: a table as a dictionary in; a port, log and counters out."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from proxy.app import socket_file
from proxy.config.load import Loaded, load_text
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.client.downstream import Downstream
from proxy.edge.data_plane import DataPlane
from proxy.edge.instance import Here, draw_instance
from proxy.edge.steps.step_kind import Clerk
from proxy.edge.translator.translator_link import Translator
from proxy.edge.upstream.pool import Pool
from proxy.link.messages import FailureDelta, RouteDelta
from proxy.log import Sink
from proxy.names.files import Files
from proxy.tls.live_contexts import ListenerContexts
from tests.edge.message import Message
from tests.edge.raw_client import Client
from tests.edge.scripted import Scripted, abort
from tests.waiting import until

Block = dict[str, object]
"""A block of the table; JSON is YAML."""
PATIENT: Block = {"connect": "30s", "queue": "30s", "response": "2m"}
REST: Block = {"name": "rest", "match": "/**", "stage": "legacy"}


def upstream(where: Scripted | int, **more: object) -> Block:
    """An upstream's block: where it listens, and any other key; what a test does not bound outlasts a busy machine."""
    port = where if isinstance(where, int) else where.port
    own = cast("Block", more.pop("timeout", {}))
    return {"url": f"http://127.0.0.1:{port}", "timeout": {**PATIENT, **own}, "keep_alive": "1m", **more}


def snapshot_of(upstreams: dict[str, Block], routes: list[Block], top: Block, folder: Path = Path()) -> Snapshot:
    """The table as the configuration reads it; files that it names are in `folder`."""
    table = {"version": 1, "listen": "127.0.0.1:0", "upstreams": upstreams, "routes": routes, **top}
    loaded = load_text(json.dumps(table), str(folder / "routes.yaml"), {})
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot


class Proxy:
    """A running listener. Keyword arguments beside `routes` are keys at the top of the table, such as `limits`."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._sink = Sink(self._descriptor)
        self._clients: list[Client] = []
        self.listener: DataPlane
        self.port = 0

    async def start(
        self,
        snapshot: Snapshot,
        send: int = 0,
        files: Files | None = None,
        path: Path | None = None,
        clerk: Clerk | None = None,
        translator: Translator | None = None,
    ) -> Proxy:
        """Listen on a free port of loopback, or on a socket at `path`; `files` say where names are looked up.

        `send` bounds what the system takes for a client that does not read; steps ask `clerk` and `translator`.
        """
        sock = socket.create_server(("127.0.0.1", 0)) if path is None else socket_file.listen(path)
        at = (sock.getsockname(),) if path is None else ()
        here = Here(draw_instance(), at)
        log = AccessLogWriter(self._sink, console=False)
        self.listener = DataPlane(snapshot, log, files=files, here=here, clerk=clerk, translator=translator)
        if send:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send)
        self.port = sock.getsockname()[1] if path is None else 0
        await self.listener.start(sock, None if snapshot.tls is None else ListenerContexts(snapshot.tls))
        return self

    async def client(
        self, *, source: str = "127.0.0.1", receive: int = 0, tls: ssl.SSLContext | None = None, name: str = "localhost"
    ) -> Client:
        """A new connection from `source`; `receive` bounds what the system takes in for it unread; `name` is TLS's."""
        sock = socket.socket()
        sock.setblocking(False)  # noqa: FBT003
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.bind((source, 0))
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except OSError:
            sock.close()
            raise
        asked = None if tls is None else name
        client = Client(*await asyncio.open_connection(sock=sock, limit=1 << 20, ssl=tls, server_hostname=asked))
        self._clients.append(client)
        return client

    async def ask(self, request: bytes) -> Message:
        """One request on a connection of its own."""
        client = await self.client()
        answer = await client.ask(request)
        client.close()
        return answer

    def install(self, upstreams: dict[str, Block], routes: list[Block], **top: object) -> None:
        """A reload."""
        self.listener.install(snapshot_of(upstreams, routes, top))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until `condition()` holds."""
        await until(condition)

    async def lines(self, count: int) -> list[dict[str, Any]]:
        """The canonical lines, once there are `count` of them."""
        await self.until(lambda: len(self.raw_lines()) >= count)
        lines = [json.loads(line) for line in self.raw_lines()]
        assert len(lines) == count, lines
        return lines

    def raw_lines(self) -> list[bytes]:
        """What stands in the log once everything is handed over."""
        self.listener.access_log.flush()
        return self.written()

    def written(self) -> list[bytes]:
        """What stands in the log by itself."""
        return self._log.read_bytes().splitlines()

    def counted(self) -> tuple[list[RouteDelta], list[FailureDelta]]:
        """The counters' increments since the last call."""
        return self.listener.counters.take()

    @property
    def clients(self) -> list[Downstream]:
        """The connected clients, seen from within."""
        return [cast("Downstream", each) for each in self.listener._clients]

    def pool(self, name: str = "legacy") -> Pool:
        """An upstream's pool."""
        return self.listener._pools[name]

    def idle(self, name: str = "legacy") -> int:
        """Connections to an upstream that wait to be used."""
        return sum(len(each.idle) for each in self.pool(name).addresses)

    @property
    def buffered(self) -> int:
        """Bytes that the proxy's own transports hold, towards clients and upstreams."""
        asked = [each.exchange._connection for each in self.clients if each.exchange is not None]
        transports = [each.transport for each in self.clients] + [each.transport for each in asked if each is not None]
        return sum(each.get_write_buffer_size() for each in transports)

    @property
    def connections(self) -> int:
        """Clients that are connected."""
        return self.listener.counters.connections.value

    async def stop(self) -> None:
        """End it and everything that a test has opened towards it."""
        for client in self._clients:
            abort(client.writer.transport)
        await self.listener.stop()
        self._sink.close()
        os.close(self._descriptor)
