"""Recent requests, as far as they were sampled."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import StageWord, View


class RememberedView(View, frozen=True, kw_only=True):
    """One recent request; no value of it is kept, only veils of those that routing reads."""

    at: float
    """When it came, in unix seconds."""
    id: str
    """Its request id."""
    method: str
    """As it was sent."""
    path: str
    """As it was sent, without the query."""
    query: str
    """With a veil in place of each value."""
    host: str
    """The normal form of its Host."""
    fields: Sequence[tuple[str, Sequence[str]]]
    """Names of fields that routing reads, each with the veils of its values."""
    route: str
    """Its route; empty: none took it."""
    stage: StageWord
    """Where the route ran; empty where Banyan answers by `respond`."""
    split: float
    """The route's split then, in [0, 1]."""
    reason: str
    """Why that side was to answer."""
    serve: str
    """Who was to answer: `legacy`, `new` or `self`."""
    side: str
    """Who answered; after a fallback not the one that was to."""
    upstream: str
    """The upstream's name; empty where Banyan answered."""
    status: int
    """Of the answer."""
    ms: float
    """How long it took, in milliseconds."""
    drawn_for: str
    """The group or route for which its cohort was drawn."""
    sources: str
    """The route's cohort sources."""
    source: str
    """The one that was present; empty: none, and the client's address stood in."""
    cohort: str
    """Its cohort: 64 bits of a hash, in hexadecimal, since numbers of JSON keep fewer."""
    draw: float | None
    """The cohort's draw in [0, 1), where one decided."""
    shadow: str
    """The side that was asked beside; empty: none."""
    attempts: int
    """How often it was sent to an upstream."""
    fell_back: bool
    """Whether the other side answered in the end."""
    failure: str
    """What went wrong; empty: nothing."""
    revision: str
    """Of the routes.yaml that decided."""
    client_request_id: str = ""
    """The id that the client gave, where another one is used."""


class SampledView(RememberedView, frozen=True, kw_only=True):
    """A remembered request in a list."""

    weight: float
    """How many requests it stands for; 0: it was kept because it went wrong."""


class RecentView(View, frozen=True, kw_only=True):
    """The memory of recent requests."""

    revision: str
    """Of the routes.yaml that runs."""
    seconds: float
    """The length of time that the memory covers."""
    remembered: int = 0
    """How many requests it holds."""
    requests: Sequence[SampledView]
    """Newest first, as many as were asked for."""


class NowView(View, frozen=True, kw_only=True):
    """What would be decided of a remembered request now."""

    route: str = ""
    """The route that would take it."""
    stage: StageWord | None = None
    """Where that route runs; null where Banyan answers by `respond`."""
    split: float | None = None
    """Its split, in [0, 1]."""
    side: str | None = None
    """Who would answer; null: its cohort would be drawn anew, so that nobody can say."""
    address: str | None = None
    """Where that side is; null as of `side`."""
    reason: str = ""
    """Why."""
    draw: float | None = None
    """The draw that this request's cohort has there."""
    differs: bool = False
    """Whether route or side would be others."""


class ComparisonView(View, frozen=True, kw_only=True):
    """What the comparison of a request came to when it was made; noise that was learned later may excuse it."""

    outcome: str
    """`match`, `mismatch`, `ignored`, `incomparable` or `undecided`."""
    why: str = ""
    """Of one that is incomparable: the reason."""
    cluster: str = ""
    """The id of the cluster of its gravest difference that counts or waits; empty: there is none."""
    path: str = ""
    """Where that difference is."""
    kind: str = ""
    """Of what kind it is."""
    severity: str = ""
    """How grave it is: `high`, `medium` or `low`."""
    differences: int = 0
    """How many differences count or wait."""


class RequestedView(View, frozen=True, kw_only=True):
    """One recent request: how it was decided, and what would be decided now."""

    request: RememberedView
    """What is remembered of it."""
    now: NowView
    """What would be decided now."""
    revision: str = ""
    """Of the routes.yaml that runs."""
    comparison: ComparisonView | None = None
    """Null where its two answers were not compared, or that is forgotten."""
