"""The clerk's part in `auth:` of upstreams: every source of the table is kept supplied, and who uses tokens is told.

Rule 1: equal sources are one, whichever upstreams name it. One that a new table still names keeps its token.
Rule 2: workers are told the whole list with each change; what is kept here is nowhere else but in their memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from proxy.clerk.upstream_auth.source_calls import fetch_token
from proxy.clerk.upstream_auth.token_flight import FetchToken, TokenFlight
from proxy.core.routing.snapshot import Snapshot
from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.core.upstream_auth.token_source import IssuedToken, TokenSource
from proxy.link.questions import Answer, Unavailable
from proxy.link.token_messages import TokenRefused, UpstreamTokens, issued_tokens
from proxy.names.resolver import Resolver
from proxy.tasks import RestartedTasks, Tasks, Work


class TokenHandler:
    """One clerk's. `credentials` are what its own requests to upstreams are sent with."""

    takes: tuple[type[msgspec.Struct], ...] = (TokenRefused,)
    loops: Mapping[str, Work] = {}

    def __init__(
        self, snapshot: Snapshot, tell: Callable[[UpstreamTokens], None], fetch: FetchToken | None = None
    ) -> None:
        """To be made inside the running loop; `tell` hears the list with each change.

        `fetch` None: as `source_calls` does.
        """
        self.credentials = UpstreamCredentials()
        self._tell = tell
        self._tasks = Tasks()
        self._loops = RestartedTasks()
        self._resolver = Resolver(self._tasks)
        self._fetch = fetch or self._ask
        self._flights: dict[TokenSource, tuple[TokenFlight, asyncio.Task[None]]] = {}
        self.follow(snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """Begin with sources that are new, and end those that nobody names any more."""
        auths = {name: each.auth for name, each in snapshot.upstreams.items() if each.auth is not None}
        named: dict[TokenSource, list[str]] = {}
        for name, auth in auths.items():
            named.setdefault(auth.source, []).append(name)
        for source in self._flights.keys() - named.keys():
            self._flights.pop(source)[1].cancel()
        for source, upstreams in named.items():
            self._flight(source).upstreams = tuple(upstreams)
        self.credentials.follow(auths.values())
        self._changed()

    def _flight(self, source: TokenSource) -> TokenFlight:
        """Rule 1."""
        if source not in self._flights:
            flight = TokenFlight(source, self._fetch, self._tasks, self._changed)
            self._flights[source] = flight, self._loops.start(flight.run, name=f"tokens {source.kind}")
        return self._flights[source][0]

    @property
    def told(self) -> UpstreamTokens:
        """What is to be known of all sources that were asked."""
        return UpstreamTokens([flight.told for flight, _ in self._flights.values() if flight.was_asked])

    def _changed(self) -> None:
        told = self.told
        self.credentials.adopt(issued_tokens(told.tokens))
        self._tell(told)

    async def _ask(self, source: TokenSource) -> IssuedToken:
        return await fetch_token(source, self._resolver)

    async def answer(self, question: None) -> Answer:
        """There are no questions."""
        del question
        return Unavailable("nothing is asked of tokens")

    async def forget(self, question: None) -> None:
        """There are none."""

    async def take(self, notice: TokenRefused) -> None:
        """Of one upstream; others may take the token still."""
        for flight, _ in self._flights.values():
            if flight.key == notice.source:
                flight.refuse(notice.mark)

    async def end(self) -> None:
        """Nothing is renewed any more."""
        await self._loops.end()
        await self._tasks.end()
        await self._resolver.close()
