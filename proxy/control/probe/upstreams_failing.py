"""Which upstreams do not answer, before their health probes call them down, or where they have none.

Rule 1: one fails when half of what it was asked lately got no answer, be it one request of one; a failed probe is told
        from the first on. What came before the last ten seconds is forgotten.
Rule 2: a route's shadows are counted where all of them go to new: at `shadow`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import add

from proxy.api.upstreams import FailingView
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.control.traffic.ledger import Ledger, Series, Unanswered
from proxy.core.outcome import Side
from proxy.core.routing.route import Route

_FAILING = 0.5
NOTHING_ASKED = Unanswered()


def unanswered(routes: Iterable[Route], ledger: Ledger) -> dict[str, Unanswered]:
    """By upstream; `routes` stand where they run."""
    found: dict[str, Unanswered] = {}
    for route in routes:
        for upstream, seen in _of_route(route, ledger):
            found[upstream] = Unanswered(*map(add, found.get(upstream, NOTHING_ASKED), seen))
    return found


def _of_route(route: Route, ledger: Ledger) -> Iterator[tuple[str, Unanswered]]:
    if route.respond is not None:
        return
    for side in Side:
        yield route.upstream(side), ledger.unanswered(Series(route.name, side.value))
    if route.stage.facts.shadows_all:
        yield route.upstream(Side.NEW), ledger.unanswered_shadows(route.name)


def failing_views(
    asked: Iterable[tuple[str, Iterable[str]]],
    seen: Mapping[str, Unanswered],
    conditions: Mapping[str, UpstreamCondition],
) -> list[FailingView]:
    """Every upstream that fails; `asked` are routes by name, each with the upstreams that are to answer it."""
    found = {name: view for name in seen.keys() | conditions.keys() if (view := _view(name, seen, conditions))}
    routes: dict[str, list[str]] = {name: [] for name in found}
    for route, upstreams in asked if found else ():
        for name in found.keys() & set(upstreams):
            routes[name].append(route)
    return [
        FailingView(upstream=name, lost=lost, asked=of, probe=probe, routes=routes[name])
        for name, (lost, of, probe) in sorted(found.items())
    ]


def _view(
    name: str, seen: Mapping[str, Unanswered], conditions: Mapping[str, UpstreamCondition]
) -> tuple[int, int, str] | None:
    condition, (lost, of) = conditions.get(name), seen.get(name, NOTHING_ASKED)
    if condition is not None and condition.status is Status.DOWN:
        return None
    probe = "" if condition is None else condition.error
    loses = lost > 0 and lost >= _FAILING * of
    return (lost, of, probe) if loses or probe else None
