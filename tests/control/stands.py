"""Replicas of Banyan without their processes: the real parts of control over one store, and a clock that is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from proxy.config.load import Loaded, load_text
from proxy.control.evidence.book import EvidenceBook
from proxy.control.fleet.gossip import Outbox
from proxy.control.fleet.lease import Leading
from proxy.control.fleet.links import Links
from proxy.control.judge.judge_round import RouteJudging
from proxy.control.judge.judging import Judge
from proxy.control.position.mover import Mover
from proxy.control.position.reconciling import Reconciling
from proxy.control.position.standing_file import NOTHING, StandingFile, read
from proxy.control.position.standing_here import StandingHere
from proxy.control.running import Reload, Running
from proxy.control.traffic.ledger import Ledger
from proxy.core.evidence.records import GuardState
from proxy.core.judge.legacy import LegacyHealth as Legacy
from proxy.core.judge.ramp import Measures
from proxy.core.outcome import Refused
from proxy.core.position.hold import held
from proxy.core.position.position import Cause, Position, move
from proxy.core.position.standing import Lead
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import (
    BUCKETS,
    AliveDelta,
    BadDelta,
    CohortDelta,
    RefusedDelta,
    Report,
    RouteDelta,
    ShadowDelta,
    Table,
)
from proxy.store.errors import StoreUnavailable
from proxy.store.evidence import EvidenceStore
from proxy.store.memory.positions import MemoryPositions
from proxy.store.named_positions import NamedPositions
from proxy.store.positions import PositionStore

START = 1_800_000_000.0
GOOD = Reload(ok=True, at=datetime(2026, 3, 1, tzinfo=UTC))
HEAD = """\
version: 1
listen: :8080
upstreams: {legacy: {url: "http://127.0.0.1:1"}, new: {url: "http://127.0.0.1:2"}}
"""


def table(*routes: str, top: str = "") -> Snapshot:
    """A snapshot of these routes, each in the form between braces."""
    text = HEAD + top + "routes:\n" + "".join(f"  - {{{route}}}\n" for route in routes)
    found = load_text(text, "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return found.snapshot


def canary(split: str = "10%", more: str = "", name: str = "a") -> str:
    """A route at canary."""
    return f"name: {name}, match: /{name}, stage: canary, split: {split}{', ' + more if more else ''}"


@dataclass
class Clock:
    """Unix seconds that pass when they are told to."""

    now: float = START

    def __call__(self) -> float:
        return self.now


class Store:
    """A store of positions that can be away, and hang; else it does what the one behind it does."""

    def __init__(self, clock: Clock) -> None:
        self.behind = MemoryPositions(clock)
        self.away = False
        self.hangs = False

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, object]]:
        async def ask(*given: object, **named: object) -> object:
            if self.hangs:
                await asyncio.Event().wait()
            if self.away:
                raise StoreUnavailable("the state store cannot be reached")
            return await getattr(self.behind, name)(*given, **named)

        return ask


@dataclass
class Guards:
    """What the last leader kept."""

    states: dict[tuple[str, str], GuardState] = field(default_factory=dict)

    async def guards(self) -> tuple[GuardState, ...]:
        return tuple(self.states.values())

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool:  # noqa: ARG002 - as stores do
        self.states |= {(state.route, state.bad): state for state in states}
        return True


@dataclass
class Known:
    """The evidence, as the test says."""

    by_route: dict[str, Measures] = field(default_factory=dict)

    epoch: int = 1
    edited: float = 0.0

    def measures(self, route: str, position: Position, least: float) -> Measures:  # noqa: ARG002 - as the book does
        return self.by_route.get(route, Measures())

    def rules_from(self, route: str) -> float:  # noqa: ARG002 - as the book does
        return self.edited

    def epoch_number(self, route: str) -> int:  # noqa: ARG002 - as the book does
        return self.epoch


class Stand:
    """One replica."""

    def __init__(
        self,
        snapshot: Snapshot,
        store: Store,
        clock: Clock,
        *,
        instance: str = "one",
        kept: StandingFile = NOTHING,
        guards: Guards | None = None,
        known: Known | None = None,
    ) -> None:
        self.clock = clock
        self.kept = [kept]
        self.known = known or Known()
        self.running = Running(snapshot, GOOD)
        self.links = Links(Ledger(clock), Table(snapshot.revision, b""))
        positions = NamedPositions(cast("PositionStore", store), lambda: self.running.origins)
        self.here = StandingHere(instance, self.running, self.links, clock, keep=self._keep, kept=kept)
        self.mover = Mover(positions, self.here)
        self.reconciling = Reconciling(self.running, self.here, self.mover, positions)
        self.outbox = Outbox()
        self.healthy: set[str] = set()
        self.ill: set[str] = set()
        self.judging = RouteJudging(
            self.running, self.here, cast("EvidenceBook", self.known), self._probe, lambda: self.running.order
        )
        self.judge = Judge(
            store=positions,
            guards=cast("EvidenceStore", guards or Guards()),
            here=self.here,
            mover=self.mover,
            reconciling=self.reconciling,
            judging=self.judging,
            outbox=self.outbox,
            revision=lambda: self.running.snapshot.revision,
            leading=Leading(positions, instance),
        )

    def _keep(self, text: bytes) -> None:
        found = read(text)
        assert found is not None
        self.kept.append(found)

    def _probe(self, upstream: str) -> Legacy:
        """What the last health probe found."""
        if upstream in self.healthy:
            return Legacy.UP
        return Legacy.DOWN if upstream in self.ill else Legacy.UNKNOWN

    def route(self, name: str = "a") -> Route:
        return next(route for route in self.running.snapshot.routes if route.name == name)

    def place(self, name: str = "a") -> str:
        """Where a route runs, as people write it."""
        return str(self.here.placed(self.route(name)).place)

    async def hold(self, *, on: bool, name: str = "a") -> None:
        """An operator's hold, or its end."""
        before = self.here.position(self.route(name))
        after = held(before, Cause.OPERATOR, on=on)
        await self.mover.move(move(before, after, at=self.clock(), actor="ann", numbers={}, reason="wait"))

    async def edit(self, snapshot: Snapshot) -> bool:
        """routes.yaml says this now."""
        self.running.take(snapshot, GOOD)
        return await self.reconciling.follow()

    async def begin(self) -> None:
        """As control begins."""
        await self.mover.restore()
        await self.reconciling.follow()
        await self.judge.begin()

    async def rounds(self, count: int = 1, seconds: float = 1.0) -> None:
        """So many rounds of the judge, with time between them; what stands is looked at before each."""
        for _ in range(count):
            self.clock.now += seconds
            await self.mover.look()
            await self.judge.round()

    def hear(  # noqa: PLR0913 -- what a worker may tell
        self,
        *,
        legacy: int = 0,
        new: int = 0,
        bad: Iterable[BadDelta] = (),
        route: str = "a",
        new_bad: int = 0,
        shadows: Mapping[str, int] | None = None,
        cohorts: Iterable[CohortDelta] = (),
        refused: int = 0,
        reason: Refused = Refused.BREAKER,
        alive: tuple[int, int] = (0, 0),
    ) -> None:
        """A worker's report: good answers of both sides, bad ones of new, and bad events; `cohorts` as new has them.

        `refused` were sent nowhere for that `reason`; `alive`: shadows that legacy answered, and failed to;
        `shadows` by outcome.
        """
        routes = [
            RouteDelta(route, side, [0, good, 0, 0, failed], [good + failed] + [0] * len(BUCKETS), 0.0, failed)
            for side, good, failed in (("legacy", legacy, 0), ("new", new, new_bad))
            if good or failed
        ]
        told = Report(0, 1, "r", {}, 0, routes, [], bad=list(bad), cohorts=list(cohorts))
        more = msgspec.structs.replace(
            told,
            refused=[RefusedDelta(route, "new", reason.value, refused)] if refused else [],
            alive=[AliveDelta(route, *alive)] if any(alive) else [],
            shadows=[ShadowDelta(route, outcome, count) for outcome, count in (shadows or {}).items()],
        )
        self.outbox.hear(more)


async def alone(store: Store, clock: Clock, *routes: str, top: str = "", **named: object) -> Stand:
    """The only replica, after its first round."""
    stand = Stand(table(*routes, top=top), store, clock, **named)  # type: ignore[arg-type]
    await stand.begin()
    await stand.rounds()
    return stand


def bad(
    side: str = "new",
    cohort: int = 0,
    *,
    kind: str = "5xx",
    draw: float = 0.01,
    route: str = "a",
    unreachable: bool = False,
) -> BadDelta:
    """One bad event."""
    return BadDelta(route, kind, side, cohort, draw, START, unreachable)


def failures(count: int, first: int = 0, **more: Any) -> list[BadDelta]:  # noqa: ANN401 -- as for `bad`
    """Bad events, each of another cohort."""
    return [bad(cohort=first + each, **more) for each in range(count)]
