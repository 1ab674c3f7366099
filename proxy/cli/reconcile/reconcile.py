"""`banyan reconcile`: whether the databases of legacy and new hold the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNANSWERED, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proxy.cli.reconcile.check_outcome import CheckOutcome
    from proxy.core.reconcile.reconcile_check import ReconcileCheck
    from proxy.core.routing.snapshot import Snapshot

LESSON = Lesson(
    purpose="Compare the rows of legacy's database with those of new's.",
    more="What is compared stands in `reconcile:` of routes.yaml. The command reads both databases by itself, range by "
    "range of the key, and never writes; a key whose rows differ is looked at once more before it counts. What it came "
    "to is recorded with the Banyan that runs: a ramp may need it (`needs: { reconciled: NAME }`), and --resume goes "
    "on from there; without a running Banyan it compares all the same. Keys and names of columns are shown, values "
    "only with --values.",
    example="banyan reconcile accounts --rate 20000",
    exits={
        FINE: "the rows are the same",
        FOUND: "there are differences; they are listed",
        UNUSABLE: "wrong usage, or a routes.yaml that cannot be used",
        UNANSWERED: "a database cannot be read or compared; with --resume, also where no Banyan answers",
    },
)


def reconcile(  # noqa: PLR0913  a command's options
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="A check of `reconcile:`; else all.", show_default=False)
    ] = "",
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last run where it was ended.")] = False,
    rate: Annotated[int, typer.Option("--rate", metavar="ROWS", min=0, help="Rows a second; else as said there.")] = 0,
    values: Annotated[bool, typer.Option("--values", help="Show the values that differ.")] = False,
    by_column: Annotated[
        bool, typer.Option("--by-column", help="Count keys by how and in which column they differ, and list none.")
    ] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.reconcile.check_outcome import as_json
    from proxy.cli.reconcile.recording import RunRecorder
    from proxy.cli.reconcile.watched_run import run_check
    from proxy.cli.routes_file import load_or_leave
    from proxy.reconcile.trouble import ReconcileTrouble

    if by_column and values:
        complain("--by-column lists no key, and --values shows those of keys.", "Leave one of them out.")
        leave(UNUSABLE)
    snapshot = load_or_leave(config).snapshot
    databases = {database.name: database for database in snapshot.databases}
    recorder = RunRecorder(base_of(admin, config), config)
    outcomes = []
    for check in _chosen(snapshot, name):
        progress = recorder.resumed(check) if resume else recorder.begun(check)
        try:
            outcomes.append(run_check(check, databases, progress, rate or check.rate, recorder))
        except ReconcileTrouble as trouble:
            complain(f"{check.name}: {trouble.message}", trouble.cure)
            leave(UNANSWERED)
        if not json:
            _show(outcomes[-1], values=values, by_column=by_column)
    if json:
        say_json({"checks": [as_json(each, values=values) for each in outcomes]})
    leave(FOUND if any(each.differs for each in outcomes) else FINE)


def _chosen(snapshot: Snapshot, name: str) -> Sequence[ReconcileCheck]:
    """The check of this name, or all; exit 2 where there is none."""
    from proxy.core.nearest import nearest

    known = {check.name: check for check in snapshot.reconcile}
    chosen = [check for check in known.values() if name in {"", check.name}]
    if chosen:
        return chosen
    meant = nearest(name, known)
    cure = f"Did you mean {meant}?" if meant else "`reconcile:` in routes.yaml says what is compared, by name."
    complain(f"there is no check {name!r}." if name else "there is nothing to reconcile.", cure)
    return leave(UNUSABLE)


def _show(outcome: CheckOutcome, *, values: bool, by_column: bool) -> None:
    """For people."""
    from proxy.cli.reconcile.picture import difference_lines, summary, tally_lines
    from proxy.cli.terminal import say_folded, say_texts

    say_texts(tally_lines(outcome) if by_column else difference_lines(outcome, values=values))
    say_folded([summary(outcome)])
