"""`banyan status`: what the file says, what runs, and what the routes do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from proxy.api.routes import RoutesView

LESSON = Lesson(
    purpose="Show every route: what the file says, what runs, what it does.",
    more="Asks the admin API of a running Banyan; BANYAN_ADMIN_TOKEN is sent where it is set.",
    example="banyan status --config routes.yaml",
    exits={
        FINE: "it runs, and every worker serves the file as it stands; so it is, too, while an upstream is down or its "
        "breaker is open",
        FOUND: "nothing answers there, the file has problems, a worker or replica lags behind, the store is away, "
        "or the kill switch is on",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def status(
    *,
    admin: Annotated[str, typer.Option(metavar="URL", help="The admin address; else the one in --config.")] = "",
    config: CONFIG = ROUTES,
    route: Annotated[str, typer.Option(metavar="NAME", help="Show one route alone, with its cohorts.")] = "",
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Draw it on the terminal once a second, until Ctrl-C.")
    ] = False,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError, fetch, get_routes
    from proxy.cli.folded import list_width
    from proxy.cli.status.picture import picture
    from proxy.cli.terminal import say_texts

    if watch and json:
        complain("--watch is for people and --json for scripts.", "Give one of them.")
        leave(UNUSABLE)
    if watch and not sys.stdout.isatty():
        complain("--watch draws on a terminal, and stdout is none.", "Leave it out, or ask for --json once in a while.")
        leave(UNUSABLE)
    base = base_of(admin, config)
    if watch:
        _watch(base, route)
    if route:
        _one(base, route, json=json)
    try:
        found = get_routes(base)
        if json:
            say(fetch(base, "/api/routes").decode().rstrip())
        else:
            say_texts(picture(base, found, _metrics(base), list_width()))
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    leave(FINE if _is_settled(found) else FOUND)


def _one(base: str, name: str, *, json: bool) -> NoReturn:
    """One route, for people or scripts."""
    from proxy.cli.admin_client import NoAnswerError, get_route
    from proxy.cli.folded import screen_width
    from proxy.cli.status.route import BESIDE, route_lines
    from proxy.cli.terminal import say_folded

    try:
        found, body = get_route(base, name)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode().rstrip())
    else:
        say_folded(route_lines(found, screen_width()), hang=BESIDE)
    leave(FINE)


def _watch(base: str, route: str) -> NoReturn:
    """All routes or one, until Ctrl-C."""
    from proxy.cli.status.watched import all_routes, one_route, watch

    if route:
        watch(lambda columns, _: one_route(base, route, columns))
    else:
        watch(lambda columns, rows: all_routes(base, lambda: _metrics(base), columns, rows))
    leave(FINE)


def _metrics(base: str) -> str:
    """The text of /metrics; empty where it cannot be had."""
    from proxy.cli.admin_client import NoAnswerError, fetch

    try:
        return fetch(base, "/metrics").decode()
    except NoAnswerError:
        return ""


def _is_settled(found: RoutesView) -> bool:
    standing = found.standing
    obeyed = standing is None or (
        standing.known and not standing.away and all(instance.obeys for instance in standing.instances)
    )
    serve = all(worker.serves_current for worker in found.workers)
    return found.reload.ok and found.killed is None and serve and obeyed
