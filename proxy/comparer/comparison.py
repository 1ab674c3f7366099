"""Where pairs are compared and added up: knows rules, noise and repetitions, and nothing of sockets.

Rule 1: nothing that a pair holds can end it; a comparison that breaks is counted as incomparable, and logged.
Rule 2: what is found of a route is told by its origin, under which it is kept; bad events by its name.
Rule 3: an answer that failed says no version: then the last one that its side said holds.
Rule 4: where a route says `second: 0%` nothing is learned as noise: each value that differs counts, unless a rule or
        an operator's word excuses it.
Rule 5: that a shadow goes without credentials that its answers depend on is said once for each route and kind until the
        table changes, however often it happens: the numbers are in the evidence.
"""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import replace

import msgspec
import structlog

from proxy.comparer.counting import Counting
from proxy.comparer.request_outcomes import ComparedOutcomes
from proxy.comparer.runs import Runs
from proxy.core.evidence.fold import ComparedPair, Fold
from proxy.core.evidence.noise_memories import Memories
from proxy.core.judge.guard import Bad
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.noise.sorter import PairSorter
from proxy.core.parity.compare import Comparison, IncomparableReason, Outcome, compare
from proxy.core.parity.pair import Label, Pair
from proxy.core.parity.redact import Redactor
from proxy.core.parity.rules.difference import Severity
from proxy.core.parity.rules.reasons import CURE
from proxy.core.parity.rules.rules import NO_RULES, Rules
from proxy.core.parity.shape import shape_of
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.state_names import called, origins_of
from proxy.link.messages import BadDelta, Evidence
from proxy.link.pairs import decode

MOST_BAD = 2_000
"""Bad events that wait to be told."""
_RACES = frozenset({None, IncomparableReason.RACE})
_TURNED_AWAY = f"the shadow turns away what the other side answers, as credentials are not sent to it; {CURE}"
_DIFFERS = f"the sides differ, and credentials are not sent to the shadow: it may answer about nobody; {CURE}"
_log = structlog.get_logger()


class PairComparer:
    """`compared` counts since the start; `bad` are events to be told, `bad_lost` those that found no place."""

    def __init__(self, snapshot: Snapshot, key: bytes) -> None:
        """Begin with this table; nothing is known of noise."""
        self.fold = Fold()
        self.compared = 0
        self.bad: list[BadDelta] = []
        self.bad_lost = 0
        self.memories = Memories()
        self._key = key
        self._notices = Notices()
        self._rules: dict[str, Rules] = {}
        self._counting = Counting()
        self._runs = Runs()
        self._outcomes = ComparedOutcomes()
        self._versions: dict[str, tuple[str, str]] = {}
        self.follow(snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """Compare by this table from now on."""
        self.revision = snapshot.revision
        before = self._rules
        self._rules = {route.name: route.compare for route in snapshot.routes}
        self._exact = {route.name for route in snapshot.routes if route.shadow is not None and not route.shadow.second}
        self._origins = origins_of(snapshot.routes)
        origins = {route.origin for route in snapshot.routes}
        self._counting.follow(origins, len(self._rules))
        edited = {name for name, rules in self._rules.items() if before.get(name, rules) != rules}
        self._counting.edited({self._origins.origin(name) for name in edited}, time.time())
        self._versions = {origin: known for origin, known in self._versions.items() if origin in origins}
        self._redactors: dict[str, Redactor] = {}
        self._notices.forget()
        self.memories.follow(self._rules)

    def take(self, body: bytes) -> None:
        """Compare one pair; msgspec.DecodeError when it is none."""
        pair = self._with_versions(decode(body))
        rules = self._rules.get(pair.route, NO_RULES)
        comparison = self._compare(pair, rules)
        self.compared += 1
        self._notices.look(pair, comparison)
        found = ComparedPair(
            pair=called(pair, self._origins.origin(pair.route)),
            comparison=comparison,
            shape=shape_of(pair),
            draw=random.random(),  # noqa: S311 -- chance, not secrecy
            repeated=not self._counts(pair, comparison.outcome),
        )
        self.fold.add(found)
        self._outcomes.add(found.pair, comparison)
        if any(difference.severity is Severity.HIGH for difference in comparison.differences):
            self._note_bad(pair)

    def shed(self, label: Label) -> None:
        """Count a pair that nobody will compare."""
        self.fold.shed(called(label, self._origins.origin(label.route)))

    def evidence(self) -> Evidence | None:
        """What was found since the last call."""
        self.memories.forget(time.time())
        for versions, marks in self.memories.take():
            self.fold.mark(versions._replace(route=self._origins.origin(versions.route)), marks)
        parts = self.fold.take(self._redactor, lambda: uuid.uuid4().hex, time.time())
        if not parts:
            return None
        bad, self.bad, lost, self.bad_lost = self.bad, [], self.bad_lost, 0
        return Evidence(
            parts=msgspec.msgpack.encode(parts),
            bad=bad,
            bad_lost=lost,
            compared=self._runs.take(),
            outcomes=self._outcomes.take(),
        )

    def _compare(self, pair: Pair, rules: Rules) -> Comparison:
        try:
            return self._compare_and_learn(pair, rules, time.time())
        except Exception:  # noqa: BLE001 -- a defect in one comparison may not end the others
            _log.exception("comparison_broke", route=pair.route, request_id=pair.request_id)
            return Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.UNDECODABLE)

    def _compare_and_learn(self, pair: Pair, rules: Rules, now: float) -> Comparison:
        if pair.raced:
            return compare(pair, rules, None, now)
        if pair.route in self._exact:
            noisy = {path: KeyState.NOISY for path, is_noise in rules.words_at(now).items() if is_noise}
            return compare(pair, rules, RecordedNoise(noisy), now)
        memory = self.memories.of(pair)
        sorter = PairSorter(pair, memory, rules.words_at(now))
        comparison = compare(pair, rules, sorter, now)
        if comparison.why in _RACES:
            self.memories.learn(pair, memory, sorter, rules.in_force(now, pair.request.target))
        return comparison

    def _counts(self, pair: Pair, outcome: Outcome) -> bool:
        """Whether it is evidence; the detector of change hears of it, too.

        What is undecided is no mismatch there: the few that differ for certain are not all that was compared.
        """
        if outcome is Outcome.INCOMPARABLE:
            return True
        counts, is_watched = self._counting.counts(called(pair, self._origins.origin(pair.route)))
        if is_watched:
            self._runs.add(pair, wrong=outcome is Outcome.MISMATCH)
        return counts

    def _with_versions(self, pair: Pair) -> Pair:
        """The pair with each side's last known version where the answer said none (rule 3)."""
        origin = self._origins.origin(pair.route)
        known = self._versions.get(origin, ("", ""))
        said = (pair.legacy_version or known[0], pair.new_version or known[1])
        if said != known:
            self._versions[origin] = said
        if said == (pair.legacy_version, pair.new_version):
            return pair
        return replace(pair, legacy_version=said[0], new_version=said[1])

    def _note_bad(self, pair: Pair) -> None:
        if len(self.bad) >= MOST_BAD:
            self.bad_lost += 1
            return
        draw = (pair.cohort >> 11) / (1 << 53)
        self.bad.append(
            BadDelta(
                route=pair.route,
                bad=Bad.MISMATCH.value,
                side=pair.authoritative.value,
                cohort=pair.cohort,
                draw=draw,
                at=pair.at,
            )
        )

    def _redactor(self, route: str) -> Redactor:
        """That of a route, by its origin."""
        known = self._redactors.get(route)
        if known is None:
            secrets = self._rules.get(self._origins.name(route) or route, NO_RULES).secrets
            known = self._redactors[route] = Redactor(key=self._key, names=secrets)
        return known


class Notices:
    """Says once of a route and kind, until the table changes, that its shadow goes without the credentials it needs."""

    def __init__(self) -> None:
        """Nothing was said."""
        self._told: set[tuple[str, str]] = set()

    def look(self, pair: Pair, comparison: Comparison) -> None:
        """Say what is to be said of this comparison, if that was not said before."""
        if not pair.bare:
            return
        if comparison.why is IncomparableReason.CREDENTIALS:
            self._tell("credentials_not_sent", _TURNED_AWAY, pair)
        elif comparison.outcome is Outcome.MISMATCH:
            self._tell("differs_without_credentials", _DIFFERS, pair)

    def forget(self) -> None:
        """Another table: it may say otherwise."""
        self._told.clear()

    def _tell(self, event: str, hint: str, pair: Pair) -> None:
        if (pair.route, event) not in self._told:
            self._told.add((pair.route, event))
            _log.warning(event, route=pair.route, request_id=pair.request_id, hint=hint)
