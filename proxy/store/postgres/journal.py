"""The journal of writes in PostgreSQL: what `proxy/core/journal/intent.py` says, as statements.

Rule 1: many intents are one commit, and many outcomes are: never both, or two replicas could wait for each other.
Rule 2: that one write of a key is pending at most is a unique index, which holds for all replicas. An intent that it
        keeps out is not an error: it is asked for again.
Rule 3: rows are found by what is undone, never by "all after the last that I saw": numbers are given before they are
        committed, so a later one may be seen first.
Rule 4: whoever has a row in hand holds it for so many seconds. What he finds is written only while he still does.
Rule 5: a write is not begun while the other way around something of its key is undone, nor while its cohort moves.
        That is looked up after it was inserted: whoever came first has been seen by then, and whoever comes later sees
        it.
Rule 6: nor by who has not heard that its cohort moved (`fence`): he would ask the side that no longer answers. Who does
        not say what he has heard of is kept out for a while (`additions/0012_journal_unversioned.sql`).
Rule 7: a name that stands in one pair is in no other (`core/journal/learned_names.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from proxy.core.evidence.records import storable
from proxy.core.journal.intent import BegunWrites, Ended, FirstOutcome, Intent, IntentState, JournalEntry
from proxy.core.journal.learned_names import NOTHING, LearnedNames, clash_of, pair_of
from proxy.core.journal.not_begun import NotBegun
from proxy.core.journal.second_answer import SecondOutcome, SecondVerdict
from proxy.core.journal.standing import JournalCount
from proxy.core.outcome import Side
from proxy.store.journal_json import answer_bytes, answer_of, request_bytes, request_of
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import Connection, query

_STATES = {FirstOutcome.DONE: IntentState.OWED, FirstOutcome.UNKNOWN: IntentState.UNKNOWN}
_AFTER = {SecondOutcome.LATER: IntentState.OWED, SecondOutcome.DEAD: IntentState.DEAD}


class PostgresJournal:
    """Every method raises StoreUnavailable while the database is away."""

    def __init__(self, connections: Connections, holder: str) -> None:
        """`holder` names this process, in each of its lives by another name."""
        self._connections = connections
        self._holder = holder

    async def begin(self, intents: Sequence[Intent], seconds: float) -> BegunWrites:
        """Rules 1 and 2: what is pending now is held for `seconds`."""
        columns = [
            _uuids([each.id for each in intents]),
            [each.scope for each in intents],
            [storable(each.key) for each in intents],
            [each.route for each in intents],
            [storable(each.cohort) for each in intents],
            [each.draw for each in intents],
            [str(each.side) for each in intents],
            [request_bytes(each.request, each.send, repeatable=each.repeatable) for each in intents],
            [_texts(each.needs) for each in intents],
            [each.decided for each in intents],
        ]
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/begin"), *columns, self._holder, seconds)
            begun = [row["id"] for row in rows]
            waits = await connection.fetch(query("journal/unbegin"), begun) if begun else []  # rules 5 and 6
        return BegunWrites(
            pending=frozenset(each.hex for each in {*begun}.difference(row["id"] for row in waits)),
            outdated=frozenset(row["id"].hex for row in waits if row["is_outdated"]),
        )

    async def obstacle(self, intent: Intent) -> NotBegun:
        """Why this one was kept out."""
        async with self._connections.connection() as connection:
            said = intent.scope, storable(intent.key), intent.draw, str(intent.side)
            row = (await connection.fetch(query("journal/obstacle"), *said))[0]
        if row["moving"]:
            return NotBegun.MOVING
        return NotBegun.BEHIND if row["behind"] else NotBegun.BUSY

    async def end(self, ended: Sequence[Ended]) -> None:
        """What became of them on the first side; one that was taken for unknown meanwhile is known now, and one whose
        first side is to be asked again is abandoned at once. One that somebody else has asked for again is not failed.
        """
        kept = [each for each in ended if each.outcome in _STATES]
        columns = [
            _uuids([each.id for each in kept]),
            [str(_STATES[each.outcome]) for each in kept],
            [storable(each.key) for each in kept],
            [answer_bytes(each.answer) for each in kept],
            [_texts(each.made) for each in kept],
            [each.asked for each in kept],
        ]
        failed = _uuids([each.id for each in ended if each.outcome is FirstOutcome.FAILED])
        unanswered = _uuids([each.id for each in ended if each.outcome is FirstOutcome.UNANSWERED])
        async with self._connections.connection() as connection:
            await connection.execute(query("journal/end"), *columns, failed)
            if unanswered:
                await connection.execute(query("journal/abandon"), unanswered)

    async def renew(self, ids: Sequence[str], seconds: float) -> None:
        """Hold these pending ones for so long from now on."""
        async with self._connections.connection() as connection:
            await connection.execute(query("journal/renew"), _uuids(ids), self._holder, seconds)

    async def abandoned(self, most: int, seconds: float, known: Sequence[str] = ()) -> tuple[JournalEntry, ...]:
        """Pending ones that nobody holds any more, but for those that are `known`; they are held now."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/abandoned"), self._holder, seconds, most, _uuids(known))
        return tuple(map(_entry, rows))

    async def take(self, most: int, seconds: float) -> tuple[JournalEntry, ...]:
        """The next of each key that is due at the other side; they are held now."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/take"), self._holder, seconds, most)
        return tuple(map(_entry, rows))

    async def names(self, scope: str, side: Side, known: Sequence[str]) -> dict[str, str]:
        """What the other side calls what `side` calls by `known` names; those that were mapped."""
        kept = [each for each in known if _is_kept(each)]
        if not kept:
            return {}
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/names"), scope, str(side), kept)
        return {row["ours"]: row["theirs"] for row in rows}

    async def settle(
        self, entry: JournalEntry, verdict: SecondVerdict, learned: LearnedNames = NOTHING
    ) -> SecondVerdict | None:
        """Rule 4: None where it was not held any more; else what became of it: dead, where a name clashes."""
        found = UUID(entry.intent.id), self._holder
        async with self._connections.transaction() as connection:
            if await connection.fetchval(query("journal/held"), *found) is None:
                return None
            clash = await self._learn(connection, entry, learned)
            if clash:
                verdict = SecondVerdict(outcome=SecondOutcome.DEAD, said=clash)
            if verdict.outcome is SecondOutcome.DONE:
                await connection.execute(query("journal/done"), [found[0]], self._holder)
            else:
                said = str(_AFTER[verdict.outcome]), storable(verdict.said), verdict.wait
                await connection.execute(query("journal/later"), *found, *said, bool(clash))
        return verdict

    async def _learn(self, connection: Connection, entry: JournalEntry, learned: LearnedNames) -> str:
        """Keep it; the sentence for people where a pair clashes with another."""
        scope, side = entry.intent.scope, entry.intent.side
        if gone := list(filter(_is_kept, learned.gone)):
            await connection.execute(query("journal/gone"), scope, str(side), gone)
        for ours, theirs in filter(_are_kept, learned.pairs):
            pair = pair_of(side, ours, theirs)
            if await connection.fetchval(query("journal/name"), scope, *pair) is not None:
                continue
            await connection.execute(query("journal/rename"), scope, *pair, entry.clashes)
            await connection.execute(query("journal/name"), scope, *pair)
            known = await connection.fetch(query("journal/clash"), scope, *pair)
            if known:
                return clash_of(pair, (known[0]["legacy"], known[0]["new"]))
        return ""

    async def done(self, ids: Sequence[str]) -> frozenset[str]:
        """The other side has these: which of them were still held."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/done"), _uuids(ids), self._holder)
        return frozenset(row["id"].hex for row in rows)

    async def entries(self, route: str | None, state: IntentState | None, limit: int) -> tuple[JournalEntry, ...]:
        """Oldest first."""
        async with self._connections.connection() as connection:
            said = None if state is None else str(state)
            return tuple(map(_entry, await connection.fetch(query("journal/entries"), route, said, limit)))

    async def summary(self) -> tuple[JournalCount, ...]:
        """Of every route that has something undone: by counts, not by a look at each of them."""
        async with self._connections.connection() as connection:
            await connection.execute(query("journal/fold"))
            rows = await connection.fetch(query("journal/summary"))
        return tuple(JournalCount(**{**row, "state": IntentState(row["state"])}) for row in rows)

    async def see(self, scopes: Iterable[str]) -> None:
        """Routes of these scopes write to both sides now."""
        async with self._connections.connection() as connection:
            await connection.execute(query("journal/see"), sorted(scopes))

    async def prune_ids(self, days: int, most: int) -> int:
        """Forget what each side calls things of scopes that nobody has seen for so long; how many are gone now."""
        async with self._connections.connection() as connection:
            return len(await connection.fetch(query("journal/prune_ids"), days, most))

    async def named(self, prefix: str, most: int) -> tuple[JournalEntry, ...]:
        """Those whose ids begin with these hex digits, 32 at most."""
        ends = UUID(prefix.ljust(32, "0")), UUID(prefix.ljust(32, "f"))
        async with self._connections.connection() as connection:
            return tuple(map(_entry, await connection.fetch(query("journal/named"), *ends, most)))

    async def retry(self, entry_id: str, made: str = "") -> bool:
        """Send it to the other side, once more or at last; whether there is such a one. `made`: what the first side
        calls what it made, where its answer is not known.
        """
        return await self._changed("journal/retry", entry_id, storable(made))

    async def drop(self, entry_id: str) -> bool:
        """The other side never gets it; whether there is such a one that is dead or unknown."""
        return await self._changed("journal/drop", entry_id)

    async def _changed(self, name: str, entry_id: str, *said: str) -> bool:
        async with self._connections.connection() as connection:
            return await connection.fetchval(query(name), UUID(entry_id), *said) is not None

    async def hold(self, scope: str, draws: tuple[float, float], seconds: float) -> int:
        """Begin no write of these cohorts for so long (rule 5); what `unhold` takes."""
        async with self._connections.connection() as connection:
            found: int = await connection.fetchval(query("journal/hold"), scope, *draws, seconds)
        return found

    async def unhold(self, holds: Sequence[int], seconds: float) -> None:
        """End these in so many seconds."""
        async with self._connections.connection() as connection:
            await connection.execute(query("journal/unhold"), list(holds), seconds)

    async def undone(self, scope: str, draws: tuple[float, float], most: int, seconds: float = 0.0) -> frozenset[str]:
        """Keys of which something has been undone for so long, `most` at most, of cohorts whose draw is at least the
        first of `draws` and below the second.
        """
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/undone"), scope, *draws, most, seconds)
        return frozenset(row["key"] for row in rows)

    async def stuck(self, scope: str, draws: tuple[float, float], seconds: float, most: int) -> tuple[IntentState, ...]:
        """States of what waits for people, or has been owed for longer than that, of these cohorts; `most` at most."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("journal/stuck"), scope, *draws, seconds, most)
        return tuple(IntentState(row["state"]) for row in rows)


def _entry(row: Mapping[str, Any]) -> JournalEntry:
    request, send, repeatable = request_of(row["request"])
    intent = Intent(
        id=row["id"].hex,
        scope=row["scope"],
        key=row["key"],
        route=row["route"],
        cohort=row["cohort"],
        draw=row["draw"],
        side=Side(row["side"]),
        send=send,
        request=request,
        repeatable=repeatable,
        needs=tuple(row["needs"]),
        decided=row["decided"],
    )
    return JournalEntry(
        intent=intent,
        state=IntentState(row["state"]),
        began=row["since"],
        turn=row["turn"] or 0,
        attempts=row["attempts"],
        said=row["said"],
        answer=answer_of(row["answer"]),
        made=tuple(row["made"]),
        clashes=row["clashes"],
    )


def _texts(names: Sequence[str]) -> str:
    """An array's elements, as the driver takes no array of arrays of different lengths."""
    return json.dumps([storable(each) for each in names])


def _is_kept(name: str) -> bool:
    """Whether the database has it as it is; an identifier that it would change is mapped to nothing."""
    return storable(name) == name


def _are_kept(pair: tuple[str, str]) -> bool:
    return all(map(_is_kept, pair))


def _uuids(ids: Sequence[str]) -> list[UUID]:
    return [UUID(each) for each in ids]
