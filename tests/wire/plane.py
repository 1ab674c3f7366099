"""A data plane in this process: a listener on a free port, its canonical lines, and what went wrong in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple, TypeVar

import structlog
import uvloop

from proxy.config.load import Loaded, load_text
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.data_plane import DataPlane
from proxy.log import Sink
from tests.wire.recorder import listening

T = TypeVar("T")
ROUTES = """
version: 1
listen: 127.0.0.1:1
admin: 127.0.0.1:2
limits: { %(limits)s }
upstreams:
  legacy: { url: "http://127.0.0.1:%(legacy)d", breaker: { enabled: false }, %(upstream)s }
  new: { url: "http://127.0.0.1:%(new)d", breaker: { enabled: false }, %(upstream)s }
routes:
  - { name: admin, match: "/admin/**", respond: { status: 403 } }
  - { name: admin-root, match: /admin, respond: { status: 403 } }
  - { name: api2, match: "/api/v2/**", stage: live }
  - { name: ws, match: /ws/new, stage: live, upgrades: [websocket] }
  - { name: rest, match: "/**", stage: legacy }
"""


class Lines(Sink):
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.data = b""

    def put(self, data: bytes, lines: int = 1) -> None:
        del lines
        self.data += data


class Line(NamedTuple):
    """What a canonical line says of one request; `forwarded` is False when Banyan answered without an upstream."""

    method: str
    target: str
    status: int
    received: int
    request_id: str
    forwarded: bool
    failure: str


class Plane:
    """A served snapshot."""

    def __init__(self, listener: DataPlane, lines: Lines, port: int) -> None:
        self.listener = listener
        self.port = port
        self._lines = lines

    async def settled(self) -> None:
        """Let what was sent be read; for the rare case in which no answer tells."""
        await asyncio.sleep(0.05)

    @property
    def log(self) -> bytes:
        """The canonical lines as written."""
        self.listener.access_log.flush()
        return self._lines.data

    @property
    def lines(self) -> list[Line]:
        """The canonical lines, probes left out."""
        return self.lines_since(0)

    def lines_since(self, start: int) -> list[Line]:
        """The same from a place in the log on."""
        return [read for each in self.log[start:].splitlines() if not (read := _read(each)).target.endswith("/probe")]


def _read(line: bytes) -> Line:
    said = json.loads(line)
    return Line(
        method=said["method"],
        target=said["target"],
        status=said["status"],
        received=said["received"],
        request_id=said["request_id"],
        forwarded=said["side"] != "self",
        failure=said.get("failure", ""),
    )


def snapshot_for(legacy: int, new: int, *, upstream: str = "", limits: str = "", text: str = ROUTES) -> Snapshot:
    """The routes of the cases; `upstream` and `limits` are more keys for these blocks, in YAML's flow style."""
    said = {"legacy": legacy, "new": new, "upstream": upstream, "limits": limits or "head: 60s"}
    loaded = load_text(text % said, "routes.yaml", {})
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot


@asynccontextmanager
async def serving(snapshot: Snapshot) -> AsyncIterator[Plane]:
    """Serve it on a free port."""
    lines = Lines()
    sock = listening()
    listener = DataPlane(snapshot, AccessLogWriter(lines, console=False))
    await listener.start(sock)
    try:
        yield Plane(listener, lines, sock.getsockname()[1])
    finally:
        await listener.stop()


@contextmanager
def troubles() -> Iterator[list[str]]:
    """What the data plane logs as an error of its own, and what the loop catches; to be empty."""
    found: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _, context: found.append(f"{context.get('message')}: {context.get('exception')!r}")
    )
    with structlog.testing.capture_logs() as events:
        try:
            yield found
        finally:
            loop.set_exception_handler(None)
            found += [str(event) for event in events if event["log_level"] in ("error", "critical")]


def on_uvloop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on a loop as the product's workers have it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())
