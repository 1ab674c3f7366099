"""One source kept supplied: its token is renewed ahead of its end, one call at a time.

Rule 1: when to ask is decided by wall time (`core/upstream_auth/renewal.py`), looked at each second: a process that was
        paused asks as soon as it runs again.
Rule 2: a call that has not come back in time counts as failed and is waited for still: there is never a second one.
Rule 3: a failure leaves the token of before; it is told once, and once more when that token has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.upstream_auth.renewal import Renewal, end_of
from proxy.core.upstream_auth.token_source import LOCAL, IssuedToken, TokenSource, source_key
from proxy.link.token_messages import UpstreamToken, token_message
from proxy.tasks import Tasks

TIMEOUT = 10.0
"""Seconds until a call counts as failed."""
LOOK_EVERY = 1.0
_log = structlog.get_logger()


class FetchToken(Protocol):
    """Asks a source; SourceError when it has no token."""

    def __call__(self, source: TokenSource, /) -> Awaitable[IssuedToken]:
        """Issued when the call began."""


class TokenFlight:
    """Of one source; `upstreams` are named in the log. `changed` hears of each new token and of each first failure."""

    def __init__(self, source: TokenSource, fetch: FetchToken, tasks: Tasks, changed: Callable[[], None]) -> None:
        """Nothing is asked yet."""
        self.key = source_key(source)
        self.upstreams: tuple[str, ...] = ()
        self.was_asked = False
        self._source = source
        self._fetch = fetch
        self._tasks = tasks
        self._changed = changed
        self._renewal = Renewal(rereads=isinstance(source, LOCAL))
        self._wake = asyncio.Event()
        self._calling: asyncio.Task[IssuedToken | SourceError] | None = None
        self._problem = ""
        self._has_ended = False
        self._fetched = self._failed = self._refused = 0

    @property
    def told(self) -> UpstreamToken:
        """As workers and control are told."""
        return token_message(self.key, self._renewal.token, (self._fetched, self._failed, self._refused))

    async def run(self) -> None:
        """Until cancelled; run it in the background."""
        while True:
            self._wake.clear()
            wait = self._renewal.due - time.time()
            if wait <= 0:
                await self._renew()
                continue
            self._tell_of_the_end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(wait, LOOK_EVERY)):
                    await self._wake.wait()

    def refuse(self, mark: str) -> None:
        """An upstream has not taken the token with this mark."""
        self._refused += 1
        if self._renewal.refuse(mark, time.time()):
            _log.warning("upstream_token_refused", source=self._source.kind, upstreams=self.upstreams)
            self._wake.set()

    async def _renew(self) -> None:
        if self._calling is None:
            self._calling = self._tasks.start(_outcome(self._fetch(self._source)), name=f"token {self._source.kind}")
        done, _ = await asyncio.wait((self._calling,), timeout=TIMEOUT)
        if not done:
            self._fail(f"no answer within {TIMEOUT:g} s")  # rule 2
            return
        found, self._calling = self._calling.result(), None
        if isinstance(found, SourceError):
            self._fail(str(found))
        else:
            self._take(found)

    def _take(self, token: IssuedToken) -> None:
        before = self._renewal.token
        self._renewal.succeed(token)
        self._fetched += 1
        self.was_asked = True
        is_new = before is None or (before.mark, before.ends) != (token.mark, token.ends)
        if is_new or self._problem:
            ends = None if token.ends == float("inf") else token.ends
            _log.info("upstream_token_fetched", source=self._source.kind, upstreams=self.upstreams, ends=ends)
            self._problem, self._has_ended = "", False
        if is_new:
            self._changed()

    def _fail(self, problem: str) -> None:
        self._renewal.fail(time.time())
        self._failed += 1
        if problem != self._problem:
            self._problem = problem
            _log.error("upstream_token_failed", source=self._source.kind, upstreams=self.upstreams, error=problem)
        if not self.was_asked:
            self.was_asked = True
            self._changed()

    def _tell_of_the_end(self) -> None:
        """Rule 3."""
        token = self._renewal.token
        if token is not None and not self._has_ended and time.time() >= end_of(token):
            self._has_ended = True
            hint = "requests to these upstreams are answered with 503 until its source gives another"
            _log.error("upstream_token_ended", source=self._source.kind, upstreams=self.upstreams, hint=hint)


async def _outcome(asked: Awaitable[IssuedToken]) -> IssuedToken | SourceError:
    """A failure is a value: the task is waited for by nobody for a while."""
    try:
        return await asked
    except SourceError as error:
        return error
    except Exception as error:  # noqa: BLE001 -- whatever it is, the source is asked again
        _log.error("upstream_token_broke", exc_info=error)
        return SourceError(f"an error inside the proxy: {type(error).__name__}")
