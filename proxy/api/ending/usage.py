"""Who called which route, when, and how often."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import View


class UsedDayView(View, frozen=True, kw_only=True):
    """One day on which a caller called."""

    day: str
    """`2026-11-30`, in UTC."""
    calls: int
    """How often."""
    good: int
    """Those of them that were answered below 400."""


class CallerUsageView(View, frozen=True, kw_only=True):
    """One caller of a route."""

    caller: str
    """The client that Banyan has verified (`client_id` or `azp` of its token, else `sub`); `unverified`: whoever called
    without a token that it checks, or with one that it refused; `(others)`: those beyond 500 of a route.
    """
    calls: int
    """How often it called."""
    good: int
    """Those of them that were answered below 400."""
    first: float
    """Its first call that is recorded (unix seconds)."""
    last: float
    """Its last one (unix seconds)."""
    days: int
    """On how many days it called."""
    daily: Sequence[UsedDayView] = ()
    """Those days, oldest first; only where one route was asked for."""


class RouteUsageView(View, frozen=True, kw_only=True):
    """One route."""

    route: str
    """Its name."""
    calls: int
    """How often it was called."""
    first: float | None = None
    """The first call that is recorded (unix seconds); null: none is."""
    last: float | None = None
    """The last one (unix seconds); null: none is."""
    callers: Sequence[CallerUsageView] = ()
    """Who called it, by name."""


class UsageView(View, frozen=True, kw_only=True):
    """The record of usage. What Banyan answers by itself counts as a call, a 401 or a 410 as well."""

    since: float
    """When the record begins (unix seconds): of what was before it says nothing. It is kept for a year."""
    routes: Sequence[RouteUsageView] = ()
    """Routes of the present table, in its order, those as well that nobody called."""
