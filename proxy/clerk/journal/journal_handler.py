"""The clerk's part in writes of both sides: what workers ask of the journal, and the loops that empty it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import msgspec
import structlog

from proxy.clerk.journal.abandoned import AbandonedWrites
from proxy.clerk.journal.backlog import JournalBacklog
from proxy.clerk.journal.intents import JournalIntents
from proxy.clerk.journal.known_ids import KnownIds
from proxy.clerk.journal.second_legs import SecondLegs
from proxy.clerk.journal.sides import Sides
from proxy.core.journal.intent import HOLD, Ended, Intent, StoredAnswer, StoredRequest
from proxy.core.journal.not_begun import NotBegun
from proxy.core.journal.writes import writes_of
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.link.journal_questions import BeginWrite, KeepAnswer, WriteCommitted, WriteEnded, WriteOutdated, WritesHeld
from proxy.link.questions import Unavailable
from proxy.names.resolver import Resolver
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.tasks import Tasks, Work

WITHIN = 1.5
"""Seconds that a write waits for its key and its commit; its worker waits half a second longer."""
_log = structlog.get_logger()


class JournalHandler:
    """One clerk's."""

    takes: tuple[type[msgspec.Struct], ...] = (BeginWrite, KeepAnswer, WriteEnded, WritesHeld)

    def __init__(
        self, journal: PostgresJournal, snapshot: Snapshot, credentials: UpstreamCredentials | None = None
    ) -> None:
        """To be made inside the running loop; `credentials` are those of upstreams with `auth`."""
        self._routes: Mapping[str, Route] = {}
        self._tasks = Tasks()
        self._wake = asyncio.Event()
        self._sides = Sides(Resolver(self._tasks), self._tasks, credentials)
        self.second_legs = SecondLegs(journal, self._sides, lambda: self._routes, self._tasks, self._wake)
        self._backlog = JournalBacklog(journal, lambda: self._routes, self.second_legs.outage)
        self._known_ids = KnownIds(journal, lambda: self._routes, self.second_legs.outage)
        self.intents = JournalIntents(journal, self._tasks, self._wake, self._backlog.is_full)
        self._abandoned = AbandonedWrites(journal, self._sides, lambda: self._routes, self._wake, self.intents)
        self.follow(snapshot)

    @property
    def loops(self) -> Mapping[str, Work]:
        """They ask nothing of the database, and nothing of a side, before there is a route that writes."""
        return {
            "journal-sides": self._sides.keep_asking,
            "journal-second-legs": self.second_legs.run,
            "journal-abandoned": self._look,
            "journal-backlog": self._backlog.run,
            "journal-known-ids": self._known_ids.run,
        }

    def follow(self, snapshot: Snapshot) -> None:
        """Routes of the new table; a write that runs has its own worker's."""
        self._routes = {route.origin: route for route in snapshot.routes if writes_of(route) is not None}
        named = {name for route in self._routes.values() for name in (route.legacy, route.new)}
        self._sides.follow({name: each for name, each in snapshot.upstreams.items() if name in named})
        self._wake.set()

    async def answer(self, question: BeginWrite | KeepAnswer) -> WriteCommitted | WriteOutdated | Unavailable:
        """Once it is committed."""
        match question:
            case BeginWrite():
                problem = await self.intents.begin(_intent(question), WITHIN)
                if problem == NotBegun.OUTDATED:
                    return WriteOutdated()  # its worker may have heard by now
                if problem:
                    _log.warning("write_not_begun", route=question.route, error=problem)
                    said = problem if isinstance(problem, NotBegun) else NotBegun.AWAY  # not the store's own words
                    return Unavailable(f"the write was not begun: {said}")
            case KeepAnswer():
                await self.intents.end(_ended(question.ended))
        return WriteCommitted()

    async def forget(self, question: BeginWrite | KeepAnswer) -> None:
        """A write whose client has left before it was sent; an answer is kept all the same."""
        if isinstance(question, BeginWrite):
            self.intents.forget(question.id)

    async def take(self, notice: WriteEnded | WritesHeld) -> None:
        """StoreUnavailable: it is to be said again."""
        match notice:
            case WriteEnded():
                await self.intents.end(_ended(notice))
            case WritesHeld():
                await self.intents.hold(notice.ids)

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HOLD / 3):
                    await self.intents.untidy.wait()
            if self._routes:
                try:
                    await self.intents.tidy()
                    while await self._abandoned.look():
                        await self.intents.tidy()  # what comes meanwhile does not wait for all of them
                except StoreUnavailable as error:
                    self.second_legs.outage.begin(error)


def _ended(said: WriteEnded) -> Ended:
    kept = said.answer
    answer = None
    if kept is not None:
        answer = StoredAnswer(status=kept.status, content_type=kept.content_type, body=kept.body)
    return Ended(id=said.id, outcome=said.outcome, key=said.key, answer=answer, made=said.made)


def _intent(asked: BeginWrite) -> Intent:
    request = StoredRequest(method=asked.method, target=asked.target, lines=tuple(asked.lines), body=asked.body)
    return Intent(
        id=asked.id,
        scope=asked.scope,
        key=asked.key,
        route=asked.route,
        cohort=asked.cohort,
        draw=asked.draw,
        side=asked.side,
        send=asked.send,
        request=request,
        repeatable=asked.repeatable,
        needs=asked.needs,
        decided=asked.decided,
    )
