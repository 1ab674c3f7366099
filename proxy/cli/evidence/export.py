"""`banyan export`: a cluster of differences as a test that runs with pytest and nothing else."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, ROUTES
from proxy.cli.terminal import complain, leave, say

LESSON = Lesson(
    purpose="Print a test that fails while new differs from legacy.",
    more="The test sends the kept requests to TARGET_URL (else to the route's new upstream) and asks that status and "
    "the values at the cluster's path are those of legacy. It needs pytest and the standard library only.",
    example="banyan export orders.show 3f2a9c01d4e5 > test_orders_total.py",
    exits={
        FINE: "the test is printed",
        FOUND: "there is no such cluster now, none of its exchanges can be sent again, or nothing answers",
        UNUSABLE: "wrong usage, or the file has problems",
    },
)


def export(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)],
    cluster: Annotated[
        str, typer.Argument(metavar="CLUSTER", help="The cluster's id, or how it begins.", show_default=False)
    ],
    *,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError, get_mismatches
    from proxy.cli.evidence.exported import text_of
    from proxy.cli.routes_file import route_or_leave

    snapshot, found = route_or_leave(config, route)
    try:
        shown = get_mismatches(base_of(admin, config), route, cluster)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    new = snapshot.upstreams[found.new]
    text, left_out = text_of(found, shown.clusters[0], shown.exchanges or [], new.url)
    for why, count in left_out.items():
        complain(f"{count} left out: {why.value}")
    if not text:
        complain("none of the kept exchanges can be a test.", f"banyan mismatches {route} {cluster}")
        leave(FOUND)
    say(text.rstrip(os.linesep))
    leave(FINE)
