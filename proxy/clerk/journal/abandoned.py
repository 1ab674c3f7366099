"""Writes whose outcome nobody will tell: their worker is gone, or its clerk and it, or the first side said nothing.

Rule 1: such a write may have been done. Where that does no harm the first side is asked for it again, with the same
        Idempotency-Key, before any later write; what it says then is the outcome.
Rule 2: where it may do harm, or the first side says nothing that settles it, people decide; the key is free meanwhile,
        and what follows on it waits for them on the way to the other side.
Rule 3: a side that is closed (`windows` with `answer`) is not asked, and that counts as no attempt: it waits.
Rule 4: who was asked for a write again says what became of it, also against who has never sent it: the worker that
        began it and stood still meanwhile (`sql/journal/end.sql`).
Rule 5: who stood still since it was found asks for nothing: another may have it in hand, and a later write be done.
Rule 6: while the database was away nobody could say what he holds: whoever is there has the time of a hold to say it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from proxy.clerk.boot_time import boot_time
from proxy.clerk.journal.closed_side import closed_side
from proxy.clerk.journal.intents import JournalIntents
from proxy.clerk.journal.sides import SideAnswer, Sides
from proxy.core.journal.intent import GONE, HOLD, Ended, FirstOutcome, JournalEntry, StoredAnswer, outcome_of
from proxy.core.journal.second_request import KEY_NAME, key_of, made_by, value_in
from proxy.core.journal.writes import AnswerKey, Writes, writes_of
from proxy.core.outcome import Side
from proxy.core.routing.route import Route
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal

ATTEMPTS = 5
"""Times that the first side is asked again."""
AT_ONCE = 16
PATIENCE = HOLD / 2
"""Seconds that the first side has for one write."""
_log = structlog.get_logger()


@dataclass(slots=True)
class AbandonedWrites:
    """Those that one clerk finds. `routes` as in `SecondLegs`."""

    journal: PostgresJournal
    sides: Sides
    routes: Callable[[], Mapping[str, Route]]
    wake: asyncio.Event
    intents: JournalIntents
    _looks_from: float = 0.0
    _resting: dict[str, tuple[str, Side]] = field(default_factory=dict)
    """Writes that wait for rule 3: the route and the first side of each."""

    async def look(self) -> bool:
        """Settle what is there now; whether there may be more; StoreUnavailable."""
        if monotonic() < self._looks_from:
            return False
        self._resting = {write: at for write, at in self._resting.items() if self._is_closed(*at)}
        found_at = boot_time()
        try:
            found = await self.journal.abandoned(AT_ONCE, HOLD, [*self.intents.known, *self._resting])
        except StoreUnavailable:
            self._looks_from = monotonic() + HOLD  # rule 6
            raise
        await asyncio.gather(*(self._settle(entry, found_at) for entry in found))
        return len(found) == AT_ONCE

    async def _settle(self, entry: JournalEntry, found_at: float) -> None:
        ended = await self._outcome(entry, found_at)
        if ended is not None:
            await self.journal.end([ended])
            _log.warning("write_abandoned", route=entry.intent.route, id=entry.intent.id, outcome=str(ended.outcome))
            self.wake.set()

    async def _outcome(self, entry: JournalEntry, found_at: float) -> Ended | None:
        """None: it is asked again when this hold is over."""
        intent, route = entry.intent, self.routes().get(entry.intent.route)
        unknown = Ended(id=intent.id, outcome=FirstOutcome.UNKNOWN, asked=entry.attempts - 1)
        writes = None if route is None else writes_of(route)
        if not intent.repeatable or route is None or writes is None:
            return unknown
        if self._is_closed(intent.route, intent.side):
            self._resting[intent.id] = intent.route, intent.side
            return None
        if entry.attempts > ATTEMPTS:
            return unknown
        name, most = route.upstream(intent.side), writes.max_body
        lines = [line for line in intent.request.lines if line.partition(b":")[0].lower() != KEY_NAME.lower()]
        request = replace(intent.request, lines=(*lines, b"%b: %b" % (KEY_NAME, key_of(entry))))
        if boot_time() - found_at > HOLD - PATIENCE:  # rule 5
            return None
        answer = await self.sides.send(name, self.sides.places(name), request, PATIENCE, most)
        if not answer.status or answer.status >= 500:
            return None
        return (
            _done(entry, answer, writes) if _is_done(entry, answer.status) else replace(unknown, asked=entry.attempts)
        )

    def _is_closed(self, name: str, side: Side) -> bool:
        route = self.routes().get(name)
        return route is not None and closed_side(route, side) is not None


def _is_done(entry: JournalEntry, status: int) -> bool:
    """What is to be gone may be gone since the first time."""
    return outcome_of(status, was_sent=True) is FirstOutcome.DONE or (
        entry.intent.request.method == b"DELETE" and status in GONE
    )


def _done(entry: JournalEntry, answer: SideAnswer, writes: Writes) -> Ended:
    key = ""
    if isinstance(writes.keyed_by, AnswerKey):
        key = value_in(answer.body, writes.keyed_by.path) or ""
    kept = StoredAnswer(status=answer.status, content_type=answer.content_type, body=answer.body)
    if not writes.holds_answer:
        return Ended(id=entry.intent.id, outcome=FirstOutcome.DONE)
    made = made_by(writes, entry.intent.needs, answer.body)
    return Ended(id=entry.intent.id, outcome=FirstOutcome.DONE, key=key, answer=kept, made=made)
