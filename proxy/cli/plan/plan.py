"""`banyan plan`: what an edit of routes.yaml does, before it is applied."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, console, leave, say_json

if TYPE_CHECKING:
    from proxy.cli.plan.model import ComparedWith, Planned
    from proxy.cli.plan.running_table import RecentTraffic, RunningRoutes
    from proxy.config.load import Loaded

LESSON = Lesson(
    purpose="Say what an edit of routes.yaml does, before it is applied.",
    more="Write the edit into a copy, plan it, then save it over the file that runs. Routes are matched and decided by "
    "the code that serves live traffic, on the requests that a running Banyan remembers; nothing is sent or changed.",
    example="banyan plan --file routes.new.yaml",
    exits={
        FINE: "nothing moves; without --exit-code also when something does",
        FOUND: "something moves, and --exit-code was given",
        UNUSABLE: "the file has problems, or what to compare it with cannot be had",
    },
)
_ALL = 50_000


def plan(  # noqa: PLR0913  a command's options
    edited: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The same as --file.", show_default=False)
    ] = None,
    *,
    file: Annotated[Path, typer.Option("--file", "-f", metavar="FILE", help="The edited routes.yaml.")] = ROUTES,
    against: Annotated[
        str,
        typer.Option(
            metavar="running|FILE",
            help="What to compare with: what runs, or another file, for which nothing has to run; the traffic of a "
            "Banyan that does is counted.",
        ),
    ] = "running",
    replay: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Decide the last N remembered requests again; 0 takes all."),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Leave with 1 when something moves.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.plan.picture import picture
    from proxy.cli.plan.running_table import RUNNING
    from proxy.cli.routes_file import load_or_leave
    from proxy.cli.terminal import say_texts

    file = edited or file
    after = load_or_leave(file)
    if against == RUNNING:
        compared = _against_running(base_of(admin, config), config)
    else:
        compared = _against_file(against, admin, config)
    found = _planned(file, after, compared, replay)
    if json:
        say_json(found)
    else:
        say_texts(picture(found, console().width if sys.stdout.isatty() else None))
    leave(FOUND if exit_code and found.moves else FINE)


def _against_running(base: str, config: Path) -> ComparedWith:
    from proxy.cli.plan.model import ComparedWith

    standing = _standing(base)
    named = f"what runs at {base}"
    return ComparedWith(
        named=named, asked=base, snapshot=_running(standing.revision, config).snapshot, standing=standing
    )


def _against_file(path: str, admin: str, config: Path) -> ComparedWith:
    """Nothing has to run: where the Banyan of `config` cannot be had, that of the file itself is asked for traffic."""
    from proxy.cli.admin_address import url_of
    from proxy.cli.plan.model import ComparedWith
    from proxy.cli.plan.running_table import RunningRoutes
    from proxy.cli.routes_file import load_or_leave
    from proxy.config.load import Loaded, load_file

    before = load_or_leave(Path(path))
    own = load_file(config, os.environ)
    address = (own if isinstance(own, Loaded) else before).snapshot.admin
    standing = RunningRoutes(revision=before.snapshot.revision, positions={}, compared={}, killed=False)
    asked = base_of(admin, config) if admin else url_of(address)
    return ComparedWith(named=path, asked=asked, snapshot=before.snapshot, standing=standing)


def _planned(file: Path, after: Loaded, compared: ComparedWith, last: int | None) -> Planned:
    from proxy.cli.plan.model import PlanQuestion, planned

    recent, why_not = _recent(compared.asked)
    return planned(
        PlanQuestion(
            file=str(file),
            before=compared,
            after=after.snapshot,
            warnings=after.warnings,
            recent=recent,
            no_traffic=why_not,
            last=last,
        )
    )


def _standing(base: str) -> RunningRoutes:
    from proxy.cli.admin_client import NoAnswerError
    from proxy.cli.plan.running_table import running_routes

    try:
        return running_routes(base)
    except NoAnswerError as error:
        complain(error.message, "Name the file to compare with, where none runs: --against FILE.")
        leave(UNUSABLE)


def _running(revision: str, config: Path) -> Loaded:
    from proxy.cli.plan.running_table import running_loaded

    found = running_loaded(revision, config)
    if found is None:
        complain(
            f"revision {revision} runs, and neither {config} nor the copy beside it is that text.",
            "Name the running file with --config, or the one to compare with by --against FILE.",
        )
        leave(UNUSABLE)
    return found


def _recent(base: str) -> tuple[RecentTraffic | None, str]:
    """What is remembered, or why nothing is known: a plan without figures is one still."""
    from proxy.cli.admin_client import NoAnswerError
    from proxy.cli.plan.running_table import recent_traffic

    try:
        return recent_traffic(base, _ALL), ""
    except NoAnswerError as error:
        return None, error.message
