"""What is kept of the comparisons: the values that stores take and give.

Rule 1: what comes with `Increments` adds up, in any order and from any replica; what is saved alone replaces.
Rule 2: times are unix seconds (float), minutes are unix minutes (int); nothing here reads a clock.
Rule 3: an exchange is redacted before it is put into one of these.
Rule 4: texts that come from the network are made storable and bounded here, so that no store meets one that it refuses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, dataclass, fields, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any, ClassVar, Protocol, TypeVar

from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest
from proxy.core.parity.rules.difference import Difference, DifferenceKind, Severity


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Record = TypeVar("Record", bound="_Dataclass")

SAMPLED = 5
"""Exchanges kept of a cluster by chance, and as many of the newest."""

LONGEST_TEXT = 500
OTHER = "(other)"
"""The shape of what exceeds the number of shapes that a route may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A stretch of a route's evidence during which neither side was deployed.

    One per pair of versions, addresses of both sides, and `begun`: what returns finds its evidence again. `begun` is
    how often somebody has ordered a new one, `why` by whom and why. `number` counts from 1 within the route. `began` is
    when this was first met, `seen` when it was last announced.
    """

    route: str
    number: int
    legacy_version: str
    new_version: str
    began: float
    seen: float
    addresses: str = ""
    begun: int = 0
    why: str = ""

    @property
    def mark(self) -> str:
        """What tells the epochs of a route apart."""
        return epoch_mark(self.legacy_version, self.new_version, self.addresses, self.begun)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRules:
    """From which minute on comparisons of a route are evidence under its `compare:` (`Rules.mark`); 0: all of them."""

    route: str
    mark: str
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceTally:
    """How many comparisons of one route, epoch, minute and shape ended in this way.

    Each comparison is counted once: under the kind and severity of its gravest difference, under its reason when it was
    incomparable (`why`), and under neither when the sides agreed. One that is undecided has the gravest of what waits,
    and its `why` begins with its group (`noise.groups`). `step` is that of the position
    under which they were asked, `side` the one that answered the client.
    """

    route: str
    epoch: int
    minute: int
    shape: str
    outcome: Outcome
    kind: DifferenceKind | None = None
    severity: Severity | None = None
    why: str = ""
    step: int = 0
    side: Side = Side.LEGACY
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """`count` times the same difference: route, epoch, path and kind.

    `accepted`: the rule that excused it, `noise` or `undecided`, or empty; `counted` of them were excused by nothing.
    """

    route: str
    epoch: int
    path: str
    kind: DifferenceKind
    severity: Severity
    first_seen: float
    last_seen: float
    count: int = 1
    accepted: str = ""
    counted: int = 0

    @property
    def cluster(self) -> str:
        """The id of the cluster that it belongs to."""
        return cluster_id(self.route, self.path, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """All occurrences of one difference in one epoch; `accepted` and `counted` as of an Occurrence, the last one's."""

    id: str
    route: str
    epoch: int
    path: str
    kind: DifferenceKind
    severity: Severity
    count: int
    first_seen: float
    last_seen: float
    accepted: str = ""
    counted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGroup:
    """Keys of differences that waited together in a comparison; `id` is `noise.groups.group_id` of them."""

    route: str
    id: str
    keys: tuple[str, ...]
    last_seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedExchange:
    """One request and what both sides said, redacted. `draw` in [0, 1) decides whether it stays in a sample."""

    route: str
    request_id: str
    at: float
    draw: float
    request: CapturedRequest
    legacy: CapturedAnswer
    new: CapturedAnswer
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An exchange that shows a cluster's difference in one epoch."""

    cluster: str
    epoch: int
    exchange: ComparedExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeCount:
    """How often legacy answered a request of this shape, and how often it was compared."""

    route: str
    shape: str
    legacy: int
    compared: int
    first_seen: float
    last_seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """How often a `compare:` rule excused something, and when it last did."""

    route: str
    rule: str
    hits: int
    last_hit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseCount:
    """What was counted of one key (`path`) in one epoch, added up over replicas.

    Of `asked` comparisons, `raw_only` differed between the sides alone, `noise_only` between legacy's two answers
    alone, and `both` in both. `measure` says what it is a count of (`proxy.core.noise.measure`).
    """

    route: str
    path: str
    measure: str
    asked: int
    raw_only: int
    noise_only: int
    both: int
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFinding:
    """How one key (`path`) stands: its `numbers`, what is `decided` (empty: nothing), valid `until`, and `why`."""

    route: str
    path: str
    numbers: tuple[float, ...]
    decided: str
    until: float | None
    updated: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardState:
    """The floats of one guard: one per route and class of bad event."""

    route: str
    bad: str
    numbers: tuple[float, ...]
    updated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Increments:
    """What adds up, in one piece: a store takes all of it or nothing, and the same `id` once only."""

    id: str
    at: float
    tallies: tuple[EvidenceTally, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    samples: tuple[Sample, ...] = ()
    shapes: tuple[ShapeCount, ...] = ()
    rule_hits: tuple[RuleHits, ...] = ()
    noise: tuple[NoiseCount, ...] = ()
    recorded: tuple[ComparedExchange, ...] = ()
    groups: tuple[KeyGroup, ...] = ()

    def __len__(self) -> int:
        """Number of records."""
        return sum(len(getattr(self, name)) for name in _PARTS)


_PARTS = tuple(field.name for field in fields(Increments) if field.name not in {"id", "at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What stays: seconds, records, bytes. Whatever exceeds one of them goes, oldest first.

    `shapes`, `clusters` (of one epoch), `noise_counts`, `epochs`, `recorded`, `groups` and `rules` (marks that are
    known) count within a route; the others over all of them.
    """

    age: float = 30 * 86400.0
    tallies: int = 2_000_000
    exchange_bytes: int = 256 * 1024 * 1024
    shapes: int = 1000
    clusters: int = 1000
    noise_counts: int = 4000
    epochs: int = 50
    recorded: int = 500
    groups: int = 1000
    rules: int = 20
    all_groups: int = 20_000
    transitions: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a round of retention took away, in records."""

    tallies: int = 0
    clusters: int = 0
    exchanges: int = 0
    others: int = 0


def joined(id_: str, parts: Iterable[Increments]) -> Increments:
    """One piece out of several, under a new id, at the time of the last."""
    pieces = tuple(parts)
    return Increments(
        id=id_,
        at=max((piece.at for piece in pieces), default=0.0),
        tallies=tuple(record for piece in pieces for record in piece.tallies),
        occurrences=tuple(record for piece in pieces for record in piece.occurrences),
        samples=tuple(record for piece in pieces for record in piece.samples),
        shapes=tuple(record for piece in pieces for record in piece.shapes),
        rule_hits=tuple(record for piece in pieces for record in piece.rule_hits),
        noise=tuple(record for piece in pieces for record in piece.noise),
        recorded=tuple(record for piece in pieces for record in piece.recorded),
        groups=tuple(record for piece in pieces for record in piece.groups),
    )


def cluster_id(route: str, path: str, kind: str) -> str:
    """The same on every replica and in every epoch: 12 hex digits."""
    text = "\0".join((storable(route), storable(path), kind))
    return sha256(text.encode("utf-8")).hexdigest()[:12]


@lru_cache(maxsize=4096)
def epoch_mark(legacy_version: str, new_version: str, addresses: str, begun: int) -> str:
    """Stands for what an epoch of a route belongs to, the same on every replica: 12 hex digits."""
    text = "\0".join((storable(legacy_version), storable(new_version), addresses, str(begun)))
    return sha256(text.encode("utf-8")).hexdigest()[:12]


def storable(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text that every store takes: no NUL, no half of a surrogate pair, at most `longest` characters."""
    if "\0" not in text and len(text) <= longest and text.isascii():
        return text
    whole = text.replace("\0", "␀").encode("utf-8", "replace").decode("utf-8")
    return whole if len(whole) <= longest else f"{whole[: longest - 10]}…{_mark(whole)}"


def cleaned(record: Record) -> Record:
    """The record with its texts storable."""
    texts = {field.name: getattr(record, field.name) for field in fields(record)}
    return replace(record, **{name: storable(text) for name, text in texts.items() if type(text) is str})


def _mark(text: str) -> str:
    """Tells apart two long texts that begin alike."""
    return sha256(text.encode("utf-8")).hexdigest()[:9]
