"""What is known of a route that is to be retired, put together for the list (`core/brownout/retirement.py`)."""

from __future__ import annotations

from dataclasses import replace

from proxy.control.brownout.brownout_state import BrownoutState
from proxy.control.brownout.brownouts import OVER
from proxy.control.traffic.usage_record import RouteUsage
from proxy.core.brownout.brownout_policy import brownout_of
from proxy.core.brownout.deprecation import deprecation_of
from proxy.core.brownout.retirement import EndpointBrownout, RetireCase, RetireItem
from proxy.core.discovery.usage import CallerUsage
from proxy.core.discovery.what_is_taken import is_former, route_of
from proxy.core.routing.route import Route


def retire_case(
    route: Route,
    usage: RouteUsage,
    state: BrownoutState | None,
    *,
    now: float,
    period: float,
    skipped: frozenset[RetireItem] = frozenset(),
) -> RetireCase:
    """Of one route, now."""
    return RetireCase(
        now=now,
        period=period,
        since=usage.since,
        callers=(*usage.callers, *map(_elsewhere, usage.taken_over)),
        brownout=_endpoint(route, state),
        deprecation=deprecation_of(route.steps),
        skipped=skipped,
    )


def _elsewhere(caller: CallerUsage) -> CallerUsage:
    """Of a route that is gone: who called it would come to this one now."""
    how = "as it was" if is_former(caller.route) else "which is gone"
    return replace(caller, caller=f"{caller.caller} at {route_of(caller.route)}, {how}")


def _endpoint(route: Route, state: BrownoutState | None) -> EndpointBrownout | None:
    """A brown-out of a field says nothing of the endpoint."""
    policy = brownout_of(route.steps)
    if policy is None or policy.field is not None or state is None:
        return None
    end = state.end
    return EndpointBrownout(
        begun=state.begun,
        ended=None if end is None else end.at,
        why="" if end is None or end.reason == OVER else end.reason,
        limited=bool(policy.clients),
        found=dict(state.found),
    )
