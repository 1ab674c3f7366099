"""`banyan pins`: cohorts that one side answers, and routes that drain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave

if TYPE_CHECKING:
    from proxy.api.routes import RouteView
    from proxy.api.standing import PinView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="Show pinned cohorts, and routes that drain.",
    more="Each with the side that answers it, until when, since when, by whom and why. Pins in routes.yaml itself are "
    "not among them. `banyan unpin` ends one, `banyan drain --off` a drain; "
    "`banyan history` has those that have ended.",
    example="banyan pins orders.show",
    exits={
        FINE: "shown; also where nothing is pinned",
        FOUND: "there is no such route, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def pins(
    route: Annotated[str, typer.Argument(metavar="[ROUTE]", help="Of this one alone.", show_default=False)] = "",
    *,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError, get_route, get_routes
    from proxy.cli.record.entries import say_entries
    from proxy.cli.terminal import say_json

    base = base_of(admin, config)
    try:
        routes = [get_route(base, route)[0]] if route else get_routes(base).routes
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    found = [(each.name, pin) for each in routes for pin in _pins(each)]
    if json:
        say_json({"pins": [{"route": name, "pin": pin} for name, pin in found]})
        leave(FINE)
    entries = (_entry(name, pin) for name, pin in found)
    say_entries(entries, f"{f'{route}: ' * bool(route)}no cohort is pinned, and nothing drains")


def _pins(route: RouteView) -> Iterator[PinView]:
    if route.runs.drain is not None:
        yield route.runs.drain
    yield from route.runs.pinned


def _entry(route: str, pin: PinView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment
    from proxy.core.one_line import one_line
    from proxy.core.position.standing import NEWCOMERS

    drains = pin.cohort == NEWCOMERS
    what = "drains" if drains else f"{pin.cohort!r} → {pin.side}"
    ends = "until `banyan drain --off`" if drains else "until `banyan unpin`"
    until = f"until {moment(pin.until)}" if pin.until else ends
    since = f"since {moment(pin.since)}" if pin.since else ""
    by = f"by {one_line(pin.by)}" if pin.by else ""
    return ListEntry(cells=[route, what, until, since, by], below=[pin.reason] if pin.reason else [])
