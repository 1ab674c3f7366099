"""Typed blocks → the snapshot: defaults filled in, names resolved; what could be wrong is `check`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from proxy.config.blocks.base_block import Block
from proxy.config.blocks.compare_build import build_rules
from proxy.config.blocks.hook_blocks import hooks_of
from proxy.config.blocks.judgement_build import fleet_of, guard_of, ramp_of, windows_of
from proxy.config.blocks.schema import (
    MatchBlock,
    RateBy,
    RouteBlock,
    RouteLimitsBlock,
    SettingsBlock,
    Underscores,
    UpstreamBlock,
)
from proxy.config.blocks.shadow_blocks import memory_of, policy_of
from proxy.config.blocks.tie_blocks import cookies_of, tie_of
from proxy.config.blocks.tls_block import listener_tls, upstream_tls
from proxy.config.blocks.upstream_blocks import breaker_of, eject_of, fallback_of, health_of, resolve_of
from proxy.config.read import Draft
from proxy.config.readers.address import Address
from proxy.config.readers.match_values import Condition
from proxy.config.shared import Shared
from proxy.config.text.environment import cores
from proxy.core.http.trace import RequestIds
from proxy.core.judge.policy import Freeze, Window
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Endpoint, RateLimit, Respond, Route, Timeouts, Upstream
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import AccessLogPolicy, Limits, Snapshot
from proxy.core.routing.table import RouteTable
from proxy.core.secret import Secret
from proxy.core.stage import Stage

Value = TypeVar("Value", Timeouts, Limits, Respond, AccessLogPolicy)
_MOST_WORKERS = 256


def build_snapshot(
    settings: SettingsBlock,
    upstreams: Mapping[str, UpstreamBlock],
    routes: list[Route],
    revision: str,
    directory: str = "",
) -> Snapshot:
    """The whole generation; `routes` in file order; paths in the file are relative to `directory`."""
    return Snapshot(
        revision=revision,
        listen=_pair(settings.listen),
        admin=_pair(settings.admin),
        workers=settings.workers or min(cores(), _MOST_WORKERS),
        upstreams={name: _upstream(name, block, settings, directory) for name, block in upstreams.items()},
        table=RouteTable(routes),
        trusted=tuple(settings.trusted_proxies),
        limits=_over(Limits(), settings.limits),
        access_log=_over(AccessLogPolicy(), settings.log),
        state=Secret(settings.state),
        drain=settings.drain,
        fleet=fleet_of(settings.guard),
        leniency=frozenset(settings.leniency or ()),
        underscores=settings.underscore_headers is not Underscores.REJECT,
        request_id=RequestIds(settings.request_id or RequestIds.TRUSTED),
        tls=listener_tls(settings.tls, directory),
        kill_file=settings.kill_file or "",
        shadow_memory=memory_of(settings.shadow),
        cookies=cookies_of(settings.cookies),
        choosers=tuple(settings.pins.header) if settings.pins else (),
        hooks=hooks_of(settings.hooks),
    )


def build_routes(draft: Draft) -> list[Route]:
    """Every route that is right by itself."""
    routes, shared = [], Shared()
    for each in draft.routes:
        line = draft.line(("routes", each.place))
        routes.append(build_route(each.block, each.place, line, draft.upstreams, draft.settings, shared))
    return routes


def build_route(
    block: RouteBlock,
    index: int,
    line: int,
    upstreams: Mapping[str, UpstreamBlock],
    settings: SettingsBlock,
    shared: Shared,
) -> Route:
    """One route; an upstream that is missing has been reported elsewhere."""
    stage, shadow = block.stage or LEGACY.stage, _shadow(block, upstreams, settings)
    version_header = b"" if shadow is None else shadow.version_header
    return Route(
        name=block.name,
        index=index,
        pattern=block.match.path,
        methods=shared.one(block.match.methods),
        predicates=tuple(_predicates(block.match)),
        stage=stage,
        split=shared.one(_split(stage, block.split)),
        cohort=shared.one(tuple(_placed(source, block.match.path) for source in block.cohort or (CLIENT_IP,))),
        group=block.group or "",
        was=block.was or "",
        legacy=block.legacy or "legacy",
        new=block.new or "new",
        effects=block.effects,
        timeouts=_route_timeouts(block, upstreams),
        respond=None if block.respond is None else _over(Respond(status=block.respond.status), block.respond),
        websocket=bool(block.upgrades),
        fallback=fallback_of(block.fallback),
        body_limit=(block.limits and block.limits.body_size) or 0,
        leniency=frozenset(block.leniency or ()),
        rate=_rate(block.limits),
        guard=guard_of(block.guard),
        ramp=ramp_of(block.ramp),
        windows=_windows(block, settings, upstreams),
        compare=build_rules(settings.compare, block.compare, version_header=version_header),
        shadow=shadow,
        tie=tie_of(block.affinity, block.stay, block.pin, lambda source: _placed(source, block.match.path)),
        line=line,
    )


def _shadow(block: RouteBlock, upstreams: Mapping[str, UpstreamBlock], settings: SettingsBlock) -> ShadowPolicy | None:
    """None where there are no two upstreams to ask."""
    legacy, new = block.legacy or "legacy", block.new or "new"
    both = legacy in upstreams and new in upstreams and legacy != new
    return policy_of(settings.shadow, block.shadow) if both and block.respond is None else None


def _windows(
    block: RouteBlock, settings: SettingsBlock, upstreams: Mapping[str, UpstreamBlock]
) -> tuple[Window | Freeze, ...]:
    """Those of the file, of the route's two upstreams and its own."""
    names = (block.legacy or "legacy", block.new or "new")
    of_upstreams = [upstreams[name].windows for name in names if name in upstreams]
    return windows_of(settings.windows, *of_upstreams, block.windows)


def needed_upstreams(block: RouteBlock) -> tuple[str, ...]:
    """Names of the upstreams that answer on this route as it stands."""
    legacy, new = block.legacy or "legacy", block.new or "new"
    if block.stage is None:
        return ()
    facts, split = block.stage.facts, _split(block.stage, block.split)
    return tuple(name for side, name in ((Side.LEGACY, legacy), (Side.NEW, new)) if facts.needs(side, split))


def timeouts_of(block: UpstreamBlock) -> Timeouts:
    """An upstream's waits."""
    return _over(Timeouts(), block.timeout)


def _route_timeouts(block: RouteBlock, upstreams: Mapping[str, UpstreamBlock]) -> Timeouts | None:
    """What the route leaves out is its upstream's; where two answer they agree (`check`)."""
    if block.timeout is None:
        return None
    known = [timeouts_of(upstreams[name]) for name in needed_upstreams(block) if name in upstreams]
    return _over(known[0] if known else Timeouts(), block.timeout)


def _rate(limits: RouteLimitsBlock | None) -> RateLimit | None:
    if limits is None or limits.rate is None:
        return None
    return replace(limits.rate, by_cohort=limits.rate_by is RateBy.COHORT)


def _split(stage: Stage, written: float | None) -> float:
    """What runs: a split that waits for its stage is none."""
    if stage.facts.ends:
        return 1.0 if written is None else written
    return written or 0.0 if stage.facts.draws else 0.0


def _placed(source: CohortSource, pattern: PathPattern) -> CohortSource:
    is_path = source.kind is SourceKind.PATH
    return replace(source, position=pattern.position(source.name)) if is_path else source


def _predicates(block: MatchBlock) -> Iterator[Predicate]:
    if block.host is not None:
        yield block.host
    for name, asked in (block.headers or {}).items():
        yield _header(name.encode("ascii"), asked)
    for name, asked in (block.query or {}).items():
        yield _query(name, asked)


def _header(name: bytes, asked: Condition) -> Predicate:
    if asked is False:
        return HeaderAbsent(name)
    return HeaderIs(name, frozenset() if asked is True else frozenset(each.encode("ascii") for each in asked))


def _query(name: str, asked: Condition) -> Predicate:
    if asked is False:
        return QueryAbsent(name)
    return QueryIs(name, frozenset() if asked is True else asked)


def _upstream(name: str, block: UpstreamBlock, settings: SettingsBlock, directory: str) -> Upstream:
    first, *more = block.places
    plain = Upstream(
        name=name,
        scheme=first.scheme,
        host=first.host,
        port=first.port,
        more=tuple(Endpoint(each.host, each.port) for each in more),
        breaker=breaker_of(block.breaker),
        eject=eject_of(block.eject),
        timeouts=timeouts_of(block),
        tls=upstream_tls(block.tls, directory),
        health=health_of(block.health),
        dry_run=block.dry_run or "",
        resolve=resolve_of(settings.resolve, block.resolve),
    )
    return replace(
        plain,
        host_mode=plain.host_mode if block.host is None else block.host,
        expectation=plain.expectation if block.expect is None else block.expect,
        connections=plain.connections if block.connections is None else block.connections,
        queue=plain.queue if block.queue is None else block.queue,
        balance=plain.balance if block.balance is None else block.balance,
        slow_start=plain.slow_start if block.slow_start is None else block.slow_start,
        keep_alive=plain.keep_alive if block.keep_alive is None else block.keep_alive,
        leniency=frozenset(block.leniency or ()),
    )


def _over(default: Value, block: Block | None) -> Value:
    """`default` with what the block says in its place; their fields have the same names."""
    if block is None:
        return default
    said = {name: value for name in type(block).model_fields if (value := getattr(block, name)) is not None}
    return replace(default, **said)


def _pair(address: Address) -> tuple[str, int]:
    return address.host, address.port
