"""Which upstreams of a routes.yaml are within their closed hours now, as `banyan probe` says it.

Rule 1: a probe is sent all the same: whoever asks whether a side is reached is told, and told what its clients get.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from proxy.core.outcome import Side
from proxy.core.routing.snapshot import Snapshot
from proxy.core.steps.closed_hours import Closing, Hours, closing, hours_of
from proxy.zones import offset

_MOST_NAMED = 3


def closed_sentences(snapshot: Snapshot, now: float) -> Mapping[str, Sequence[str]]:
    """By upstream one sentence for each end that its routes have; `now` in unix seconds."""
    known: dict[Hours, Closing | None] = {}
    routes: dict[str, dict[Closing, dict[str, None]]] = {}
    for route in (each for each in snapshot.routes if each.respond is None):
        for side in Side.LEGACY, Side.NEW:
            hours = hours_of(route.steps).of(side)
            closed = known[hours] if hours in known else known.setdefault(hours, closing(hours, now, offset))
            if closed is not None:
                routes.setdefault(route.upstream(side), {}).setdefault(closed, {})[route.name] = None
    return {
        upstream: [_sentence(closed, list(names)) for closed, names in each.items()]
        for upstream, each in routes.items()
    }


def _sentence(closed: Closing, routes: Sequence[str]) -> str:
    until = datetime.fromtimestamp(closed.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    more = f" and {len(routes) - _MOST_NAMED} more" if len(routes) > _MOST_NAMED else ""
    named = f"{', '.join(routes[:_MOST_NAMED])}{more}"
    return f"closed until {until} ({closed.name}) on {named}: its clients get 503; it was probed all the same"
