"""What it costs that both sides get a write: small PUTs to a route with `writes`, and to the same without.

Both Banyans have the same PostgreSQL, which is durable and counts for neither. Each round ends when the journal is
empty: the other side's writes belong to the round that made them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from bench.load import wrk
from bench.load.workload import Site
from bench.machine import free_ports
from bench.peers import banyan
from bench.peers.peer import Peer
from bench.processes import Launch, running
from bench.report import Report
from bench.rounds import Contender, Plan, Series, by_label, doubts, play, ratio
from bench.suites.stand import Stand, stand
from bench.table import Table
from proxy.store.embedded.embedded_postgres import Embedded

SINGLE, DUAL = "one side", "both sides"
CONNECTIONS = 64
_BEHIND = 120.0
_ROUTES = """\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
state: "{state}"
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}", applies: /-/applies }}
  new: {{ url: "http://127.0.0.1:{new}", applies: /-/applies }}
routes:
  - {{ name: items, match: "PUT /items/{{id}}", stage: shadow{writes} }}
  - {{ name: rest, match: "/**", stage: legacy }}
"""
_DUAL = ", writes: { mode: dual, key: path:id }"


def measure(plan: Plan) -> Report:
    """One table."""
    with contextlib.ExitStack() as stack:
        state, ground = stack.enter_context(_database()), stack.enter_context(stand(plan.cores))
        sides = [stack.enter_context(_side(ground, name)) for name in ("legacy", "new")]
        contenders = [_contender(ground, label, state, sides) for label in (SINGLE, DUAL)]
        series = play(contenders, plan)
    return Report(suite="writes", tables=(_table(series),), measures=(), series=series)


def _contender(ground: Stand, label: str, state: str, sides: list[int]) -> Contender:
    child, site = ground.put_up(_peer(label, state, sides))
    load = wrk.Load(arguments=("put", "/items/", "64"), connections=CONNECTIONS)
    return Contender(label=label, child=child, load=load, log=site.log, rest=partial(_catch_up, site))


@contextlib.contextmanager
def _database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        server = Embedded(Path(folder), patience=60.0)
        asyncio.run(server.start())
        try:
            yield server.address
        finally:
            asyncio.run(server.stop())


@contextlib.contextmanager
def _side(ground: Stand, name: str) -> Iterator[int]:
    (port,) = free_ports(1)
    folder = ground.folder / name
    folder.mkdir()
    started = Launch(
        label=name,
        argv=(sys.executable, "-m", "bench.load.applying", str(port)),
        folder=folder,
        output=folder / "stdout.txt",
        port=port,
        ready=(f"http://127.0.0.1:{port}/",),
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    with running(started, ground.cores.load):
        yield port


def _peer(label: str, state: str, sides: list[int]) -> Peer:
    def launch(site: Site) -> Launch:
        started = banyan.launch(site)
        ports = {"listen": site.listen, "admin": site.admin, "legacy": sides[0], "new": sides[1]}
        text = _ROUTES.format(**ports, state=state, writes=_DUAL if label == DUAL else "")
        (site.folder / "routes.yaml").write_text(text)
        return replace(started, label=label, ready=(started.ready[0],))

    return replace(banyan.PEER, launch=launch)


def _catch_up(site: Site) -> None:
    """Until nothing is in the journal."""
    until = monotonic() + _BEHIND
    while _undone(site) and monotonic() < until:
        sleep(0.5)


def _undone(site: Site) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.admin}/api/journal?limit=1", timeout=5) as answer:
        return b'"writes":[]' not in answer.read()


def _table(series: tuple[Series, ...]) -> Table:
    single = by_label(series, SINGLE)
    figures: tuple[Callable[[Series], str], ...] = (
        lambda each: f"{each.median(lambda one: one.per_second):,.0f}",
        lambda each: f"{ratio(each, single, lambda one: one.per_second):.2f}" if single else "",
        lambda each: f"{each.median(lambda one: one.p50_us) / 1000:.2f}",
        lambda each: f"{ratio(each, single, lambda one: one.p50_us):.2f}" if single else "",
        lambda each: f"{each.median(lambda one: one.p99_us) / 1000:.2f}",
    )
    return Table(
        title=f"Writes to both sides, one core for all of Banyan, {CONNECTIONS} connections, medians of rounds",
        columns=("writes to", "req/s", "× one side", "p50 ms", "× one side", "p99 ms"),
        rows=tuple((each.label, *(figure(each) for figure in figures)) for each in series),
        notes=tuple(doubts(series)),
    )
