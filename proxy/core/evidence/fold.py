"""Comparisons → what is kept of them: counts add up until somebody takes them away.

Rule 1: memory is bounded however long nobody takes: what finds no place is counted as lost, never passed over quietly.
Rule 2: samples are fair: of a cluster the lowest draws stay, whenever they come, and the newest beside them. There is
        room for so many until they are taken; a comparison without a sample is counted all the same, and others follow.
Rule 3: an exchange is redacted when it is taken, once, and only what is kept.
Rule 4: a request that was compared often enough today still counts as compared, marked `REPEATED`: it is no evidence.
Rule 5: what is undecided is counted under the group of its keys. Where that finds no place it is a mismatch.

Long: everything that is kept of a comparison is added up in one place, so that its bounds stand beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from proxy.core.evidence.key_groups import KeyGroupBounds
from proxy.core.evidence.records import (
    OTHER,
    SAMPLED,
    ComparedExchange,
    EvidenceTally,
    Increments,
    KeyGroup,
    NoiseCount,
    Occurrence,
    RuleHits,
    Sample,
    ShapeCount,
    cluster_id,
)
from proxy.core.noise.noise_groups import marked
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, IncomparableReason, Outcome
from proxy.core.parity.excuse import NOISE, UNDECIDED
from proxy.core.parity.pair import Label, Pair
from proxy.core.parity.redact import MOST_BODY, Redactor
from proxy.core.parity.rules.difference import Difference, DifferenceKind, Severity
from proxy.core.routing.effects import SAFE_METHODS

REPEATED = "repeated"
"""The `why` of a tally whose requests had been compared often enough that day."""

NoiseMark = tuple[str, str, int, int, int, int]
"""Key, measure and the numbers of a `NoiseCount`."""

MOST_PARTS = 20_000
MOST_TALLIES = 50_000
MOST_KEYS = 1_000
MOST_NOISE = 4_000
MOST_RECORDED = 20
MOST_HELD, MOST_NEWEST = 1024 * 1024, 256 * 1024
"""Bytes of exchanges that wait to be taken, and beyond which they wait only for their draw. To redact a megabyte takes
a quarter of a second; of a thousand clusters at once each has its samples after some seconds.
"""
MOST_CLUSTERS = 5_000
_NOT_ANSWERED = frozenset({IncomparableReason.BOTH_FAILED, IncomparableReason.LEGACY_FAILED})
_GRAVITY = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was found on one route in one epoch. `increments` has epoch 0: the store numbers them."""

    route: str
    legacy_version: str
    new_version: str
    increments: Increments
    addresses: str = ""
    begun: int = 0


Origin = tuple[str, str, str, str, int]
"""Route, both versions, addresses and `begun`: what an epoch belongs to."""
_Key = tuple[int, str, Outcome, DifferenceKind | None, Severity | None, str, int, Side]
"""Minute, shape, how it ended, the gravest difference, why, step, and who answered the client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPair:
    """One comparison. `draw` in [0, 1) is chance; `repeated`: see rule 4."""

    pair: Pair
    comparison: Comparison
    shape: str
    draw: float
    repeated: bool = False


@dataclass(slots=True)
class _Seen:
    """One cluster's occurrences since the last taking."""

    severity: Severity
    first: float
    last: float
    count: int = 0
    accepted: str = ""
    counted: int = 0


@dataclass(slots=True)
class _Heap:
    """What one part has added up since the last taking."""

    tallies: dict[_Key, int] = field(default_factory=dict)
    seen: dict[tuple[str, DifferenceKind], _Seen] = field(default_factory=dict)
    shapes: dict[str, list[float]] = field(default_factory=dict)
    hits: dict[str, list[float]] = field(default_factory=dict)
    noise: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    drawn: dict[str, list[ComparedPair]] = field(default_factory=dict)
    newest: dict[str, ComparedPair] = field(default_factory=dict)
    groups: dict[str, KeyGroup] = field(default_factory=dict)
    recorded: ComparedPair | None = None


class Fold:
    """Adds comparisons up. `lost` counts what found no place since the start."""

    def __init__(self) -> None:
        """Begin empty."""
        self.lost = 0
        self._heaps: dict[Origin, _Heap] = {}
        self._tallies = 0
        self._held = 0
        self._recorded = 0
        self._room = KeyGroupBounds()
        self._lowest: dict[str, list[float]] = {}

    def add(self, found: ComparedPair) -> None:
        """Adds one comparison to the counts of its route."""
        pair = found.pair
        heap = self._heap(pair)
        if heap is None:
            return
        found, group = self._grouped(heap, found)
        comparison = found.comparison
        shape = self._shape(heap, found)
        why = comparison.why.value if comparison.why is not None else REPEATED if found.repeated else ""
        why = marked(group, why) if group else why
        gravest = gravest_of(comparison)
        kind, severity = (None, None) if gravest is None else (gravest.kind, gravest.severity)
        ended = (int(pair.at // 60), shape, comparison.outcome, kind, severity, why)
        self._tally(heap, (*ended, pair.step, pair.authoritative))
        for difference in comparison.differences:
            self._show(heap, difference, "", found)
        for difference in _waiting(comparison):
            self._show(heap, difference, UNDECIDED, found)
        for rule, difference in comparison.excused:
            _occur(heap, difference, pair.at, rule)
            if rule != NOISE:
                _hit(heap, rule, pair.at)
        self._record(heap, found)

    def _grouped(self, heap: _Heap, found: ComparedPair) -> tuple[ComparedPair, str]:
        """The id of its group if it is undecided, else an empty one; see rule 5."""
        comparison, pair = found.comparison, found.pair
        if comparison.outcome is not Outcome.UNDECIDED:
            return found, ""
        group = self._room.add(heap.groups, pair.route, (key for key, _ in comparison.waiting), pair.at)
        if group is not None:
            return found, group
        counts = replace(comparison, outcome=Outcome.MISMATCH, differences=_waiting(comparison), waiting=())
        return replace(found, comparison=counts), ""

    def _show(self, heap: _Heap, difference: Difference, accepted: str, found: ComparedPair) -> None:
        """Counts a difference in its cluster, and offers the pair as a sample."""
        _occur(heap, difference, found.pair.at, accepted)
        self._sample(heap, cluster_id(found.pair.route, difference.path, difference.kind), found)

    def mark(self, origin: Origin, marks: Iterable[NoiseMark]) -> None:
        """What was learned of noise: keys, what is counted, and how often."""
        heap = self._heap_of(origin)
        if heap is None:
            return
        for key, measure, *numbers in marks:
            if (key, measure) in heap.noise or len(heap.noise) < MOST_NOISE:
                counts = heap.noise.setdefault((key, measure), [0, 0, 0, 0])
                counts[:] = map(sum, zip(counts, numbers, strict=True))
            else:
                self.lost += 1

    def shed(self, pair: Label) -> None:
        """A pair that nobody compared, for want of time."""
        heap = self._heap(pair)
        if heap is not None:
            ended = (int(pair.at // 60), OTHER, Outcome.INCOMPARABLE, None, None, IncomparableReason.SHED.value)
            self._tally(heap, (*ended, pair.step, pair.authoritative))

    def take(self, redactor: Callable[[str], Redactor], new_id: Callable[[], str], at: float) -> tuple[Part, ...]:
        """Everything since the last taking, at `at`; `redactor` is that of a route."""
        heaps, self._heaps = self._heaps, {}
        self._tallies = self._held = self._recorded = 0
        self._room = KeyGroupBounds()
        return tuple(
            Part(
                route=key[0],
                legacy_version=key[1],
                new_version=key[2],
                increments=_increments(key[0], heap, redactor(key[0]), new_id(), at),
                addresses=key[3],
                begun=key[4],
            )
            for key, heap in heaps.items()
        )

    def _heap(self, pair: Label) -> _Heap | None:
        return self._heap_of((pair.route, pair.legacy_version, pair.new_version, pair.addresses, pair.begun))

    def _heap_of(self, key: Origin) -> _Heap | None:
        heap = self._heaps.get(key)
        if heap is None:
            if len(self._heaps) >= MOST_PARTS:
                self.lost += 1
                return None
            heap = self._heaps[key] = _Heap()
        return heap

    def _tally(self, heap: _Heap, key: _Key, count: int = 1) -> None:
        known = heap.tallies.get(key)
        if known is not None:
            heap.tallies[key] = known + count
        elif self._tallies < MOST_TALLIES:
            self._tallies += 1
            heap.tallies[key] = count
        else:
            self.lost += count

    def _shape(self, heap: _Heap, found: ComparedPair) -> str:
        shape, at = found.shape, found.pair.at
        if shape not in heap.shapes and len(heap.shapes) >= MOST_KEYS:
            shape = OTHER
        counts = heap.shapes.setdefault(shape, [0, 0, at, at])
        counts[0] += not (found.pair.legacy.failure or found.comparison.why in _NOT_ANSWERED)
        counts[1] += found.comparison.outcome is not Outcome.INCOMPARABLE
        counts[2], counts[3] = min(counts[2], at), max(counts[3], at)
        return shape

    def _sample(self, heap: _Heap, cluster: str, found: ComparedPair) -> None:
        """Keep it if its draw is among the lowest that this cluster ever had, or as the newest."""
        if self._held >= MOST_HELD:
            return
        before = heap.newest.get(cluster)
        if before is not None or self._held < MOST_NEWEST:
            self._held += _size(found) - (0 if before is None else _size(before))
            heap.newest[cluster] = found
        lowest = self._lowest.get(cluster)
        if lowest is None:
            lowest = self._lowest[cluster] = []
            if len(self._lowest) > MOST_CLUSTERS:
                del self._lowest[next(iter(self._lowest))]
        if len(lowest) < SAMPLED or found.draw < lowest[-1]:
            lowest.append(found.draw)
            lowest.sort()
            del lowest[SAMPLED:]
            self._held += _size(found)
            heap.drawn.setdefault(cluster, []).append(found)

    def _record(self, heap: _Heap, found: ComparedPair) -> None:
        """Of the safe requests of one taking, the one with the lowest draw."""
        if not _can_be_sent_again(found) or (heap.recorded is not None and heap.recorded.draw <= found.draw):
            return
        if heap.recorded is None:
            if self._recorded >= MOST_RECORDED:
                return
            self._recorded += 1
        heap.recorded = found


def gravest_of(comparison: Comparison) -> Difference | None:
    """The gravest difference that counts, or waits where none counts; None: there is neither."""
    return min(comparison.differences or _waiting(comparison), key=_gravity, default=None)


def _waiting(comparison: Comparison) -> tuple[Difference, ...]:
    return tuple(difference for _, difference in comparison.waiting)


def _gravity(difference: Difference) -> int:
    return _GRAVITY[difference.severity]


def _size(found: ComparedPair) -> int:
    pair = found.pair
    return len(pair.request.body) + len(pair.legacy.body) + len(pair.new.body) + 1_000


def _occur(heap: _Heap, difference: Difference, at: float, accepted: str) -> None:
    key = (difference.path, difference.kind)
    seen = heap.seen.get(key)
    if seen is None:
        if len(heap.seen) >= MOST_KEYS:
            key = (OTHER, difference.kind)
        seen = heap.seen.setdefault(key, _Seen(difference.severity, at, at))
    seen.count += 1
    seen.counted += not accepted
    seen.first = min(seen.first, at)
    if at >= seen.last:
        seen.last, seen.accepted, seen.severity = at, accepted, difference.severity


def _hit(heap: _Heap, rule: str, at: float) -> None:
    hits = heap.hits.setdefault(rule, [0, at])
    hits[0] += 1
    hits[1] = max(hits[1], at)


def _can_be_sent_again(found: ComparedPair) -> bool:
    legacy = found.pair.legacy
    whole = not legacy.failure and legacy.size == len(legacy.body) <= MOST_BODY
    return whole and found.pair.request.method in SAFE_METHODS and not found.pair.request.body


def _increments(route: str, heap: _Heap, redactor: Redactor, id_: str, at: float) -> Increments:
    kept = _Redacted(redactor)
    return Increments(
        id=id_,
        at=at,
        tallies=tuple(_tallies(route, heap)),
        occurrences=tuple(_occurrences(route, heap)),
        samples=tuple(_samples(heap, kept)),
        shapes=tuple(
            ShapeCount(
                route=route,
                shape=shape,
                legacy=int(counts[0]),
                compared=int(counts[1]),
                first_seen=counts[2],
                last_seen=counts[3],
            )
            for shape, counts in heap.shapes.items()
        ),
        rule_hits=tuple(
            RuleHits(route=route, rule=rule, hits=int(hits[0]), last_hit=hits[1]) for rule, hits in heap.hits.items()
        ),
        noise=tuple(
            NoiseCount(
                route=route,
                path=key,
                measure=measure,
                asked=counts[0],
                raw_only=counts[1],
                noise_only=counts[2],
                both=counts[3],
            )
            for (key, measure), counts in heap.noise.items()
        ),
        recorded=() if heap.recorded is None else (kept.exchange(heap.recorded),),
        groups=tuple(heap.groups.values()),
    )


def _tallies(route: str, heap: _Heap) -> Iterator[EvidenceTally]:
    for (minute, shape, outcome, kind, severity, why, step, side), count in heap.tallies.items():
        yield EvidenceTally(
            route=route,
            epoch=0,
            minute=minute,
            shape=shape,
            outcome=outcome,
            kind=kind,
            severity=severity,
            why=why,
            step=step,
            side=side,
            count=count,
        )


def _occurrences(route: str, heap: _Heap) -> Iterator[Occurrence]:
    for (path, kind), seen in heap.seen.items():
        yield Occurrence(
            route=route,
            epoch=0,
            path=path,
            kind=kind,
            severity=seen.severity,
            first_seen=seen.first,
            last_seen=seen.last,
            count=seen.count,
            accepted=seen.accepted,
            counted=seen.counted,
        )


def _samples(heap: _Heap, kept: _Redacted) -> Iterator[Sample]:
    for cluster in heap.newest | heap.drawn:
        drawn = sorted(heap.drawn.get(cluster, ()), key=lambda each: each.draw)[:SAMPLED]
        newest = heap.newest.get(cluster)
        chosen = drawn if newest is None or any(exchange is newest for exchange in drawn) else [*drawn, newest]
        for exchange in chosen:
            yield Sample(cluster=cluster, epoch=0, exchange=kept.exchange(exchange))


class _Redacted:
    """Exchanges as they may be kept, each made once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._made: dict[int, ComparedExchange] = {}

    def exchange(self, found: ComparedPair) -> ComparedExchange:
        known = self._made.get(id(found))
        if known is None:
            known = self._made[id(found)] = self._make(found)
        return known

    def _make(self, found: ComparedPair) -> ComparedExchange:
        pair = self._redactor.pair(found.pair)
        return ComparedExchange(
            route=pair.route,
            request_id=pair.request_id,
            at=pair.at,
            draw=found.draw,
            request=pair.request,
            legacy=pair.legacy,
            new=pair.new,
            differences=tuple(
                map(self._redactor.difference, (*found.comparison.differences, *_waiting(found.comparison)))
            ),
        )
