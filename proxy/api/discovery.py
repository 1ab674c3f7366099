"""The endpoints of an API as its traffic shows them. No value of a request is in it: names, kinds and counts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from proxy.api.view import View
from proxy.core.discovery.alike_words import alike_words
from proxy.core.discovery.endpoint import EndpointSeen, statuses
from proxy.core.discovery.inventory import DiscoveredEndpoint, Inventory
from proxy.core.discovery.usage import SECONDS_A_DAY


class SeenCallerView(View, frozen=True, kw_only=True):
    """One caller of an endpoint."""

    caller: str
    """The client that Banyan has verified; `unverified`: nobody knows; `(others)`: those beyond 50."""
    calls: float
    """How often it called, as far as was sampled."""
    first: float
    """When it was first seen (unix seconds)."""
    last: float
    """When it was last seen (unix seconds)."""
    nulls: Sequence[str] = ()
    """Fields of request bodies that it has sent as null."""


class SeenParameterView(View, frozen=True, kw_only=True):
    """A segment of the template that is a value."""

    name: str
    """As in the template."""
    kinds: Sequence[str]
    """What values looked like: `integer`, `uuid`, `date`, `email`, `hex`, `code`, `text`, `slug`; the usual first."""
    distinct: int
    """How many values were met; 20 stands for as many or more."""


class SeenFieldView(View, frozen=True, kw_only=True):
    """A field of request bodies."""

    name: str
    """As a path: `$.items[*].price`."""
    present: int
    """In how many of the bodies it was; in the others it was absent."""
    kinds: Mapping[str, int]
    """What stood there, `null` among them, each with how many bodies."""


class DiscoveredEndpointView(View, frozen=True, kw_only=True):
    """One method of one template."""

    method: str
    """As it was sent."""
    template: str
    """The pattern of the route that names it, else one that was found."""
    is_known: bool = False
    """Whether a route of routes.yaml names it (`/**` names nothing)."""
    is_single: bool = False
    """It was seen once, from nobody verified: it may be a scanner's."""
    routes: Sequence[str] = ()
    """Which routes took it; an empty name: none did."""
    calls: float
    """How often it was called; of busy seconds a sample is weighed."""
    observed: int
    """How many requests that was learned from."""
    first: float
    """When it was first seen (unix seconds)."""
    last: float
    """When it was last seen (unix seconds)."""
    statuses: Mapping[str, float]
    """Answers by class: `2xx`."""
    callers: Sequence[SeenCallerView]
    """Who called, most first."""
    parameters: Sequence[SeenParameterView] = ()
    """Of a template that was found, in order."""
    query: Mapping[str, int] = {}
    """Names in queries, each with how many requests had it."""
    bodies: int = 0
    """How many request bodies were looked at."""
    fields: Sequence[SeenFieldView] = ()
    """What was in them."""
    days: Sequence[tuple[str, float]] = ()
    """Calls by day (UTC), oldest first, of a year."""


class AlikeWordsView(View, frozen=True, kw_only=True):
    """Words in one place that are called alike: they may be values of one parameter, which traffic cannot tell yet."""

    parent: str
    """What stands before them: `/shops`."""
    words: Sequence[str]
    """All of them."""
    matches: Sequence[str]
    """The `match` of each route that would take them as a parameter: `GET /shops/{shop}`."""


class DiscoveryView(View, frozen=True, kw_only=True):
    """What traffic shows; it does not show which answer fields a client reads."""

    since: float
    """Since when traffic was looked at (unix seconds)."""
    observed: int
    """How many requests were learned from."""
    missed: float
    """Calls of paths that nothing is known of and that were not found: scanners', most of them."""
    dropped: int = 0
    """Requests whose path was forgotten, since memory is bounded."""
    endpoints: Sequence[DiscoveredEndpointView] = ()
    """By template and method."""
    alike: Sequence[AlikeWordsView] = ()
    """Words that may be values, where they are fewer than it takes to be found to be some."""


def discovery_view(inventory: Inventory, since: float) -> DiscoveryView:
    """All that it holds."""
    endpoints = inventory.endpoints()
    return DiscoveryView(
        since=since,
        observed=inventory.observed,
        missed=round(inventory.missed),
        dropped=inventory.dropped,
        endpoints=[_endpoint_view(each) for each in endpoints],
        alike=[
            AlikeWordsView(parent=each.parent, words=each.words, matches=each.matches)
            for each in alike_words(endpoints)
        ],
    )


def _endpoint_view(endpoint: DiscoveredEndpoint) -> DiscoveredEndpointView:
    seen = endpoint.seen
    return DiscoveredEndpointView(
        method=endpoint.method,
        template=endpoint.template,
        is_known=endpoint.is_known,
        is_single=endpoint.is_single,
        routes=endpoint.routes,
        calls=round(seen.calls),
        observed=seen.observed,
        first=seen.first,
        last=seen.last,
        statuses={name: round(count) for name, count in statuses(seen).items()},
        callers=_callers(seen),
        parameters=[
            SeenParameterView(name=each.name, kinds=[kind.value for kind in each.kinds], distinct=each.distinct)
            for each in endpoint.parameters
        ],
        query=dict(sorted(seen.query.items())),
        bodies=seen.bodies,
        fields=[
            SeenFieldView(name=name, present=field.present, kinds=dict(sorted(field.kinds.items())))
            for name, field in sorted(seen.fields.items())
        ],
        days=[(_date(day), round(calls)) for day, calls in sorted(seen.days.items())],
    )


def _callers(seen: EndpointSeen) -> list[SeenCallerView]:
    most_first = sorted(seen.callers.items(), key=lambda each: (-each[1].calls, each[0]))
    return [
        SeenCallerView(caller=name, calls=round(one.calls), first=one.first, last=one.last, nulls=sorted(one.nulls))
        for name, one in most_first
    ]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * SECONDS_A_DAY, UTC).date().isoformat()
