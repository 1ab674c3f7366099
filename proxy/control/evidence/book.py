"""What is known of each route's evidence: the book that the judge, the API and the metrics read.

Rule 1: it holds what the store holds, all replicas together, as of the last look; it asks nobody and never waits.
Rule 2: only the current epoch counts: what was found before either side was deployed, or its address edited, or a new
        epoch ordered, says nothing about now. Of that the judge is told what was asked at the present step.
Rule 3: after an edit of a route's `compare:` what is evidence for the judge begins anew, as the rules are others; what
        is shown as parity counts alike. The store remembers when that was: a restart is no edit, and one that nobody
        saw is.
Rule 4: metrics count what this replica found, and only grow.
Rule 5: what is undecided is judged again at every look and at every word about noise (`undecided`): counts, clusters
        and measures are of one state of knowledge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from proxy.control.evidence.clusters import as_they_stand
from proxy.control.evidence.minutes import NO_SUMS, Minutes, Sums
from proxy.control.evidence.undecided import room, verdicts, waiting
from proxy.core.evidence.records import (
    Cluster,
    Epoch,
    EvidenceTally,
    JudgedRules,
    KeyGroup,
    RuleHits,
    ShapeCount,
)
from proxy.core.judge.coverage import OFTEN
from proxy.core.judge.ramp import Fault, Measures
from proxy.core.math.confidence import upper_bound
from proxy.core.noise.key_state import EXCUSED, KeyState
from proxy.core.noise.noise_groups import Waiting
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.difference import Severity
from proxy.core.parity.rules.rules import NO_RULES, Rules
from proxy.core.position.position import Position

SHAPE_LIVES = 7 * 86_400.0
"""Seconds after which a shape that nobody asked for again need not be covered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Comparisons that count for the judge; `rate_upper_bound` is what the mismatch rate is not proved to be below.

    `mismatch_rate`: what was found of it, in the comparisons that the bound is about; None: there are none.

    `since`: from when on they count, in unix seconds, 0 for all of the epoch; `of_epoch` are all of it.
    """

    sums: Sums = NO_SUMS
    rate_upper_bound: float = 1.0
    mismatch_rate: float | None = None
    since: float = 0.0
    of_epoch: Sums = NO_SUMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Shapes of requests: how many, the chance of an unseen one (estimate, 95 % bound), the frequent not covered."""

    shapes: int = 0
    unseen: float = 1.0
    unseen_bound: float = 1.0
    uncovered: tuple[ShapeCount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the store holds of one route at one moment; `tallies` from the minute on that `EvidenceBook.wants` named."""

    epoch: Epoch
    tallies: tuple[EvidenceTally, ...]
    clusters: tuple[Cluster, ...]
    shapes: tuple[ShapeCount, ...]
    hits: tuple[RuleHits, ...]
    groups: tuple[KeyGroup, ...] = ()


States = Mapping[str, KeyState]
"""What is known of a route's keys; those that are not there wait."""


class ComparedRoute(NamedTuple):
    """What the table says of a route; `addresses` as `Snapshot.addresses`."""

    name: str
    rules: Rules
    addresses: str = ""


@dataclass(slots=True)
class _Page:
    """One route. `number`: the epoch; `until`: by cluster when it was seen last, and how much evidence there was.

    `is_agreed`: the store knows that its rules count from `judged_from` on.
    """

    minutes: Minutes = field(default_factory=Minutes)
    look: Look | None = None
    number: int = 0
    until: dict[str, tuple[float, int]] = field(default_factory=dict)
    rules: Rules = NO_RULES
    addresses: str = ""
    judged_from: int = 0
    is_agreed: bool = False


class EvidenceBook:
    """What the store holds of each route, and what this replica counted."""

    def __init__(self) -> None:
        """Begin empty."""
        self._pages: dict[str, _Page] = {}
        self._states: Mapping[str, States] = {}
        self._counted: Counter[tuple[str, Outcome]] = Counter()
        self._incomparable: Counter[tuple[str, str]] = Counter()

    def measures(self, route: str, position: Position, least: float = 0.0) -> Measures:
        """What the judge needs to know; what evidence cannot tell (`requests`, `carried`, `lag`) is left as it is.

        `least`: seconds that the step takes at least.
        """
        page = self._page(route)
        if page.look is None or not _is_of(page.look.epoch, page, position):
            return Measures()
        step, newest, covered = page.minutes.step(position.step), page.minutes.newest, self.coverage(route)
        is_known = bool(page.minutes.judged.evidence)
        return Measures(
            compared=step.now.all.compared,
            mismatched=step.now.all.mismatched,
            unproved=page.minutes.unproved(position.step),
            waiting=self.waiting(route),
            pairs=step.pairs_lately(least),
            answered_pairs=step.answered_pairs_lately(),
            lately=step.lately(),
            answered=step.now.answered,
            answered_lately=step.answered_lately(),
            faults=tuple(self._faults(route)),
            epoch=page.look.epoch.mark,
            unseen=covered.unseen_bound if is_known else None,
            uncovered=len(covered.uncovered) if is_known else None,
            newest_at=None if newest is None else newest * 60.0 + 59.0,
        )

    def _faults(self, route: str) -> Iterator[Fault]:
        page = self._page(route)
        now = page.minutes.decided_at_once.evidence
        for cluster in self.clusters(route):
            if cluster.severity is Severity.HIGH and not cluster.accepted:
                before = min(page.until.get(cluster.id, (0.0, now))[1], now)
                yield Fault(seen=cluster.count, last_seen=cluster.last_seen, before=before, since=now - before)

    def parity(self, route: str) -> Parity:
        """Comparisons of the current epoch: those that count (rule 3), and all."""
        page = self._page(route)
        sums = page.minutes.judged
        return Parity(
            sums=sums,
            rate_upper_bound=_bound(sums.evidence, sums.evidence_against),
            mismatch_rate=sums.evidence_against / sums.evidence if sums.evidence else None,
            since=_since(page),
            of_epoch=page.minutes.sums if page.judged_from else sums,
        )

    def coverage(self, route: str) -> Covered:
        """What was compared, and what legacy answers often and was not."""
        page = self._page(route)
        if page.look is None:
            return Covered()
        compared = page.minutes.shapes()
        unseen, bound = page.minutes.unseen()
        newest = max((shape.last_seen for shape in page.look.shapes), default=0.0)
        uncovered = (
            replace(shape, compared=compared[shape.shape])
            for shape in page.look.shapes
            if shape.legacy >= OFTEN > compared[shape.shape] and newest - shape.last_seen < SHAPE_LIVES
        )
        return Covered(shapes=len(compared), unseen=unseen, unseen_bound=bound, uncovered=tuple(uncovered))

    def clusters(self, route: str) -> tuple[Cluster, ...]:
        """Differences of the current epoch, the most frequent first; `accepted` is what excuses each now, or empty.

        It is `undecided` where nobody knows yet whether it counts.
        """
        look, rules = self._page(route).look, self._page(route).rules
        return () if look is None else as_they_stand(look.clusters, look.groups, self.states(route), rules)

    def waiting(self, route: str) -> Waiting:
        """Which share of the last hour's comparisons nobody can decide, and for which keys."""
        page = self._page(route)
        counts, compared = page.minutes.last_hour()
        return waiting(counts, compared, page.look.groups if page.look else (), self.states(route))

    def states(self, route: str) -> States:
        """What is known of its keys."""
        return self._states.get(route, {})

    def epoch(self, route: str) -> Epoch | None:
        """The current epoch, if anything was compared."""
        look = self._page(route).look
        return look.epoch if look else None

    def epoch_number(self, route: str) -> int:
        """The number of the current epoch; 0: none is known yet."""
        found = self.epoch(route)
        return found.number if found else 0

    def rules_from(self, route: str) -> float:
        """Since when its rules count, in unix seconds, where an edit began them in this epoch; else 0."""
        return _since(self._page(route))

    def hits(self, route: str) -> tuple[RuleHits, ...]:
        """How often rules excused something."""
        look = self._page(route).look
        return look.hits if look else ()

    def noisy(self, route: str) -> frozenset[str]:
        """Keys that are noise now."""
        return frozenset(key for key, state in self.states(route).items() if state in EXCUSED)

    def counted(self) -> Mapping[tuple[str, Outcome], int]:
        """Comparisons of this replica since it began, by route and outcome."""
        return dict(self._counted)

    def incomparable(self) -> Mapping[tuple[str, str], int]:
        """Comparisons of this replica that could not be made, by route and reason."""
        return dict(self._incomparable)

    def undecided(self) -> Mapping[str, int]:
        """Comparisons of the present epoch that are undecided now, by route, where anything was compared."""
        return {name: page.minutes.sums.undecided for name, page in self._pages.items() if page.look is not None}

    def wants(self, route: str, epoch: int) -> int:
        """From which minute on the tallies of this epoch are wanted."""
        page = self._page(route)
        return page.minutes.ended if page.look is not None and page.look.epoch.number == epoch else 0

    def look(self, look: Look) -> None:
        """What the store holds now; another epoch begins a new page."""
        page = self._page(look.epoch.route)
        if page.number != look.epoch.number:
            page.minutes, page.number, page.until = Minutes(page.judged_from), look.epoch.number, {}
        elif page.look is None:
            page.minutes = page.minutes.anew()
        page.minutes.follow(look.tallies, room(len(self._pages)))
        page.minutes.judge_again(verdicts(look.groups, self.states(look.epoch.route)))
        page.look = replace(look, tallies=())  # the minutes have them
        page.until = {
            cluster.id: _until(page, cluster) for cluster in look.clusters if cluster.severity is Severity.HIGH
        }

    def forget_minutes(self) -> None:
        """Read everything again: replicas may have brought what was found long ago."""
        for page in self._pages.values():
            page.look = None

    def count(self, tallies: Iterable[EvidenceTally]) -> None:
        """Count for the metrics what this replica's comparer found."""
        for tally in tallies:
            self._counted[tally.route, tally.outcome] += tally.count
            if tally.outcome is Outcome.INCOMPARABLE:
                self._incomparable[tally.route, tally.why] += tally.count

    def hear(self, states: Mapping[str, States]) -> None:
        """What is known of keys now, by route."""
        before, self._states = self._states, {route: dict(known) for route, known in states.items()}
        for name, page in self._pages.items():
            if page.look is not None and before.get(name, {}) != self.states(name):
                page.minutes.judge_again(verdicts(page.look.groups, self.states(name)))

    def unagreed(self, route: str) -> JudgedRules | None:
        """What the store is to be asked about the rules of a route, if it has not said yet from when on they count."""
        page = self._page(route)
        return None if page.is_agreed else JudgedRules(route=route, mark=page.rules.mark, minute=page.judged_from)

    def agree(self, stands: JudgedRules) -> None:
        """The store has said it; everything is read again where that is another minute."""
        page = self._page(stands.route)
        if page.rules.mark != stands.mark:  # edited while it was asked
            return
        page.is_agreed = True
        if page.judged_from != stands.minute:
            page.judged_from, page.look, page.until = stands.minute, None, {}
            page.minutes = Minutes(stands.minute)

    def follow(self, routes: Iterable[ComparedRoute], minute: int) -> frozenset[str]:
        """The table has these routes now, others are forgotten; `minute` is the present one. Who was edited."""
        edited: set[str] = set()
        kept: dict[str, _Page] = {}
        for name, rules, addresses in routes:
            page = self._pages.get(name)
            kept[name] = _Page(rules=rules) if page is None else page
            kept[name].addresses = addresses
            if page is not None and page.rules != rules:
                edited.add(name)
                page.rules, page.judged_from, page.is_agreed = rules, minute + 1, False
                page.minutes.judge_from(minute + 1)
                page.until = {}
        self._pages = kept
        self._counted = Counter({key: count for key, count in self._counted.items() if key[0] in kept})
        self._incomparable = Counter({key: count for key, count in self._incomparable.items() if key[0] in kept})
        return frozenset(edited)

    def _page(self, route: str) -> _Page:
        return self._pages.get(route) or self._pages.setdefault(route, _Page())


def _until(page: _Page, cluster: Cluster) -> tuple[float, int]:
    """To the second where this process has watched, else to the minute."""
    known = page.until.get(cluster.id)
    if known is not None and known[0] == cluster.last_seen:
        return known
    return cluster.last_seen, page.minutes.evidence_until(int(cluster.last_seen // 60))


def _since(page: _Page) -> float:
    """When an edit of the rules of this epoch began to count; 0: there was none."""
    edited = page.judged_from * 60.0
    return edited if page.look is not None and edited > page.look.epoch.began else 0.0


def _is_of(epoch: Epoch, page: _Page, position: Position) -> bool:
    """Whether this is what the table and the position ask for; until something was compared, the store has another."""
    return epoch.begun == position.begun and (epoch.addresses == page.addresses or not page.addresses)


@lru_cache(maxsize=4096)
def _bound(compared: int, mismatched: int) -> float:
    return upper_bound(compared, mismatched)
