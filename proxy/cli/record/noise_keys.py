"""`banyan noise`: what was found of each key at which a route's answers differ by themselves, or may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTE, ROUTES
from proxy.cli.terminal import complain, leave

if TYPE_CHECKING:
    from proxy.api.evidence import NoiseView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="Show what was found of a route's noise, key by key.",
    more="A key is a path in the answers. Of each: whether its differences are excused, since when it stands so and "
    "how long that holds, how many requests legacy answered twice, and by what it was found. `noisy` and `clock` are "
    "excused; `held`, `open` and a regression count, but for what a rule of `compare:` accepts there; `waits` is not "
    "known yet. `compare:` in routes.yaml has the last word (`noisy`, `exact`).",
    example="banyan noise orders.show",
    exits={
        FINE: "shown; also where nothing is known of any key",
        FOUND: "there is no such route, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def noise(route: ROUTE, *, admin: ADMIN = "", config: CONFIG = ROUTES, json: JSON = False) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError, get_route
    from proxy.cli.record.entries import say_entries
    from proxy.cli.terminal import say_json

    try:
        found = get_route(base_of(admin, config), route)[0].evidence.noise
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say_json({"noise": found})
        leave(FINE)
    say_entries(map(_entry, found), f"{route}: nothing is known of any key")


def _entry(key: NoiseView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment
    from proxy.core.one_line import one_line

    excused, state = _excused(key), key.decided or key.state
    since = f"since {moment(key.since)}" if key.since else ""
    until = f"until {moment(key.until)}" if key.until and key.excused else ""
    asked = f"{key.asked} repeats" if key.asked else ""
    how = state if state == excused else f"{excused}: {state}"
    rules = [f"accepted by {', '.join(key.accepted)}, whose kinds `banyan mismatches` tells"] * bool(key.accepted)
    return ListEntry(cells=[one_line(key.path), how, since, until, asked], below=[*rules, *[key.why] * bool(key.why)])


def _excused(key: NoiseView) -> str:
    """What becomes of another value there."""
    if key.excused or key.accepted:
        return "excused" if key.excused else "accepted"
    return "waits" if key.state == "waits" and not key.decided else "counts"
