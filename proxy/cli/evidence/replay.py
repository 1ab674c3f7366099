"""`banyan replay`: kept requests once more to the new side, after a fix."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNANSWERED, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from proxy.cli.evidence.replaying import ReplayPlan, ReplayResult

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
        FOUND: "mismatches remain, or answers that could not be compared",
        UNUSABLE: "wrong usage, or the file has problems or no such route",
        UNANSWERED: "nothing could be sent: nothing answers there, or it has no such cluster or exchange",
    },
)


def replay(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)],
    *,
    cluster: Annotated[
        str, typer.Option(metavar="ID", help="Only exchanges that show this cluster; how its id begins will do.")
    ] = "",
    to: Annotated[str, typer.Option(metavar="URL", help="Where to send them; else the route's new upstream.")] = "",
    header: Annotated[
        list[str], typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="In place of a hashed field.")
    ] = [],  # noqa: B006
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError
    from proxy.cli.evidence.replaying import choose, run

    plan = _plan(route, to, header, config)
    try:
        chosen = choose(base_of(admin, config), cluster, plan)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(UNANSWERED)
    result = run(chosen, plan)
    if json:
        say_json(result)
    else:
        for line in _lines(result, plan.to):
            say(line)
    if not result.sent:
        leave(UNANSWERED)
    leave(FINE if result.sent == result.match + result.ignored else FOUND)


def _plan(route: str, to: str, header: list[str], config: Path) -> ReplayPlan:
    from proxy.cli.evidence.replaying import ReplayPlan
    from proxy.cli.routes_file import route_or_leave
    from proxy.comparer.redaction_key import read_key
    from proxy.config.files.lastgood import directory
    from proxy.core.routing.route import HostMode
    from proxy.core.translation.adapter_policy import adapter_of

    snapshot, found = route_or_leave(config, route)
    adapter = adapter_of(found.steps)
    if adapter is not None:
        complain(
            f"{route} has the adapter {adapter.name}: what was kept is in the contract that clients use.",
            "`banyan adapter try` shows what becomes of a request; shadows compare after translation.",
        )
        leave(UNUSABLE)
    upstream = snapshot.upstreams[found.new]
    named = [line.partition(":") for line in header]
    if any(not (name.strip() and colon) for name, colon, _ in named):
        complain(f"{header!r} are not fields.", "banyan replay ROUTE -H 'Authorization: Bearer …'")
        leave(UNUSABLE)
    try:
        key = read_key(directory(config, os.environ))
    except OSError as error:
        complain(f"the key of the hashes cannot be read: {error}", "Answers with a hash in them are left out.")
        key = b""
    return ReplayPlan(
        route=found,
        to=to.rstrip("/") or upstream.url,
        own_host=bool(to) or upstream.host_mode is HostMode.UPSTREAM,
        key=key,
        fields=tuple((name.strip(), value.strip()) for name, _, value in named),
    )


def _lines(result: ReplayResult, to: str) -> list[str]:
    total = f"{result.sent} sent to {to}: {result.match} match, {result.ignored} ignored by rules or noise"
    undecided = f", {result.undecided} undecided" if result.undecided else ""
    lines = [f"{total}, {result.mismatch} mismatch{undecided}, {result.incomparable} could not be compared"]
    lines += [f"{count} left out: {why}" for why, count in result.left_out.items()]
    for request in result.remaining:
        lines.append(f"  {request.request}")
        lines += [f"    {path}" for path in request.paths]
    if not result.sent:
        lines.append("nothing was sent, so nothing is known")
    return lines
