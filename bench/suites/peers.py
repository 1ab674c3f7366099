"""All proxies side by side on the same work, one core each."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import dataclass

from bench.audit import Audit, audit
from bench.bars import BarId, Measure
from bench.errors import BenchError
from bench.load import wrk
from bench.peers.peer import Peer
from bench.report import Report
from bench.rounds import Contender, Plan, Round, Series, by_label, doubts, play, ratio
from bench.suites.stand import Stand, stand
from bench.table import Table

REFERENCE = "nginx"
RATE_BARS = {
    "nginx": BarId.RATE_NGINX,
    "envoy": BarId.RATE_ENVOY,
    "caddy": BarId.RATE_CADDY,
    "traefik": BarId.RATE_TRAEFIK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A proxy that runs, is what it should be, and will be measured."""

    peer: Peer
    audit: Audit
    contender: Contender


def measure(peers: Sequence[Peer], plan: Plan, routes: int) -> Report:
    """Starts all, looks whether they do the work, plays the rounds. Without Banyan, if asked for, there are none."""
    with stand(plan.cores) as ground:
        entrants, left_out = _enter(peers, ground, plan, routes)
        if not entrants:
            raise BenchError("no proxy could be measured:\n" + "\n".join(left_out))
        ceiling = _ceiling(ground, plan, routes)
        series = play([entrant.contender for entrant in entrants], plan)
    notes = (*left_out, *doubts(series))
    return Report(
        suite="peers",
        tables=(speed_table(series, ceiling, routes, notes), work_table(entrants)),
        measures=measures(series),
        series=series,
    )


def _enter(peers: Sequence[Peer], ground: Stand, plan: Plan, routes: int) -> tuple[list[Entrant], list[str]]:
    entrants, left_out = [], []
    for peer in peers:
        plan.say(f"starting {peer.name}")
        try:
            child, site = ground.put_up(peer, routes=routes)
            seen = audit(child, site, peer.metrics)
        except (BenchError, OSError, http.client.HTTPException) as error:
            if peer.name == "banyan":
                raise
            plan.say(f"{peer.name} is left out: {error}")
            left_out.append(f"{peer.name} is left out: {str(error).splitlines()[0]}")
            continue
        contender = Contender(label=peer.name, child=child, load=wrk.items(routes), log=site.log)
        entrants.append(Entrant(peer=peer, audit=seen, contender=contender))
    return entrants, left_out


def _ceiling(ground: Stand, plan: Plan, routes: int) -> float:
    """Requests per second of the load and the upstream without a proxy between, sharing their one core."""
    count = wrk.run(wrk.items(routes), port=ground.legacy, seconds=plan.seconds, core=plan.cores.load)
    plan.say(f"no proxy: {count.requests / count.seconds:,.0f} req/s from the load and the upstream on one core")
    return count.requests / count.seconds


def _rate(one: Round) -> float:
    return one.per_second


def _cpu(one: Round) -> float:
    return one.cpu_us


def measures(series: Sequence[Series]) -> tuple[Measure, ...]:
    """What the bars ask about Banyan against each peer that was there."""
    ours, reference = by_label(series, "banyan"), by_label(series, REFERENCE)
    if ours is None:
        return ()
    theirs = [(bar, by_label(series, label)) for label, bar in RATE_BARS.items()]
    found = [Measure(bar=bar, value=ratio(ours, each, _rate)) for bar, each in theirs if each]
    if reference:
        found.append(Measure(bar=BarId.CPU_NGINX, value=ratio(ours, reference, _cpu)))
    return tuple(found)


def speed_table(series: Sequence[Series], ceiling: float, routes: int, notes: Sequence[str]) -> Table:
    """Rate, CPU and latency with their ratios to nginx."""
    reference = by_label(series, REFERENCE)
    return Table(
        title=f"One core each, {routes:,} routes, medians of {len(series[0].rounds)} rounds",
        columns=("proxy", "req/s", "× nginx", "CPU µs/req", "× nginx", "p50 ms", "p99 ms", "core used"),
        rows=(
            *(_speed_row(each, reference) for each in series),
            ("(no proxy)", f"{ceiling:,.0f}", "", "", "", "", "", ""),
        ),
        notes=tuple(notes),
    )


def _speed_row(each: Series, reference: Series | None) -> tuple[str, ...]:
    return (
        each.label,
        f"{each.median(_rate):,.0f}",
        f"{ratio(each, reference, _rate):.2f}" if reference else "",
        f"{each.median(_cpu):.1f}",
        f"{ratio(each, reference, _cpu):.2f}" if reference else "",
        f"{each.median(lambda one: one.p50_us) / 1000:.2f}",
        f"{each.median(lambda one: one.p99_us) / 1000:.2f}",
        f"{each.median(lambda one: one.busy):.0%}",
    )


def work_table(entrants: Sequence[Entrant]) -> Table:
    """What each was seen to do."""
    return Table(
        title="The work, as seen before the first round",
        columns=("proxy", "version", "finds a route by", "splits tenants by", "sticky", "new's share", "log bytes"),
        rows=tuple(
            (
                entrant.peer.name,
                entrant.peer.version(),
                entrant.peer.lookup,
                entrant.peer.split,
                "yes" if entrant.audit.sticky else "no",
                f"{entrant.audit.share_new:.0%}",
                str(entrant.audit.log_bytes),
            )
            for entrant in entrants
        ),
        words=5,
    )
