"""One call to a provider: a new connection each time, nothing sent twice, nothing sent late.

Rule 1: below the state machine nothing is tried again: no retry, no redirect, no connection that was used before.
Rule 2: after the connection stands and before the first byte, the age of the intent is looked at once more, by a clock
        that goes on while the machine sleeps.
Rule 3: what was not sent and what may have been are told apart; nothing else is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import structlog
import yarl

from proxy.clerk.boot_time import boot_time
from proxy.core.grants.token_answer import ProviderAnswer
from proxy.core.routing.route import HostMode, Upstream
from proxy.core.secret import NO_BYTES, Secret
from proxy.names.connecting import connector_to
from proxy.names.resolver import Resolver
from proxy.tls.live_contexts import UpstreamContext

MAX_ANSWER = 256 * 1024
_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "content-encoding", "expect", "host", "accept-encoding"),
        *("cookie", "set-cookie", "proxy-connection", "alt-svc", "date", "server", "forwarded", "via"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip"),
    }
)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
NOT_SENT = ProviderAnswer(status=-1, body=NO_BYTES)
NO_ANSWER = ProviderAnswer(status=0, body=NO_BYTES)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """What is sent. `before`: the `boot_time` after which nothing may be sent any more."""

    target: str
    fields: tuple[tuple[str, str], ...]
    body: Secret[bytes]
    before: float = float("inf")


class _TooLateError(Exception):
    """The intent has grown too old while a connection was made."""


class ProviderCalls:
    """Calls to one upstream; `timeout` in seconds, of a whole call."""

    def __init__(self, upstream: Upstream, resolver: Resolver, timeout: float) -> None:
        """Reads the files of `tls`, where there are any."""
        self._upstream = upstream
        self._resolver = resolver
        self._timeout = timeout
        self._context = UpstreamContext(upstream.tls) if upstream.scheme == "https" else None

    async def send(self, request: ProviderRequest) -> ProviderAnswer:
        """Rule 3: NOT_SENT, NO_ANSWER, or what came."""
        sent = SimpleNamespace(begun=False)
        try:
            async with asyncio.timeout(self._timeout), self._session(request, sent) as session:
                return await self._exchange(session, request)
        except (_TooLateError, TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            _log.warning("grant_call_failed", upstream=self._upstream.name, sent=sent.begun, error=type(error).__name__)
            return NO_ANSWER if sent.begun else NOT_SENT

    async def _exchange(self, session: aiohttp.ClientSession, request: ProviderRequest) -> ProviderAnswer:
        fields = [(name, value) for name, value in request.fields if name not in _HOP]
        if self._upstream.host_mode is HostMode.PRESERVE:
            fields += [(name, value) for name, value in request.fields if name == "host"]
        made = session.post(
            self._url(request.target),
            data=request.body.reveal(),
            headers=[*fields, ("Accept-Encoding", "identity")],
            allow_redirects=False,
            **self._by_tls(),
        )
        async with made as answer:
            body = await answer.content.read(MAX_ANSWER + 1)
            while len(body) <= MAX_ANSWER and (more := await answer.content.read(MAX_ANSWER + 1)):
                body += more
            if len(body) > MAX_ANSWER:
                return NO_ANSWER
            return ProviderAnswer(status=answer.status, fields=_relayed(answer.raw_headers), body=Secret(body))

    def _session(self, request: ProviderRequest, sent: SimpleNamespace) -> aiohttp.ClientSession:
        async def connected(*_: object) -> None:
            if boot_time() > request.before:
                raise _TooLateError
            sent.begun = True

        watch = aiohttp.TraceConfig()
        watch.on_connection_create_end.append(connected)
        return aiohttp.ClientSession(
            connector=connector_to(self._upstream, self._resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            trace_configs=[watch],
            skip_auto_headers=("User-Agent", "Accept"),
        )

    def _url(self, target: str) -> yarl.URL:
        scheme = "http" if self._upstream.scheme == "http+unix" else self._upstream.scheme
        return yarl.URL(f"{scheme}://{self._upstream.authority}{target}", encoded=True)

    def _by_tls(self) -> dict[str, Any]:
        if self._context is None:
            return {}
        self._context.refresh()
        return {"ssl": self._context.to_use(), "server_hostname": self._upstream.tls_name}


def _relayed(lines: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Byte by byte as they came (RFC 9110 section 5.5), less what is for us alone and what would end a line."""
    fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in lines]
    return tuple([(name, value) for name, value in fields if name not in _HOP and not _CONTROL.search(value)])
