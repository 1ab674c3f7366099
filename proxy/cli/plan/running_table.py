"""What runs, as `plan` compares with it: positions and recent requests by the API, the table by its very text.

Rule 1: what runs is known by its revision, a hash of its text and of the files read for it: nothing else is taken for
        it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy.api.recent import SampledView
from proxy.api.routes import RoutesView, RouteView
from proxy.cli.admin_client import fetch, get_recent, not_read, read
from proxy.config.files import lastgood
from proxy.config.load import Loaded, load_file, load_texts
from proxy.config.text.problem import FileProblem
from proxy.core.position.position import Cause, Position
from proxy.core.stage import Stage
from proxy.core.traffic.remembered_request import RememberedRequest

RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRoutes:
    """What runs: the revision, the positions of routes that have one, and how many comparisons each route has.

    `killed`: the kill switch is on.
    """

    revision: str
    positions: dict[str, Position]
    compared: dict[str, int]
    killed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentTraffic:
    """Recent requests, each with how many it stands for, newest first; `seconds` is the time that they cover."""

    seconds: float
    requests: list[tuple[float, RememberedRequest]]


def running_loaded(revision: str, config: Path) -> Loaded | None:
    """The table of this revision, from routes.yaml itself or the copy that a running Banyan keeps; None: not here."""
    for found in _candidates(config):
        if isinstance(found, Loaded) and found.snapshot.revision == revision:
            return found
    return None


def _candidates(config: Path) -> Iterator[Loaded | list[FileProblem]]:
    """One at a time: mostly the first is what runs."""
    yield load_file(config, os.environ)
    kept = lastgood.load(lastgood.directory(config, os.environ))
    if kept is not None:
        yield load_texts(kept, config, os.environ)


def running_routes(base: str) -> RunningRoutes:
    """Where routes run; NoAnswerError."""
    found = read(base, fetch(base, "/api/routes"), RoutesView)
    killed = found.killed is not None
    try:
        known = {route.name: _position(route) for route in found.routes if route.runs.version}
    except ValueError as error:  # a stage of a later version
        raise not_read(base, error) from error
    return RunningRoutes(
        revision=found.revision,
        positions={name: position for name, position in known.items() if position},
        compared={route.name: route.parity.compared for route in found.routes},
        killed=killed,
    )


def _position(route: RouteView) -> Position | None:
    """As if the kill switch were off; None: the file's, and also where an older server does not say it."""
    runs, file = route.runs, route.file
    place = runs.returns if runs.killed else runs
    if place is None or place.stage is None or file.stage is None:
        return None
    return Position(
        route=route.name,
        stage=Stage(place.stage),
        split=place.split or 0.0,
        version=runs.version,
        latched=runs.latched,
        held=runs.held,
        cause=Cause.FILE,
        since=0.0,
        file_stage=Stage(file.stage),
        file_split=file.split or 0.0,
    )


def recent_traffic(base: str, most: int) -> RecentTraffic:
    """What is remembered of recent requests; NoAnswerError."""
    found = get_recent(base, most)
    try:
        requests = [(request.weight, _seen(request)) for request in found.requests]
    except ValueError as error:  # a cohort that is no number
        raise not_read(base, error) from error
    return RecentTraffic(seconds=found.seconds, requests=requests)


def _seen(request: SampledView) -> RememberedRequest:
    names = [name for name in RememberedRequest._fields if name != "caller"]  # which no list tells
    facts = {name: getattr(request, name) for name in names}
    return RememberedRequest(**{**facts, "cohort": int(request.cohort, 16)})
