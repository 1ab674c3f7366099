"""Evidence: what was compared, how far that covers the traffic, what differed, and exchanges that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from proxy.api.view import View, null


class ParityView(View, frozen=True, kw_only=True):
    """Comparisons of the current epoch; after an edit of the route's `compare:` those since, as the judge counts."""

    compared: int = 0
    """How many count."""
    match: int = 0
    """Both sides said the same."""
    mismatch: int = 0
    """Something counts that differs."""
    ignored: int = 0
    """All that differs is excused by rules or noise."""
    incomparable: int = 0
    """Comparisons that could not be made; not among `compared`."""
    undecided: int = 0
    """They differ where nobody knows yet whether it counts; not among `compared`."""
    fields_waiting: int = 0
    """At how many paths that was so lately."""
    rate_upper_bound: float = 1.0
    """What the rate of mismatches is not proved to be below; 1 with nothing compared."""
    mismatch_rate: float | None = msgspec.field(default_factory=null)
    """The share of mismatches that the bound is about: of the same request a few a day count; null: nothing counts."""
    since: str = ""
    """From when on they count (RFC 3339), where `compare:` was edited; empty: since the epoch began."""


class ShapeView(View, frozen=True, kw_only=True):
    """A shape of requests."""

    shape: str
    """Method, path by kinds of segments, and names of parameters."""
    legacy: int
    """How often legacy answered it."""
    compared: int
    """How often it was compared in this epoch."""


class EchoView(View, frozen=True, kw_only=True):
    """Whether a side says whom it saw (`X-Banyan-Saw`), since this Banyan runs."""

    side: str
    """legacy or new."""
    echoed: int
    """Answers to known callers, shadowed, that said it."""
    silent: int
    """Those that did not."""


class CoverageView(View, frozen=True, kw_only=True):
    """How much of the requests is like what was compared."""

    shapes: int = 0
    """Shapes that were compared."""
    unseen: float = 1.0
    """The chance that the next request has a shape that was never compared."""
    unseen_bound: float = 1.0
    """The upper 95 % bound of that chance."""
    uncovered: int = 0
    """Shapes that legacy answers often and that were not compared enough."""
    echoes: tuple[EchoView, ...] = ()
    """Sides that were asked on behalf of known callers; a side that never says whom it saw is not compared by that."""


class NoiseView(View, frozen=True, kw_only=True):
    """What is known of one key: a path, behind it the form of the values where it pools many."""

    path: str
    """The key."""
    decided: str
    """What the tests have found: a state, `regression`, or nothing yet."""
    excused: bool
    """Whether its values are excused now."""
    asked: int
    """Requests in which legacy was seen to answer twice."""
    until: str | None
    """How long it holds (RFC 3339); null: no end is set."""
    state: str
    """How it stands: `waits`, `noisy`, `clock`, `held` or `open`."""
    why: str
    """The reason, for people."""
    since: str | None = None
    """Since when it stands so (RFC 3339), or was first met in this epoch; null: nothing was counted yet."""
    accepted: Sequence[str] = ()
    """Rules of `compare:` that accept differences at its path now, by their ids."""


class RuleView(View, frozen=True, kw_only=True):
    """One rule of `compare:`."""

    id: str
    """How clusters name it."""
    path: str
    """Where it holds."""
    reason: str
    """Why it was written."""
    owner: str
    """Who answers for it."""
    until: str | None
    """The end of its last day (RFC 3339); null: never."""
    hits: int
    """How often it excused something."""
    last_hit: str | None
    """When it last did (RFC 3339)."""
    misuse: Sequence[str]
    """What is wrong with it: `unused`, `broad`, `expired`."""
    sentence: str
    """The same in words."""


class EpochView(View, frozen=True, kw_only=True):
    """An epoch: a stretch of a route's evidence during which neither side changed."""

    number: int
    """From 1 within the route."""
    legacy_version: str
    """What legacy says of its version; empty: nothing."""
    new_version: str
    """What new says of its version; empty: nothing."""
    began: str
    """When it was first met (RFC 3339)."""
    seen: str = ""
    """When it was last met (RFC 3339)."""
    counts: bool = True
    """Whether it is the present one."""
    why: str = ""
    """Why it began."""


class EpochsView(View, frozen=True, kw_only=True):
    """A route's epochs."""

    epochs: Sequence[EpochView]
    """The one that counts first."""


class EvidenceView(View, frozen=True, kw_only=True):
    """What is known of one route beyond the counts of the list."""

    incomparable: Mapping[str, int] = {}
    """How many comparisons could not be made, by reason."""
    epoch: EpochView | None = None
    """The current one; null: nothing was compared."""
    uncovered_shapes: Sequence[ShapeView] = ()
    """The first of those that legacy answers often and that were not compared enough."""
    noise: Sequence[NoiseView] = ()
    """Keys of which something is known, and those that wait."""
    rules: Sequence[RuleView] = ()
    """Those of `compare:`, in file order."""


class ClusterStanding(StrEnum):
    """Whether a difference counts; `earlier`: it was not seen since `compare` was edited, and does not."""

    COUNTS = "counts"
    EARLIER = "earlier"
    ACCEPTED = "accepted"
    UNDECIDED = "undecided"


class ClusterView(View, frozen=True, kw_only=True):
    """A cluster: all differences of one kind at one path of a route in its current epoch."""

    id: str
    """Names it for `accept`, `replay` and `export`."""
    path: str
    """Where the sides differ."""
    kind: str
    """What differs there (docs/compare.md)."""
    severity: str
    """How much a client would suffer: `high`, `medium` or `low`."""
    count: int
    """How often."""
    share: float
    """Of what could be compared in the epoch, in [0, 1]."""
    first_seen: str
    """When it first was (RFC 3339)."""
    last_seen: str
    """When it last was (RFC 3339)."""
    accepted: str | None
    """What excuses it now: a rule's id, or `noise`; null: nothing."""
    state: ClusterStanding = ClusterStanding.COUNTS
    """Whether it counts."""
    why: str = ""
    """What is known of its values, for people."""


class MessageView(View, frozen=True, kw_only=True):
    """What a request or an answer carries."""

    fields: Sequence[tuple[str, str]]
    """Names and values as they came, secrets replaced by hashes."""
    body: str
    """As it came, secrets replaced by hashes."""
    base64: bool
    """Whether `body` is in base64, since it is no UTF-8."""


class CapturedRequestView(MessageView, frozen=True, kw_only=True):
    """A request as it may be kept."""

    method: str
    """As it was sent."""
    target: str
    """Path and query, secrets replaced by hashes."""


class CapturedAnswerView(MessageView, frozen=True, kw_only=True):
    """An answer as it may be kept."""

    status: int
    """0 where there was no answer."""
    failure: str
    """Why there was none; empty: there was."""
    seconds: float
    """How long it took."""
    cut: bool
    """Whether the body went on."""


class DifferenceView(View, frozen=True, kw_only=True):
    """One place where the sides differ."""

    path: str
    """Where."""
    kind: str
    """What differs there (docs/compare.md)."""
    severity: str
    """`high`, `medium` or `low`."""
    legacy: str
    """What legacy says there, shortened."""
    new: str
    """What new says there, shortened."""


class ExchangeView(View, frozen=True, kw_only=True):
    """One request and what both sides said to it."""

    request_id: str
    """Its id."""
    at: str
    """When it came (RFC 3339)."""
    request: CapturedRequestView
    """As it may be kept."""
    legacy: CapturedAnswerView
    """What legacy said."""
    new: CapturedAnswerView
    """What new said."""
    differences: Sequence[DifferenceView]
    """Those that counted or waited."""


class MismatchesView(View, frozen=True, kw_only=True):
    """A route's differences."""

    clusters: Sequence[ClusterView]
    """The most frequent first; with `cluster` that one alone."""
    incomparable: str = ""
    """What could not be compared, and why, in words; empty: nothing."""
    exchanges: Sequence[ExchangeView] | None = None
    """Exchanges that show the cluster that was asked for; else null."""


class ExchangesView(View, frozen=True, kw_only=True):
    """Safe requests that were kept for replay."""

    exchanges: Sequence[ExchangeView]
    """Newest first."""
    noisy: Sequence[str]
    """Keys whose values are excused."""
