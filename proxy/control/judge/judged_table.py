"""What the judge asks of a table again and again, worked out once: with 10,000 routes a round must be cheap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Routes with two sides, by name; of them those with a ramp and those with windows; how many run guarded."""

    of: Snapshot
    routes: Mapping[str, Route]
    ramped: Mapping[str, Route]
    windowed: Mapping[str, Route]
    guarded: int


def roster(snapshot: Snapshot) -> Roster:
    """Of this table."""
    routes = {each.name: each for each in snapshot.routes if each.respond is None}
    return Roster(
        of=snapshot,
        routes=routes,
        ramped={name: each for name, each in routes.items() if each.ramp is not None},
        windowed={name: each for name, each in routes.items() if each.windows},
        guarded=sum(each.stage.facts.guarded for each in routes.values()),
    )
