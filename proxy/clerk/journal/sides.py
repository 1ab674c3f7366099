"""How the clerk asks upstreams: writes, and whether they take such as were done before.

Rule 1: an endpoint is sent a write marked as done before only while it has agreed to it, here, within the last minute.
        Anything but a clear yes is a no, and a no counts at once.
Rule 2: a request is sent as it stands: no redirect is followed, no field is added but those of its framing, and what an
        upstream with `auth` is called with. Without a token for that nothing is sent.
Rule 3: what an answer brings is read up to a bound, and then cut.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic, time
from typing import Any

import aiohttp
import structlog
import yarl

from proxy.core.journal.intent import StoredRequest
from proxy.core.journal.writes import REPLAY, REPLAY_ACCEPTED, REPLAY_NAME
from proxy.core.routing.route import Endpoint, HostMode, Upstream
from proxy.core.upstream_auth.credential import Field, UpstreamCredentials
from proxy.names.connecting import connector_to
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from proxy.tls.live_contexts import UpstreamContext

EVERY = 10.0
AGREED_FOR = 60.0
"""Seconds between two questions whether a side agrees, and for which its yes holds."""
PATIENCE = 5.0
"""Seconds that it has to answer them."""
_MAX_SAID = 200
_SKIPPED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Fields that the client would add by itself."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SideAnswer:
    """`status` 0: none came, and `said` has the reason; `was_sent`: the request may have arrived."""

    status: int
    said: str = ""
    content_type: bytes = b""
    body: bytes = b""
    was_sent: bool = True

    @property
    def reason(self) -> str:
        """`said` without anything of the answer's body, which may be about somebody."""
        return f"answered {self.status}" if self.status else self.said


NO_ANSWER = SideAnswer(0)


class Sides:
    """The upstreams of one table that routes with `writes` name."""

    def __init__(self, resolver: Resolver, tasks: Tasks, credentials: UpstreamCredentials | None = None) -> None:
        """None yet; to be made inside the running loop. `credentials` are those of upstreams with `auth`."""
        self._credentials = credentials or UpstreamCredentials()
        self._resolver = resolver
        self._tasks = tasks
        self._clients: dict[tuple[str, Endpoint], aiohttp.ClientSession] = {}
        self._upstreams: dict[str, Upstream] = {}
        self._contexts: dict[str, UpstreamContext] = {}
        self._agreed: dict[tuple[str, Endpoint], float] = {}
        self._changed = asyncio.Event()
        self._turn = 0

    def follow(self, upstreams: Mapping[str, Upstream]) -> None:
        """These from now on; what has changed has agreed to nothing yet."""
        changed = {name for name, each in self._upstreams.items() if upstreams.get(name) != each}
        self._contexts = {name: each for name, each in self._contexts.items() if name not in changed}
        self._agreed = {place: until for place, until in self._agreed.items() if place[0] not in changed}
        self._upstreams = dict(upstreams)
        for place in [place for place in self._clients if place[0] in changed]:
            self._tasks.start(self._clients.pop(place).close(), name="side closed")
        self._changed.set()

    async def keep_asking(self) -> None:
        """Whether they agree; run it in the background."""
        while True:
            self._changed.clear()
            await self.ask()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._changed.wait()

    async def ask(self) -> None:
        """All of them, at once."""
        for name, upstream in self._upstreams.items():
            if (context := self._contexts.get(name)) is not None:
                await asyncio.to_thread(context.refresh)
            elif upstream.scheme == "https":
                self._contexts[name] = await asyncio.to_thread(UpstreamContext, upstream.tls)
        places = [(upstream, place) for upstream in self._upstreams.values() for place in upstream.endpoints]
        await asyncio.gather(*(self._ask(upstream, place) for upstream, place in places if upstream.applies))

    async def _ask(self, upstream: Upstream, place: Endpoint) -> None:
        agrees = await self._agrees(upstream, place)
        before = self._agreed.get((upstream.name, place), 0.0) > monotonic()
        self._agreed[upstream.name, place] = monotonic() + AGREED_FOR if agrees else 0.0
        if agrees is not before:
            say = _log.info if agrees else _log.warning
            say("replay_handshake", upstream=upstream.name, endpoint=place.text, accepts=agrees)

    async def _agrees(self, upstream: Upstream, place: Endpoint) -> bool:
        asked = self._fields(
            upstream, ("OPTIONS", upstream.applies), [("Host", upstream.authority), (REPLAY_NAME, REPLAY)]
        )
        if asked is None:
            return False
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._client(upstream, place).options(
                    _url(upstream, upstream.applies), headers=asked, allow_redirects=False, **self._by_tls(upstream)
                ) as answer,
            ):
                said = answer.headers.get(REPLAY_NAME, "").strip().lower()
                return answer.status < 400 and said == REPLAY_ACCEPTED
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return False

    def agreed(self, name: str) -> tuple[Endpoint, ...]:
        """Endpoints that have, lately (rule 1)."""
        upstream, now = self._upstreams.get(name), monotonic()
        places = () if upstream is None else upstream.endpoints
        return tuple(place for place in places if self._agreed.get((name, place), 0.0) > now)

    def places(self, name: str) -> tuple[Endpoint, ...]:
        """All of its endpoints."""
        upstream = self._upstreams.get(name)
        return () if upstream is None else upstream.endpoints

    async def send(
        self, name: str, places: tuple[Endpoint, ...], request: StoredRequest, seconds: float, most: int
    ) -> SideAnswer:
        """To one of these places of the upstream; `most` bytes of the answer are of interest."""
        upstream = self._upstreams.get(name)
        if upstream is None or not places:
            return SideAnswer(0, f"no endpoint of {name} may be asked", was_sent=False)
        self._turn += 1
        place = places[self._turn % len(places)]
        fields = [
            (_text(key), _text(value.strip())) for key, _, value in (line.partition(b":") for line in request.lines)
        ]
        if upstream.host_mode is HostMode.UPSTREAM:
            fields = [("Host", upstream.authority), *(each for each in fields if each[0].lower() != "host")]
        asked = _text(request.method), _text(request.target)
        ready = self._fields(upstream, asked, fields, request.body)
        if ready is None:
            return SideAnswer(0, f"there is no token to ask {name} with", was_sent=False)
        try:
            async with (
                asyncio.timeout(seconds),
                self._client(upstream, place).request(
                    asked[0],
                    _url(upstream, asked[1]),
                    headers=ready,
                    data=request.body or None,
                    skip_auto_headers=_SKIPPED,
                    allow_redirects=False,
                    **self._by_tls(upstream),
                ) as answer,
            ):
                body = await _read(answer, most)
                media = answer.headers.get("Content-Type", "").encode("latin-1", "replace")
                return SideAnswer(answer.status, _said(answer.status, body), media, body)
        except TimeoutError:
            return SideAnswer(0, f"no answer within {seconds:g} s")
        except aiohttp.ClientConnectorError as error:
            return SideAnswer(0, f"cannot connect to {place.text}: {error.os_error.strerror}", was_sent=False)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return SideAnswer(0, (str(error) or type(error).__name__)[:_MAX_SAID])

    def _fields(
        self, upstream: Upstream, asked: tuple[str, str], fields: list[Field], body: bytes = b""
    ) -> list[Field] | None:
        """As whom it is called, where it has `auth`; None: there is no token for that now. `asked`: method, target."""
        if upstream.auth is None:
            return fields
        credential = self._credentials.of(upstream.auth)
        now = time()
        if not credential.is_good(now):
            return None
        if not any(name.lower() == "host" for name, _ in fields):
            fields = [("Host", upstream.authority), *fields]
        return credential.fields_with(asked, fields, body, now)

    def _client(self, upstream: Upstream, place: Endpoint) -> aiohttp.ClientSession:
        found = self._clients.get((upstream.name, place))
        if found is None:
            at = replace(upstream, host=place.host, port=place.port, more=())
            found = self._clients[upstream.name, place] = aiohttp.ClientSession(
                connector=connector_to(at, self._resolver, upstream.keep_alive),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        return found

    async def close(self) -> None:
        """End all connections."""
        while self._clients:
            await self._clients.popitem()[1].close()

    def _by_tls(self, upstream: Upstream) -> dict[str, Any]:
        """OSError while the files of `tls` were not read, or cannot be used."""
        if upstream.scheme != "https":
            return {}
        context = self._contexts.get(upstream.name)
        if context is None:
            raise OSError("its TLS was not set up yet")
        return {"ssl": context.to_use(), "server_hostname": upstream.tls_name}


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """Rule 3."""
    parts: list[bytes] = []
    left = most
    async for part in answer.content.iter_any():
        parts.append(part[:left])
        left -= len(part)
        if left <= 0:
            answer.close()
            break
    return b"".join(parts)


def _said(status: int, body: bytes) -> str:
    text = body[:_MAX_SAID].decode("utf-8", "replace").strip()
    return f"answered {status}" + (f": {text}" if text and status >= 300 else "")


def _url(upstream: Upstream, target: str) -> yarl.URL:
    """Over a socket, too, the client wants to know a host."""
    scheme = "http" if upstream.scheme == "http+unix" else upstream.scheme
    return yarl.URL(f"{scheme}://{upstream.authority}{target}", encoded=True)


def _text(data: bytes) -> str:
    return data.decode("latin-1")
