"""`banyan replay`: kept requests once more to the new side, after a fix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_base import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from proxy.cli.evidence.replay_plan import Plan
    from proxy.cli.evidence.replaying import Result

LESSON = Lesson(
    purpose="Send kept requests to the new side again, and compare.",
    more="Compares with what legacy said then. Safe requests only, and only those that were kept whole: where a "
    "secret was replaced by its hash, the "
    "request cannot be sent as it was; --header gives such a field a value. What was left out is counted, with the "
    "reason. Data that changed since then differs, too. Run it where the state directory is: answers are hashed with "
    "its key.",
    example="banyan replay orders.show --cluster 3f2a9c01d4e5 --to http://127.0.0.1:8000",
    exits={
        FINE: "every request that was sent is answered as legacy answered it",
        FOUND: "mismatches remain, nothing could be sent, or nothing answers",
        UNUSABLE: "wrong usage, or the file has problems",
    },
)


def replay(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)],
    *,
    cluster: Annotated[str, typer.Option(metavar="ID", help="Only exchanges that show this cluster.")] = "",
    to: Annotated[str, typer.Option(metavar="URL", help="Where to send them; else the route's new upstream.")] = "",
    header: Annotated[
        list[str], typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="In place of a hashed field.")
    ] = [],  # noqa: B006
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_api import NoAnswerError
    from proxy.cli.evidence.replay_choice import choose
    from proxy.cli.evidence.replaying import run

    plan = _plan(route, to, header, config)
    try:
        chosen = choose(base_of(admin, config), cluster, plan)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    result = run(chosen, plan)
    if json:
        say_json(result)
    else:
        for line in _lines(result, plan.to):
            say(line)
    leave(FINE if result.sent and result.sent == result.match + result.ignored else FOUND)


def _plan(route: str, to: str, header: list[str], config: Path) -> Plan:
    from proxy.cli.evidence.replay_plan import Plan
    from proxy.cli.loading import load_or_leave, no_such_route
    from proxy.comparer.redaction_key import read_key
    from proxy.config.files.lastgood import directory
    from proxy.core.routing.route import HostMode

    snapshot = load_or_leave(config).snapshot
    found = snapshot.named(route)
    if found is None or found.respond is not None:
        no_such_route(config, route, (each.name for each in snapshot.routes if each.respond is None))
    upstream = snapshot.upstreams[found.new]
    named = [each.partition(":") for each in header]
    if any(not (name.strip() and colon) for name, colon, _ in named):
        complain(f"{header!r} are not fields.", "banyan replay ROUTE -H 'Authorization: Bearer …'")
        leave(UNUSABLE)
    try:
        key = read_key(directory(config, os.environ))
    except OSError as error:
        complain(f"the key of the hashes cannot be read: {error}", "Answers with a hash in them are left out.")
        key = b""
    return Plan(
        route=found,
        to=to.rstrip("/") or upstream.url,
        own_host=bool(to) or upstream.host_mode is HostMode.UPSTREAM,
        key=key,
        fields=tuple((name.strip(), value.strip()) for name, _, value in named),
    )


def _lines(result: Result, to: str) -> list[str]:
    total = f"{result.sent} sent to {to}: {result.match} match, {result.ignored} ignored by rules or noise"
    undecided = f", {result.undecided} undecided" if result.undecided else ""
    lines = [f"{total}, {result.mismatch} mismatch{undecided}, {result.incomparable} could not be compared"]
    lines += [f"{count} left out: {why}" for why, count in result.left_out.items()]
    for each in result.remaining:
        lines.append(f"  {each.request}")
        lines += [f"    {path}" for path in each.paths]
    if not result.sent:
        lines.append("nothing was sent, so nothing is known")
    return lines
