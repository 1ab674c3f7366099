"""Active health probes: how upstreams that name a `health` path answer, for people and dashboards.

Rule 1: a probe never decides who serves; stages and splits do.
Rule 2: each probe has its own connection and timeout, follows no redirect and reads no body.
Rule 3: below 400 is up, everything else is down, and nothing is said before the first answer.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

import aiohttp
import structlog
import yarl

from proxy.core.route import Upstream
from proxy.tls.kept import ForUpstream
from proxy.tls.sentence import sentence_of

MAX_AT_ONCE = 32
TIMEOUT = 5.0
_MAX_ERROR = 200
_log = structlog.get_logger()


class Status(StrEnum):
    """What the last probe found."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`since` is when the status last changed; `error` says what the last probe met."""

    status: Status
    since: datetime
    error: str = ""


class Background(Protocol):
    """Starts tasks, keeps them and starts those anew that die; `proxy.app` brings it."""

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> asyncio.Task[None]:
        """Run `work` in the background."""


class Probes:
    """One probe task per upstream with `health`."""

    def __init__(self, background: Background, now: Callable[[], datetime], timeout: float = TIMEOUT) -> None:
        """Begin with no upstream; `now` is wall time, `timeout` the length in seconds that one probe may take."""
        self._background = background
        self._now = now
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._probed: dict[str, tuple[Upstream, asyncio.Task[None]]] = {}
        self._conditions: dict[str, Condition] = {}

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """By upstream name; a copy."""
        return self._conditions.copy()

    def follow(self, upstreams: Mapping[str, Upstream]) -> None:
        """Probe these from now on; an upstream that has not changed keeps its condition."""
        wanted = {name: each for name, each in upstreams.items() if each.health is not None}
        for name in [name for name, (upstream, _) in self._probed.items() if wanted.get(name) != upstream]:
            self._probed.pop(name)[1].cancel()
            del self._conditions[name]
        for name in wanted.keys() - self._probed.keys():
            self._conditions[name] = Condition(status=Status.UNKNOWN, since=self._now())
            task = self._background.start(partial(self._watch, wanted[name]), name=f"probe {name}")
            self._probed[name] = wanted[name], task

    async def close(self) -> None:
        """End all probes."""
        self.follow({})
        if self._session is not None:
            await self._session.close()

    async def _watch(self, upstream: Upstream) -> None:
        health = upstream.health
        kept = await asyncio.to_thread(ForUpstream, upstream.tls) if upstream.scheme == "https" else None
        while health is not None:
            if kept is not None:
                await asyncio.to_thread(kept.refresh)
            error = await self._ask(upstream, health.path, kept)
            self._note(upstream, Status.DOWN if error else Status.UP, error)
            await asyncio.sleep(health.every)

    async def _ask(self, upstream: Upstream, path: str, kept: ForUpstream | None) -> str:
        """What is wrong, empty when nothing is; the one place where the client's exceptions end."""
        url = yarl.URL(f"{upstream.scheme}://{upstream.authority}{path}", encoded=True)
        try:
            async with (
                self._slots,
                asyncio.timeout(self._timeout),
                self._client().get(url, allow_redirects=False, **_by_tls(kept, upstream)) as answer,
            ):
                return "" if answer.status < 400 else f"answered {answer.status}"
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _sentence(error, upstream)[:_MAX_ERROR]

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_AT_ONCE, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                headers={"User-Agent": "banyan-health"},
            )
        return self._session

    def _note(self, upstream: Upstream, status: Status, error: str) -> None:
        before = self._conditions[upstream.name]
        since = before.since if before.status is status else self._now()
        self._conditions[upstream.name] = Condition(status=status, since=since, error=error)
        if before.status is not status:
            say = _log.info if status is Status.UP else _log.warning
            say("upstream_health_changed", upstream=upstream.name, status=status.value, error=error)


def _by_tls(kept: ForUpstream | None, upstream: Upstream) -> dict[str, Any]:
    """What aiohttp wants to know of TLS; OSError when the files of `tls` cannot be used."""
    return {} if kept is None else {"ssl": kept.to_use(), "server_hostname": upstream.tls_name}


def _sentence(error: Exception, upstream: Upstream) -> str:
    """What an operator reads; aiohttp's own words where they are plain enough."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return sentence_of(error.certificate_error, upstream)
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() as cause):
            return sentence_of(cause, upstream)
        case aiohttp.ClientSSLError():
            return str(error)
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))) if number > 0:
            return f"cannot connect to {upstream.authority}: {os.strerror(number)}"
        case aiohttp.ClientConnectorError(os_error=cause):  # name resolution: its numbers are not the system's
            return f"cannot connect to {upstream.authority}: {cause.strerror or cause}"
        case _:
            return str(error) or type(error).__name__
