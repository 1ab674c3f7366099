"""`banyan probe`: whether this host, as this user, reaches what routes.yaml names, and may ask there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.reachability.targets import Target

LESSON = Lesson(
    purpose="Ask whether upstreams and databases can be reached from here.",
    more="Run it on the host that serves, as the user that serves; it needs no running Banyan and changes nothing. For "
    "each address of each name it says who resolved it, from which address the kernel speaks to it, whether it "
    "connects, what its certificate holds and for how long, as whom Banyan comes, what a harmless request (the health "
    "path, or HEAD /) is answered with, and in what time. Whatever fails says which end has to change what.",
    example="banyan probe new",
    exits={
        FINE: "everything is reached and lets Banyan in; warnings are shown",
        FOUND: "something fails",
        UNUSABLE: "wrong usage, or a routes.yaml that cannot be used: nothing was asked",
    },
)


def probe(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME]...",
            help="Upstreams, policies of auth, databases, `lookup` or `state`; else all of them.",
            show_default=False,
        ),
    ] = [],  # noqa: B006  typer copies it
    *,
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="The Host that clients say.")] = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=600.0, help="For each target.")
    ] = 15.0,
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from time import time

    from proxy.cli.probe.closed_upstreams import closed_sentences
    from proxy.cli.probe.picture import lines, report_of
    from proxy.cli.probe.watched_probe import watched
    from proxy.cli.routes_file import load_or_leave
    from proxy.core.reachability.finding import RowOutcome
    from proxy.reachability.targets import targets_of

    snapshot = load_or_leave(config).snapshot
    targets = _chosen(list(targets_of(snapshot, host)), names)
    report = report_of(config, watched(snapshot, targets, timeout), closed_sentences(snapshot, time()))
    if json:
        say_json(report)
    else:
        for line in lines(report):
            say(line)
    leave(FOUND if report.outcome is RowOutcome.FAILED else FINE)


def _chosen(targets: Sequence[Target], names: Sequence[str]) -> Sequence[Target]:
    """Those of these names, or all; exit 2 where a name is nobody's."""
    from proxy.core.nearest import nearest

    known = dict.fromkeys(name for target in targets for name in _names(target))
    for name in names:
        if name not in known:
            meant = nearest(name, known)
            cure = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
            complain(f"routes.yaml names nothing {name!r} that can be probed.", cure)
            leave(UNUSABLE)
    return [target for target in targets if not names or set(_names(target)) & set(names)]


def _names(target: Target) -> Sequence[str]:
    """Of a key set those of all policies that ask for it."""
    return target.name.split(", ")
