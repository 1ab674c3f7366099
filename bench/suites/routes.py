"""What a large route table costs: Banyan with 10 routes against Banyan with 10,000."""

from __future__ import annotations

from dataclasses import replace

from bench.audit import audit
from bench.bars import BarId, Measure
from bench.load import wrk
from bench.peers import banyan
from bench.report import Report
from bench.rounds import Contender, Plan, Series, doubts, play, ratio
from bench.suites.stand import Stand, stand
from bench.table import Table

FEW, MANY = 10, 10_000
ROUNDS, SECONDS = 15, 10.0
"""At least: with so many routes all counters are told every tenth second, which costs as well; and the difference is
small beside what a shared machine does to a round.
"""


def measure(plan: Plan) -> Report:
    """Both tables get the same load: twenty thousand requests that name their own routes only."""
    plan = replace(plan, rounds=max(plan.rounds, ROUNDS), seconds=max(plan.seconds, SECONDS))
    with stand(plan.cores) as ground:
        contenders = [_enter(ground, plan, count) for count in (FEW, MANY)]
        few, many = play(contenders, plan)
    factor = ratio(many, few, lambda one: one.cpu_us)
    return Report(
        suite="routes",
        tables=(_table(few, many, factor),),
        measures=(Measure(bar=BarId.ROUTES_CPU, value=factor),),
        series=(few, many),
    )


def _enter(ground: Stand, plan: Plan, count: int) -> Contender:
    label = f"{count:,} routes"
    plan.say(f"starting banyan with {label}")
    child, site = ground.put_up(banyan.PEER, routes=count)
    audit(child, site, banyan.PEER.metrics)
    return Contender(label=label, child=child, load=wrk.items(count), log=site.log)


def _table(few: Series, many: Series, factor: float) -> Table:
    rows = tuple(
        (each.label, f"{each.median(lambda one: one.per_second):,.0f}", f"{each.median(lambda one: one.cpu_us):.1f}")
        for each in (few, many)
    )
    return Table(
        title="Banyan, by number of routes",
        columns=("table", "req/s", "CPU µs/req"),
        rows=rows,
        notes=(f"CPU per request with {MANY:,} routes: {factor:.2f} times that with {FEW}.", *doubts((few, many))),
    )
