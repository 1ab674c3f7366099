"""Tokens of 20 s from a metadata server that is away for 15 s of every minute, under load; and a clerk that hangs.

Rule 1: whatever happens, the upstream is never called with a token that has ended, nor without one.
Rule 2: who needs no token notices nothing.
Rule 3: a request is refused (503) only while no token is good, or was not for a moment yet.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from bench.machine import free_ports
from bench.table import Table
from holds.asking import Answer, Ask, Asker
from holds.family import Family, Log
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import running
from holds.progress import bar

LIFE, MINUTE, AWAY = 20.0, 60.0, 15.0
STANDS_STILL = 25.0
"""Seconds, longer than a token lives, for which the clerk is stopped (SIGSTOP) in the middle of a run; it may be taken
for hung, and replaced, before.
"""
LATEST = 2.5
"""Seconds before its end from which on a token need not be sent any more."""
KNOWN = 5.0
"""Seconds after which a token that was issued has come to the workers, on a busy machine."""
FLAVOR = {"Metadata-Flavor": "Google"}
Handler = Callable[[web.Request], Awaitable[web.Response]]
ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
workers: 1
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@", auth: { google_identity: { audience: legacy } } }
  plain: { url: "http://127.0.0.1:@LEGACY@" }
routes:
  - { name: legacy, match: /legacy/*, stage: legacy }
  - { name: plain, match: /plain/*, stage: legacy, legacy: plain }
"""


@dataclass(slots=True)
class Metadata:
    """The metadata server. `ends` of each token by its Authorization; `issued` are moments and ends, in order."""

    ends: dict[str, float] = field(default_factory=dict)
    issued: list[tuple[float, float]] = field(default_factory=list)
    began: float = field(default_factory=time.time)

    @property
    def is_away(self) -> bool:
        """In the last seconds of each minute of the run."""
        return (time.time() - self.began) % MINUTE >= MINUTE - AWAY

    async def answer(self, request: web.Request) -> web.Response:
        """As Google's, or 503."""
        if self.is_away:
            return web.Response(status=503)
        if not request.path.endswith("/identity"):
            return web.json_response({"email": "banyan@holds", "scopes": []}, headers=FLAVOR)
        now = time.time()
        claims = json.dumps({"aud": request.query["audience"], "iat": now, "exp": now + LIFE}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{len(self.issued):04}"
        self.ends[f"Bearer {token}"] = now + LIFE
        self.issued.append((now, now + LIFE))
        return web.Response(text=token, headers=FLAVOR)


@dataclass(slots=True)
class Called:
    """The upstream. `late` are calls with a token that has ended, `unknown` with none of ours."""

    metadata: Metadata
    good: int = 0
    late: int = 0
    unknown: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        """Whoever calls, in the words that the client looks for."""
        route, _, number = request.path[1:].partition("/")
        if route == "legacy":
            self._look(request.headers.get("Authorization", ""))
        return web.Response(text=f"{route} {number} 0 ")

    def _look(self, authorization: str) -> None:
        ends = self.metadata.ends.get(authorization)
        self.unknown += ends is None
        self.late += ends is not None and time.time() >= ends
        self.good += ends is not None and time.time() < ends


async def measure(seconds: float, rate: float) -> Finding:
    """Both routes at `rate` each for so long."""
    metadata = Metadata()
    called = Called(metadata)
    log = Log()
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        listen, admin, port, issuer = free_ports(4)
        site = Site(folder=Path(name), listen=listen, admin=admin, legacy=port, new=port)
        launch = launch_banyan(site, ROUTES, output=log.writing)
        launch = replace(launch, env={"GCE_METADATA_HOST": f"127.0.0.1:{issuer}"})
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_served(metadata.answer, issuer))
            await stack.enter_async_context(_served(called.answer, port))
            process = await stack.enter_async_context(running(launch))
            log.begin()
            family = Family(process.pid, log)
            await family.until_known()
            askers = [Asker(listen, (Ask("GET", route),), rate) for route in ("legacy", "plain")]
            metadata.began = time.time()
            offset = time.time() - time.monotonic()
            with bar("seconds", seconds) as drawn:
                stopping = asyncio.ensure_future(_stand_still(log, seconds / 2))
                ticking = asyncio.ensure_future(_tick(drawn.step))
                await asyncio.gather(*(asker.ask_for(seconds) for asker in askers))
                ticking.cancel()
                await stopping
    return _finding(metadata, called, askers[0].answers, askers[1].answers, offset, seconds)


@asynccontextmanager
async def _served(handler: Handler, port: int) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _tick(step: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(1.0)
        step()


async def _stand_still(log: Log, after: float) -> None:
    """The clerk, as on a host that takes its CPU away."""
    await asyncio.sleep(after)
    (pid,) = [int(str(each["pid"])) for each in log.named("process_started") if each["process"] == "clerk"]
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(STANDS_STILL)
    finally:
        with contextlib.suppress(ProcessLookupError):  # one that hangs is replaced
            os.kill(pid, signal.SIGCONT)


def _finding(
    metadata: Metadata, called: Called, legacy: list[Answer], plain: list[Answer], offset: float, seconds: float
) -> Finding:
    refused = [each for each in legacy if each.status == 503 and each.clear]
    wrong = [each for each in legacy if each.trouble and not (each.status == 503 and each.clear)]
    needless = [each for each in refused if _was_good(metadata, each.began + offset, each.ended + offset)]
    troubled = [each for each in plain if each.trouble]
    rows = (
        ("requests", str(len(legacy)), str(len(plain))),
        ("answered by the upstream", str(sum(not each.trouble for each in legacy)), str(len(plain) - len(troubled))),
        ("refused for want of a token (503)", str(len(refused)), "0"),
        ("tokens issued", str(len(metadata.issued)), ""),
    )
    title = f"{seconds:g} s, tokens of {LIFE:g} s, their source away for {AWAY:g} s of every {MINUTE:g}"
    checks = (
        Check(
            sentence="no call with a token that has ended, and none without one",
            holds=not called.late and not called.unknown and called.good > 0,
            seen=f"{called.good} calls, {called.late} late, {called.unknown} without",
        ),
        Check(
            sentence="no request is refused while a token is good",
            holds=not needless,
            seen=f"{len(needless)} of {len(refused)}",
        ),
        Check(
            sentence="nothing else becomes of a request",
            holds=not wrong,
            seen=", ".join(sorted({f"{each.trouble} {each.detail}"[:80] for each in wrong}))
            or f"{len(legacy)} requests",
        ),
        Check(
            sentence="who needs no token notices nothing",
            holds=not troubled,
            seen=f"{len(troubled)} of {len(plain)} failed",
        ),
    )
    table = Table(title=title, columns=("", "with `auth`", "without"), rows=rows)
    return Finding(suite="upstream-tokens", tables=(table,), checks=checks)


def _was_good(metadata: Metadata, began: float, ended: float) -> bool:
    """Whether a token could have been sent all the while: one that was issued for a while, and not close to its end."""
    return any(issued + KNOWN < began and ended < ends - LATEST for issued, ends in metadata.issued)
