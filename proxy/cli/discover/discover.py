"""`banyan discover`: the endpoints of an API, as its traffic shows them."""

from __future__ import annotations

from typing import Annotated

import typer

from proxy.cli.admin_address import ADMIN
from proxy.cli.discover.discovery_source import LOG
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_json

LESSON = Lesson(
    purpose="Find the endpoints of an API in its traffic.",
    more="Templates, callers, first and last use. Of a running Banyan, or with --log of an access log. A segment is a "
    "parameter when it looks like a value, or when 20 others stood in its place; no value is kept. Scanners' paths are "
    "held apart.",
    example="banyan discover --log access.log",
    exits={
        FINE: "shown",
        FOUND: "nothing was found, or nothing answers there",
        UNUSABLE: "wrong usage, no admin address, or a log that cannot be read",
    },
)


def discover(
    *,
    log: LOG = None,
    routes: Annotated[bool, typer.Option("--routes", help="Print routes for what no route names yet.")] = False,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print it as OpenAPI 3.1, in JSON.")] = False,
    singles: Annotated[bool, typer.Option("--all", help="With what was seen once.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.discover.discovery_source import found_or_leave

    if routes + openapi + json > 1:
        complain("--routes, --openapi and --json each say what is printed: give one of them")
        leave(UNUSABLE)
    found = found_or_leave(log, admin, config)
    if json:
        say_json(found)
    elif openapi:
        from proxy.cli.discover.openapi import openapi as document_of

        say_json(document_of(found))
    elif routes:
        from proxy.cli.discover.stub import stub

        for line in stub(found):
            say(line)
    else:
        from proxy.cli.discover.picture import picture
        from proxy.cli.folded import screen_width

        for line in picture(found, screen_width(), singles=singles):
            say(line)
    leave(FINE if found.endpoints else FOUND)
