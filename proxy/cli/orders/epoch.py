"""`banyan epoch`: into what a route's evidence is divided, and how to begin anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, REASON, ROUTE, ROUTES
from proxy.cli.orders.route_orders import TAG, give
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from rich.text import Text

    from proxy.api.evidence import EpochView

_HEADS = ("epoch", "began", "last met", "legacy", "new")

LESSON = Lesson(
    purpose="Show the epochs of a route's evidence, or begin one.",
    more="What was found in an earlier epoch says nothing about now. A deploy of either side begins one where "
    "`version_header` names the field in which it says its version, and so does an edit of the addresses of either "
    "side in routes.yaml. --begin says that something else has changed: new was mended, or its data. Differences found "
    "before no longer block the route; it stays where it is, and a rollback or a hold stays too. Earlier evidence is "
    "kept.",
    example="banyan epoch orders.show --begin --reason 'created_at is filled in again'",
    exits={
        FINE: "shown; or begun, and every live replica obeys",
        FOUND: "refused, and the reason is said; or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def epoch(
    route: ROUTE,
    *,
    begin: Annotated[bool, typer.Option("--begin", help="Begin a new one.")] = False,
    reason: REASON = "",
    tag: TAG = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    if begin:
        give(route, "epoch", {"reason": reason}, tag, admin, config, json=json)
    elif reason or tag:
        complain("--reason says why an epoch begins, and none does without --begin.", LESSON.example)
        leave(UNUSABLE)
    else:
        _show(route, base_of(admin, config), json=json)


def _show(route: str, base: str, *, json: bool) -> None:
    from rich.text import Text

    from proxy.cli.admin_client import NoAnswerError, fetch, get_epochs, route_path
    from proxy.cli.terminal import say_texts

    try:
        found = get_epochs(base, route)
        if json:
            say(fetch(base, route_path(route, "epochs")).decode().rstrip())
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if not json:
        say_texts(_lines(found.epochs) if found.epochs else [Text(f"{route}: nothing has been compared yet")])
    leave(FINE)


def _lines(epochs: Sequence[EpochView]) -> Iterator[Text]:
    """A row for each, and below it why it began."""
    from rich.text import Text

    from proxy.cli.columns import table_lines
    from proxy.core.one_line import one_line

    rows = [dict(zip(_HEADS, _cells(each), strict=True)) for each in epochs]
    title, *lines = table_lines(_HEADS, rows, frozenset(), padded=sys.stdout.isatty())
    yield title
    for line, each in zip(lines, epochs, strict=True):
        yield line
        if each.why:
            yield Text(f"    {one_line(each.why)}")


def _cells(each: EpochView) -> Iterator[str]:
    yield f"{each.number}{' counts' if each.counts else ''}"
    yield from (_when(each.began), _when(each.seen), each.legacy_version or "–", each.new_version or "–")


def _when(stamped: str) -> str:
    return stamped[:16].replace("T", " ")
