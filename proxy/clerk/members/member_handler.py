"""The clerk's part in callers' numbers: it asks whoever knows them, once for all, and believes the answer for a while.

Rule 1: of any number of questions about one caller at the same time one goes out.
Rule 2: a system that is away, or whose answer is none, says nothing of a caller: 503, and nothing is remembered.
Rule 3: so many questions may be out at once; beyond, the next is 503.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import time

import msgspec
import structlog

from proxy.clerk.members.member_call import MemberCalls
from proxy.core.auth.member_lookup import Caller, Member, MemberCache, MemberLookup, read_member
from proxy.core.routing.snapshot import Snapshot
from proxy.link.member_questions import FindMember, MemberFound
from proxy.link.questions import Unavailable
from proxy.tasks import Tasks, Work

MOST_OUT = 256
_UNKNOWN = "it cannot be asked now who this is"
_log = structlog.get_logger()


class MemberHandler:
    """Answers `FindMember`."""

    takes: tuple[type[msgspec.Struct], ...] = (FindMember,)
    loops: Mapping[str, Work] = {}

    def __init__(self, snapshot: Snapshot, calls: MemberCalls | None = None, clock: Callable[[], float] = time) -> None:
        """To be made inside the running loop; `clock` gives unix seconds."""
        self._calls = calls or MemberCalls()
        self._clock = clock
        self._cache = MemberCache()
        self._lookup: MemberLookup | None = None
        self._out: dict[Caller, asyncio.Task[Member | str]] = {}
        self._fault = ""
        self._tasks = Tasks()
        self.follow(snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """Who asks elsewhere believes nothing of before; what is out is answered, and not kept."""
        lookup = snapshot.principal.lookup
        if lookup != self._lookup:
            self._cache.forget()
            self._out = {}
        self._lookup = lookup

    async def answer(self, question: FindMember) -> MemberFound | Unavailable:
        """From what is known, or from who knows."""
        lookup, caller = self._lookup, (question.issuer, question.subject)
        if lookup is None:
            return Unavailable(_UNKNOWN)
        known = self._cache.get(caller, self._clock())
        if known is not None:
            return MemberFound(known.number, known.until)
        flight = self._out.get(caller)
        if flight is None and len(self._out) >= MOST_OUT:
            return Unavailable("too many callers are asked for at once")
        if flight is None:
            flight = self._out[caller] = self._tasks.start(self._ask(lookup, caller), name="member")
        found = await asyncio.shield(flight)
        return Unavailable(_UNKNOWN) if isinstance(found, str) else MemberFound(found.number, found.until)

    async def forget(self, question: FindMember) -> None:
        """Others may wait for it, and its answer is kept."""

    async def take(self, notice: None) -> None:
        """There are none."""

    async def end(self) -> None:
        """Ask no more."""
        await self._tasks.end()
        await self._calls.close()

    async def _ask(self, lookup: MemberLookup, caller: Caller) -> Member | str:
        flight = asyncio.current_task()
        try:
            found = await self._found(lookup, caller[1])
            self._note(found)
            if not isinstance(found, str) and self._lookup == lookup:
                self._cache.put(caller, found)
            return found
        finally:
            if self._out.get(caller) is flight:
                del self._out[caller]

    async def _found(self, lookup: MemberLookup, subject: str) -> Member | str:
        url = lookup.url_of(subject)
        if not url:
            return Member(b"", self._clock() + lookup.keep_absent)
        said = await self._calls.ask(url)
        return said if isinstance(said, str) else read_member(lookup, *said, self._clock())

    def _note(self, found: Member | str) -> None:
        """The log has each fault once, and its end."""
        if isinstance(found, str):
            if self._fault != found:
                self._fault = found
                _log.error("member_lookup_failed", error=found, hint="callers who are not known yet get 503")
        elif self._fault:
            self._fault = ""
            _log.info("member_lookup_recovered")
