"""What `banyan explain` has to say about one request: plain values, for text and JSON alike.

Rule 1: the data plane's own steps decide, on the same snapshot, each asked for what it would do; here their answers are
        only put into words.
Rule 2: nothing is connected to: pools are made, as a worker makes them, and never asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import urandom
from pathlib import Path

from proxy.api.routes import FileView, RunsView
from proxy.cli.explain.candidates import asked_about, candidates, other_readings
from proxy.core.brownout.call_counts import private_counts
from proxy.core.http.forwarded import client_of, is_trusted
from proxy.core.http.request import RequestHead, RequestRefusal
from proxy.core.outcome import Side
from proxy.core.routing.cohort import SourceKind, cohort_of
from proxy.core.routing.decide import Decision, Reason, decide, with_shadow
from proxy.core.routing.effects import effects_of
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.route import HostMode, Route
from proxy.core.routing.shadow import sample_at
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.table import Miss
from proxy.core.traffic.remembered_request import source_text
from proxy.edge.auth.caller_check import KnownToWorker
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.routing.admission import find_route
from proxy.edge.routing.bound_table import Live
from proxy.edge.routing.decision import decide as decide_admitted
from proxy.edge.routing.orders import obey
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.routing.stickiness import TieMemory, Ties
from proxy.edge.steps.route_steps import RouteSteps
from proxy.edge.steps.step_kind import RouteStep, StepServices
from proxy.edge.tally import Counters
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.edge.upstream.pools_by_host import pool_of
from proxy.edge.wire.request_bytes import Ids
from proxy.link.messages import Orders, RouteOrder
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRoute:
    """A route whose path fits; `fit` is taken, declined or not_asked. `written_in` as in a route of status."""

    name: str
    written_in: str
    line: int
    match: str
    fit: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortShown:
    """Whose draw it is; `key` as the request carries it."""

    source: str
    key: str
    group: str
    draw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamShown:
    """Where the request goes; timeouts in seconds, a `total` of 0 is none."""

    name: str
    url: str
    host: str
    connect: float
    response: float
    idle: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAnswerShown:
    """What Banyan answers itself; `readings` are the routes that an ambiguous path could lead to."""

    status: int
    detail: str
    headers: tuple[str, ...] = ()
    readings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """What a step before the route's requests would do with this one."""

    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRoute:
    """The route and its decision; `serve` is legacy, new or self; `stage` is null where the route says `respond`.

    `sample` is the share of such requests that is shadowed, 0 for none; `rises`: the judge may raise it for a step.
    `was` is the name that it began with, or empty. `steps` are those that have something to say, in order.
    """

    name: str
    written_in: str
    line: int
    match: str
    stage: str | None
    split: float
    effects: str
    serve: str
    shadow: str | None
    reason: str
    cohort: CohortShown | None
    upstream: UpstreamShown | None
    sample: float = 0.0
    rises: bool = False
    was: str = ""
    steps: tuple[StepShown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneBy:
    """What the explanation goes by: the file of this `revision`, and what runs at `admin`, which serves another one
    perhaps; where that is empty, the file `alone`, and why.
    """

    revision: str
    admin: str = ""
    serves: str = ""
    alone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideFile:
    """What stands beside the file: where a running Banyan runs that route, if one was asked, and the kill switch."""

    route: str = ""
    runs: RunsView | None = None
    killed: bool = False

    @property
    def reason(self) -> str:
        """Why that Banyan runs the route there, or would without the kill switch; empty where none was asked."""
        place = None if self.runs is None else self.runs.returns or self.runs
        return "" if place is None else place.reason


_FILE = BesideFile()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Who answers: `side` is legacy, new or self; `url` of its upstream, or `status` of Banyan's own answer.

    `stage` and `split` are those of the route, null where it says `respond`.
    """

    stage: str | None
    split: float
    side: str
    url: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`route` where one fits; `answer` where Banyan answers; `refused` when that is not what routes.yaml wants.

    All of it is said of what stands. `near` are all routes whose path fits, in the order in which they are asked.
    `killed` is the kill switch's order while it is on, `reason` why a running Banyan has the route there, if one was
    asked. `by_file`: who answers by the file alone, with the switch off.
    """

    request: str
    client_ip: str
    route: ExplainedRoute | None = None
    answer: OwnAnswerShown | None = None
    refused: bool = False
    near: tuple[NearRoute, ...] = ()
    killed: KillSwitchOrder | None = None
    gone_by: GoneBy | None = None
    reason: str = ""
    by_file: Served | None = None


def explain_head(
    head: RequestHead | RequestRefusal,
    request: str,
    peer: str,
    snapshot: Snapshot,
    key: bytes = b"",
    stood: BesideFile = _FILE,
) -> Explanation:
    """`request` is the method and target as typed, `peer` the address that it comes from.

    `key` is what Banyan's cookies are signed with, if the file does not say it; without it they count for nothing.
    """
    if isinstance(head, RequestRefusal):
        answer = OwnAnswerShown(status=head.status, detail=head.detail)
        return Explanation(request=request, client_ip=peer, answer=answer, refused=True)
    client_ip = client_of(head, peer, snapshot.trusted) if is_trusted(peer, snapshot.trusted) else peer
    live = _live(snapshot, key)
    _stand(live, stood)
    if live.ties is not None:
        live.ties.take_cookies(head)
    address = client_ip.encode("ascii")
    asked = Request(live, head, Ids(head, keeps=False), peer.encode("ascii"), address)
    steps: list[StepShown] = []
    own = find_route(asked) or _take_steps(asked, steps)
    decision = asked.decision if own is None else None
    route = _route(asked.bound.route, head, address, snapshot, decision) if asked.is_matched else None
    if route is not None and steps:
        route = replace(route, steps=tuple(steps))
    return Explanation(
        request=request,
        client_ip=client_ip,
        route=route,
        answer=None if own is None else _answer(own, snapshot, head),
        refused=own is not None and own.status >= 400 and (route is None or route.serve != "self"),
        near=tuple(_near(snapshot, head)),
    )


def _take_steps(asked: Request, shown: list[StepShown]) -> LocalAnswer | None:
    """Ask the steps of its route in their order until one answers; what each says goes to `shown`."""
    for step in asked.bound.admission or (decide_admitted,):
        if isinstance(step, RouteStep):
            said = step.explain(asked)
            if said is not None:
                shown.append(StepShown(name=step.name, says=said.sentence))
            answer = None if said is None else said.answer
        else:
            answer = decide_admitted(asked)
        if answer is not None:
            return answer
    return None


def _live(snapshot: Snapshot, key: bytes) -> Live:
    tasks = Tasks()
    names = Resolver(tasks)
    pools = {name: pool_of(upstream, tasks, names) for name, upstream in snapshot.upstreams.items()}
    counters = Counters()
    live = Live(snapshot, pools, counters)
    nobody = Path()
    known, translator = KnownToWorker(), TranslatorLink(nobody)
    services = StepServices(counters, tasks, ClerkLink(nobody), known, translator, private_counts())
    RouteSteps(services).compile(live)
    if snapshot.is_tied:
        live.ties = Ties(snapshot, TieMemory(find_key=lambda: key or urandom(32)))
    return live


def _stand(live: Live, stood: BesideFile) -> None:
    """As a worker obeys it. Of a drain it is not known here whom new has served lately: everybody is a newcomer."""
    live.switch.on = stood.killed
    orders = [_order(bound.said, stood.runs) for bound in live.bound if stood.runs and bound.said.name == stood.route]
    obey(live, Orders(1, orders))


def _order(said: Route, runs: RunsView) -> RouteOrder:
    """Of a killed route where it runs without the switch, which decides beside that; an older server says it not, and
    then it is where the file has it.
    """
    as_said = FileView(stage=said.stage.value, split=said.split)
    place = (runs.returns or as_said) if runs.killed else runs
    return RouteOrder(
        route=said.origin,
        stage=place.stage or said.stage.value,
        split=place.split or 0.0,
        said_stage=said.stage.value,
        said_split=said.split,
        pins=[(pin.cohort, pin.side) for pin in runs.pinned],
        drained=runs.drains,
        ended=list(runs.ended),
    )


def served_by(shown: Explanation) -> Served | None:
    """Who answers the request that was explained; None: no route does."""
    route, answer = shown.route, shown.answer
    if route is None:
        return None
    url = "" if route.upstream is None else route.upstream.url
    return Served(
        stage=route.stage,
        split=route.split,
        side=route.serve,
        url=url,
        status=0 if answer is None else answer.status,
        reason=route.reason,
    )


def _near(snapshot: Snapshot, head: RequestHead) -> list[NearRoute]:
    return [
        NearRoute(
            name=near.route.name,
            written_in=near.route.file,
            line=near.route.line,
            match=match_of(near.route),
            fit=near.fit,
            why=near.why,
        )
        for near in candidates(snapshot.table, head)
    ]


def _answer(own: LocalAnswer, snapshot: Snapshot, head: RequestHead) -> OwnAnswerShown:
    found = snapshot.table.match(head)
    readings = tuple(other_readings(snapshot.table, head)) if isinstance(found, Miss) and found.ambiguous else ()
    headers = tuple(line.decode("latin-1") for line in own.lines)
    return OwnAnswerShown(status=own.status, detail=own.detail, headers=headers, readings=readings)


def _route(
    route: Route, head: RequestHead, client_ip: bytes, snapshot: Snapshot, admitted: Decision | None
) -> ExplainedRoute:
    decision = _decision(route, head, client_ip, admitted)
    effects = route.effects or effects_of(head.method, has_key=head.first(b"idempotency-key") is not None)
    return ExplainedRoute(
        name=route.name,
        written_in=route.file,
        line=route.line,
        match=match_of(route),
        stage=route.stage if route.respond is None else None,
        split=route.split,
        effects=effects,
        serve=decision.serve or "self",
        shadow=decision.shadow,
        reason=decision.reason,
        cohort=_cohort(route, head, client_ip, decision),
        upstream=_upstream(route, decision.serve, snapshot),
        sample=sample_at(route.shadow, route.stage) if route.shadow and decision.shadow else 0.0,
        rises=_rises(route),
        was=route.was,
    )


def _decision(route: Route, head: RequestHead, client_ip: bytes, admitted: Decision | None) -> Decision:
    """With the side that is asked as well: under the kill switch none is."""
    if admitted is None:
        return decide(route, head, client_ip)
    return admitted if admitted.reason is Reason.KILLED else with_shadow(route, head, admitted)


def _rises(route: Route) -> bool:
    """Whether the judge chooses the sample while a step waits for it."""
    chosen = route.shadow is not None and route.shadow.sample is None
    return chosen and route.stage.facts.draws and route.ramp is not None and route.ramp.needs.capacity


def _cohort(route: Route, head: RequestHead, client_ip: bytes, decision: Decision) -> CohortShown | None:
    if decision.draw is None:
        return None
    source, key = cohort_of(route.cohort, head, client_ip)
    anonymous = source.kind is SourceKind.ANONYMOUS
    text = "of its cookie, or a new one" if anonymous else key.decode("utf-8", "replace")
    return CohortShown(source=source_text(source), key=text, group=route.scope, draw=decision.draw)


def _upstream(route: Route, side: Side | None, snapshot: Snapshot) -> UpstreamShown | None:
    upstream = snapshot.upstreams.get(route.upstream(side)) if side is not None else None
    if upstream is None:
        return None
    timeouts = route.timeouts or upstream.timeouts
    return UpstreamShown(
        name=upstream.name,
        url=upstream.url,
        host=upstream.authority if upstream.host_mode is HostMode.UPSTREAM else "as the client sent it",
        connect=timeouts.connect,
        response=timeouts.response,
        idle=timeouts.idle,
        total=timeouts.total,
    )


def match_of(route: Route) -> str:
    """Methods and path, as in `match: GET,HEAD /orders/{id}`, and what else is asked about: `+ header x-client`."""
    methods = ",".join(sorted(method.decode("ascii") for method in route.methods or ()))
    place = f"{methods} {route.pattern.text}" if methods else route.pattern.text
    return " + ".join([place, *map(asked_about, route.predicates)])
