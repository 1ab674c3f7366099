"""`banyan history`: what was ordered, by whom, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES

if TYPE_CHECKING:
    from proxy.api.history import RecordedOrderView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="Show what was ordered, by whom, when and why.",
    more="Promotions, rollbacks, holds and their ends, epochs, pins, drains and the kill switch, whoever ordered them: "
    "a person, the judge, or an edit of routes.yaml; what else was edited there, and files that were refused. Newest "
    "first, each with its own time (UTC) and reason. It is kept where `state:` says, and of `memory` in the state "
    "directory. A line break in a reason is shown as \\n.",
    example="banyan history orders.show --limit 20",
    exits={
        FINE: "shown; also where nothing was ordered yet",
        FOUND: "there is no such route, the state store is away, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def history(
    route: Annotated[str, typer.Argument(metavar="[ROUTE]", help="Of this one alone.", show_default=False)] = "",
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 50,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.api.history import HistoryView
    from proxy.cli.admin_client import history_path
    from proxy.cli.record.entries import read_or_leave, say_entries

    found = read_or_leave(base_of(admin, config), history_path(route, limit), HistoryView, json=json)
    entries = (_entry(order, named=not route) for order in found.orders)
    say_entries(entries, f"{f'{route}: ' * bool(route)}nothing was ordered yet")


def _entry(order: RecordedOrderView, *, named: bool) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment
    from proxy.core.one_line import one_line

    route = [order.route or "every route"] if named else []
    by = f"by {one_line(order.actor)}" if order.actor else ""
    at = f"at {order.instance}" if order.instance else ""
    cells = [moment(order.at), order.kind, *route, _what(order), " ".join(filter(None, (by, at)))]
    return ListEntry(cells=cells, below=[order.reason] if order.reason else [])


def _what(order: RecordedOrderView) -> str:
    """From where to where, or which cohort."""
    from proxy.cli.record.entries import moment, place

    if order.start is not None and order.end is not None:
        start, end = (place(each.stage, each.split) for each in (order.start, order.end))
        return f"at {end}" if start == end else f"{start} → {end}"
    if not order.cohort:
        return ""
    side = f" → {order.side}" if order.side else ""
    return f"{order.cohort!r}{side}{f' until {moment(order.until)}' if order.until else ''}"
