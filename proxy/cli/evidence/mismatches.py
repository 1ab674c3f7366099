"""`banyan mismatches`: what differs between the sides, then one exchange that shows it."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNANSWERED, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, console, is_coloured, leave, say

if TYPE_CHECKING:
    from proxy.api.evidence import MismatchesView

LESSON = Lesson(
    purpose="Show where new answers otherwise than legacy.",
    more="Differences at the same path and of the same kind are one cluster; its id names it for `accept`, `replay` "
    "and `export`. What counts, what is undecided and what a rule or noise excuses stand apart. With a cluster: its "
    "newest exchange, both sides beside each other, differing lines marked. Where nobody knows yet whether legacy "
    "would repeat a value, its cluster is undecided, and a line below says what to write if it is generated. Secrets "
    "were replaced by hashes when they were captured; equal ones have equal hashes.",
    example="banyan mismatches orders.show 3f2a9c01d4e5",
    exits={
        FINE: "no difference that counts or is undecided",
        FOUND: "there are differences that nobody has accepted, such that wait for a word included",
        UNUSABLE: "wrong usage, or no admin address can be found",
        UNANSWERED: "nothing answers there, or it has no such route or cluster, or cannot show it now",
    },
)


def mismatches(
    route: Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)],
    cluster: Annotated[
        str, typer.Argument(metavar="[CLUSTER]", help="A cluster's id, or how it begins.", show_default=False)
    ] = "",
    *,
    number: Annotated[int, typer.Option("--exchange", "-n", min=1, help="Which exchange; 1 is the newest.")] = 1,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.api.evidence import ClusterStanding
    from proxy.cli.admin_client import NoAnswerError, fetch, get_mismatches, mismatches_path

    base = base_of(admin, config)
    try:
        found = get_mismatches(base, route, cluster)
        if json:
            say(fetch(base, mismatches_path(route, cluster)).decode().rstrip())
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(UNANSWERED)
    if not json:
        _show(found, number if cluster else 0)
    is_open = any(each.state in {ClusterStanding.COUNTS, ClusterStanding.UNDECIDED} for each in found.clusters)
    leave(FOUND if is_open else FINE)


def _show(found: MismatchesView, number: int) -> None:
    """For people; with the exchange of this number, from 1."""
    from proxy.cli.evidence.picture import cluster_lines, exchange_lines, reason_lines
    from proxy.cli.terminal import say_folded, say_texts

    say_texts(cluster_lines(found.clusters, console().width if sys.stdout.isatty() else None))
    if found.incomparable:
        say_folded([f"not compared: {found.incomparable}"])
    say_folded(reason_lines(found.clusters))
    if number:
        width = shutil.get_terminal_size((100, 24)).columns
        for line in exchange_lines(found.exchanges or [], number, width, coloured=is_coloured(sys.stdout)):
            say(line)
