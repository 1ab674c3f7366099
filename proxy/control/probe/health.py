"""Active health probes: how the endpoints of upstreams that name a `health` path answer.

Rule 1: a probe never decides which side serves; stages and splits do. Workers leave out an endpoint that is down.
Rule 2: each probe has its own connection and timeout, follows no redirect and reads no body.
Rule 3: below 400 is good, everything else bad; the first answer decides, later ones by so many in a row.
Rule 4: an upstream with `auth` is asked with the token that requests have; while there is none, nothing is found.
Rule 5: workers are told after every probe, and told how long that holds, so that silence means nothing for ever.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

import aiohttp
import structlog
import yarl

from proxy.control.probe.dry_run import DryRuns
from proxy.core.http.authority import normal_host
from proxy.core.routing.route import Endpoint, Health, Upstream
from proxy.core.routing.shadow import ACCEPTED, DRY_RUN
from proxy.core.upstream_auth.credential import Field, UpstreamCredentials
from proxy.link.messages import Probed
from proxy.names.connecting import connector_to
from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.tasks import RestartedTasks, Tasks
from proxy.tls.handshake_errors import sentence_of
from proxy.tls.live_contexts import UpstreamContext

MAX_AT_ONCE = 32
SILENCE = 3.0
"""Probes that may be missed before what was found holds no longer."""
TIMEOUT = 5.0
UNTIL_THERE_IS_A_TOKEN = 1.0
"""Seconds between two looks for one."""
_MAX_ERROR = 200
_log = structlog.get_logger()


class Status(StrEnum):
    """What the last probe found."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


_ORDER = (Status.UP, Status.UNKNOWN, Status.DOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamCondition:
    """`since` is when the status last changed; `error` says what the last probe met."""

    status: Status
    since: datetime
    error: str = ""


class Probes:
    """One probe task per endpoint of an upstream with `health`."""

    def __init__(
        self,
        tasks: RestartedTasks,
        now: Callable[[], datetime],
        tell: Callable[[Probed], None] = lambda _: None,
        timeout: float = TIMEOUT,
        files: Files | None = None,
        credentials: UpstreamCredentials | None = None,
    ) -> None:
        """Begin with no upstream; `now` is wall time, `timeout` the length in seconds that one probe may take.

        `files` say where names are looked up; None: the system's. `credentials` are those of upstreams with `auth`.
        """
        self._credentials = credentials or UpstreamCredentials()
        self._tasks = tasks
        self._now = now
        self._tell = tell
        self._timeout = timeout
        self._looking = Tasks()
        self._resolver = Resolver(self._looking, files)
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._probed: dict[str, tuple[Upstream, list[asyncio.Task[None]]]] = {}
        self._conditions: dict[tuple[str, Endpoint], UpstreamCondition] = {}
        self._streaks: dict[tuple[str, Endpoint], int] = {}
        self._dry_runs = DryRuns(tasks, self._accepts, tell)

    @property
    def conditions(self) -> Mapping[str, UpstreamCondition]:
        """By upstream name: that of the endpoint that is best off."""
        found: dict[str, UpstreamCondition] = {}
        for (name, _), condition in self._conditions.items():
            known = found.get(name)
            if known is None or _ORDER.index(condition.status) < _ORDER.index(known.status):
                found[name] = condition
        return found

    def condition_of(self, name: str, endpoint: Endpoint) -> UpstreamCondition | None:
        """That of one endpoint; None when it is not probed."""
        return self._conditions.get((name, endpoint))

    def follow(self, upstreams: Mapping[str, Upstream]) -> None:
        """Probe these from now on; an upstream that has not changed keeps its condition."""
        self._dry_runs.follow(upstreams)
        wanted = {name: each for name, each in upstreams.items() if each.health is not None}
        for name in [name for name, (upstream, _) in self._probed.items() if wanted.get(name) != upstream]:
            upstream, tasks = self._probed.pop(name)
            for task in tasks:
                task.cancel()
            for endpoint in upstream.endpoints:
                del self._conditions[name, endpoint]
                self._streaks.pop((name, endpoint), None)
        for name in wanted.keys() - self._probed.keys():
            self._probed[name] = wanted[name], [self._begin(wanted[name], each) for each in wanted[name].endpoints]

    def _begin(self, upstream: Upstream, endpoint: Endpoint) -> asyncio.Task[None]:
        self._conditions[upstream.name, endpoint] = UpstreamCondition(status=Status.UNKNOWN, since=self._now())
        name = f"probe {upstream.name}" + (f" {endpoint.text}" if upstream.more else "")
        return self._tasks.start(partial(self._watch, upstream, endpoint), name=name)

    async def close(self) -> None:
        """End all probes."""
        self.follow({})
        await self._looking.end()
        await self._resolver.close()

    async def _watch(self, upstream: Upstream, endpoint: Endpoint) -> None:
        health = upstream.health
        place = replace(upstream, host=endpoint.host, port=endpoint.port, more=())
        kept = await asyncio.to_thread(UpstreamContext, upstream.tls) if upstream.scheme == "https" else None
        while health is not None:
            if kept is not None:
                await asyncio.to_thread(kept.refresh)
            if not self._may_ask(upstream):
                await asyncio.sleep(min(health.every, UNTIL_THERE_IS_A_TOKEN))
                continue
            error = await self._ask(place, health, kept)
            status = self._note(upstream, endpoint, health, error)
            lasts = SILENCE * (health.every + self._timeout)
            self._tell(Probed(upstream.name, endpoint.text, status is not Status.DOWN, lasts))
            await asyncio.sleep(health.every)

    async def _ask(self, upstream: Upstream, health: Health, kept: UpstreamContext | None) -> str:
        """What is wrong, empty when nothing is; the one place where the client's exceptions end."""
        url = _url(upstream, health.path)
        sees = self._fields(upstream, ("GET", health.path), [("Host", health.host or upstream.authority)])
        try:
            async with (
                self._slots,
                asyncio.timeout(self._timeout),
                self._client(upstream) as client,
                client.get(url, headers=sees, allow_redirects=False, **_by_tls(kept, upstream)) as answer,
            ):
                return "" if answer.status < 400 else f"answered {answer.status}"
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _sentence(error, upstream)[:_MAX_ERROR]

    async def _accepts(self, upstream: Upstream, path: str, kept: UpstreamContext | None) -> bool:
        """Whether it says that it can dry-run (`proxy.control.probe.dry_run`)."""
        url = _url(upstream, path)
        name, _, asked = DRY_RUN.decode("ascii").partition(": ")
        if not self._may_ask(upstream):
            return False
        sees = self._fields(upstream, ("OPTIONS", path), [("Host", upstream.authority), (name, asked)])
        try:
            async with (
                self._slots,
                asyncio.timeout(self._timeout),
                self._client(upstream) as client,
                client.options(url, headers=sees, allow_redirects=False, **_by_tls(kept, upstream)) as answer,
            ):
                said = answer.headers.get(name, "").strip().lower()
                return answer.status < 400 and said == ACCEPTED.decode("ascii")
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return False

    def _may_ask(self, upstream: Upstream) -> bool:
        """Rule 4."""
        return upstream.auth is None or self._credentials.of(upstream.auth).is_good(self._now().timestamp())

    def _fields(self, upstream: Upstream, asked: tuple[str, str], fields: list[Field]) -> list[Field]:
        """With what it is called with; `asked` is method and target."""
        if upstream.auth is None:
            return fields
        return self._credentials.of(upstream.auth).fields_with(asked, fields, b"", self._now().timestamp())

    def _client(self, upstream: Upstream) -> aiohttp.ClientSession:
        """For one request (rule 2)."""
        return aiohttp.ClientSession(
            connector=connector_to(upstream, self._resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "banyan-health"},
        )

    def _note(self, upstream: Upstream, endpoint: Endpoint, health: Health, error: str) -> Status:
        """What the endpoint is now, by rule 3."""
        key = upstream.name, endpoint
        before = self._conditions[key]
        found = Status.DOWN if error else Status.UP
        streak = 0 if before.status is found else self._streaks.get(key, 0) + 1
        needed = health.unhealthy_after if error else health.healthy_after
        if before.status is not Status.UNKNOWN and 0 < streak < needed:
            self._streaks[key] = streak
            self._conditions[key] = UpstreamCondition(status=before.status, since=before.since, error=error)
            return before.status
        self._streaks[key] = 0
        since = before.since if before.status is found else self._now()
        self._conditions[key] = UpstreamCondition(status=found, since=since, error=error)
        if before.status is not found:
            say = _log.info if found is Status.UP else _log.warning
            what = {"upstream": upstream.name, "endpoint": endpoint.text}
            say("upstream_health_changed", **what, status=found.value, error=error)
        return found


def _url(upstream: Upstream, path: str) -> yarl.URL:
    """Over a socket, too, the client wants to know a host."""
    scheme = "http" if upstream.scheme == "http+unix" else upstream.scheme
    return yarl.URL(f"{scheme}://{upstream.authority}{path}", encoded=True)


def _by_tls(kept: UpstreamContext | None, upstream: Upstream) -> dict[str, Any]:
    """What aiohttp wants to know of TLS; OSError when the files of `tls` cannot be used."""
    return {} if kept is None else {"ssl": kept.to_use(), "server_hostname": _tls_name(upstream)}


def _tls_name(upstream: Upstream) -> str:
    """That of the probe's Host, where TLS follows it."""
    said = upstream.health.host if upstream.health is not None and upstream.follows_host else ""
    return (normal_host(said.encode("ascii")) or "").strip("[]") or upstream.tls_name


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
            return f"cannot connect to {upstream.where}: {os.strerror(number)}"
        case aiohttp.ClientConnectorError(os_error=cause):  # name resolution: its numbers are not the system's
            return f"cannot connect to {upstream.where}: {cause.strerror or cause}"
        case _:
            return str(error) or type(error).__name__
