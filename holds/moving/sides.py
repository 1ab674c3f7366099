"""Two sides whose answers carry a time and a random id, and what may be wrong with new's.

Rule 1: whatever a test does not plant is equal on both sides, but for what two servers never say alike: the time of the
        answer, in milliseconds, and its id, a random UUID.
Rule 2: what is wrong is wrong of the same requests each time, so that a request which comes again says the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.Response]]
SHADOW = "X-Banyan-Shadow"
DRY_RUN = "X-Banyan-Dry-Run"
WRONG_SHARE = 0.03
_STORED = datetime(2025, 3, 1, tzinfo=UTC).timestamp()


class Fault(StrEnum):
    """What is wrong with new: 3 % of the values; its clock where legacy has a stored time; live answers; writes."""

    NONE = "none"
    VALUES = "values"
    CLOCK = "clock"
    LIVE = "live"
    WRITES = "writes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as far as an answer depends on it."""

    method: str
    path: str
    shadow: bool
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side. `equal`: without the time and the id of the answer. `fault`: NONE on legacy."""

    name: str
    fault: Fault = Fault.NONE
    equal: bool = False

    def body(self, asked: Asked) -> dict[str, object]:
        """What it answers."""
        number = int.from_bytes(sha256(asked.path.encode()).digest()[:6], "big")
        said: dict[str, object] = {
            "id": asked.path.rpartition("/")[2],
            "name": "alice" if number % 2 else "bert",
            "total": number % 9_000 + 1_000,
            "created_at": _text(_STORED + number % 30_000_000),
            "state": "accepted" if asked.method == "POST" else "shipped",
        }
        self._spoil(said, number, asked)
        if not self.equal:
            said |= {"generated_at": _text(asked.now), "answer_id": str(uuid.uuid4())}
        return said

    def _spoil(self, said: dict[str, object], number: int, asked: Asked) -> None:
        match self.fault:
            case Fault.VALUES if number % 10_000 < WRONG_SHARE * 10_000:
                said["total"] = number % 9_000 + 10_000
            case Fault.CLOCK:
                said["created_at"] = _text(asked.now)
            case Fault.LIVE if not asked.shadow:
                said["name"] = "eve"
            case Fault.WRITES if asked.method == "POST":
                said["state"] = "refused"
            case _:
                return

    async def answer(self, request: web.Request) -> web.Response:
        """One request; a dry run, and the question whether it can do one, are accepted."""
        await request.read()
        now = datetime.now(UTC).timestamp()
        asked = Asked(method=request.method, path=request.path, shadow=SHADOW in request.headers, now=now)
        dry = {DRY_RUN: "accepted"} if DRY_RUN in request.headers else {}
        return web.Response(text=json.dumps(self.body(asked)), content_type="application/json", headers=dry)


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@asynccontextmanager
async def served(*sides: Side) -> AsyncIterator[list[int]]:
    """The ports on which they listen."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(listening(side.answer)) for side in sides]


@asynccontextmanager
async def listening(answer: Answer) -> AsyncIterator[int]:
    """A server of every path on a free port of loopback; the port."""
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
