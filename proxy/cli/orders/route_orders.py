"""`banyan promote`, `rollback`, `hold`, `resume`, `drain`, `pin` and `unpin`: an operator moves a route by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from proxy.api.orders import MovedView
    from proxy.api.standing import PlaceView

_EXITS = {
    FINE: "done: every live replica obeys",
    FOUND: "refused, and the reason is said; or not every live replica was seen to obey yet",
    UNUSABLE: "wrong usage, or no admin address can be found",
}
_STANDING = frozenset({"rollback", "hold"})
"""Orders that may stand already; giving them once more is no failure."""
_ASKS = (
    "Asks a running Banyan, with BANYAN_ADMIN_TOKEN or, where it is not set, the token in the state directory. "
    "routes.yaml stays as it is. "
)

PROMOTE = Lesson(
    purpose="Move a route one step towards new.",
    more=_ASKS + "No evidence is waited for. "
    "The steps are those of the route's ramp, or 1%, 5%, 25%, 50%, 98%, and live, where it ends: complete and retired "
    "are written in routes.yaml as `stage:`. A route that was rolled back stays until `banyan resume`. "
    "The guard goes on watching.",
    example="banyan promote orders.show --reason 'release 2.4 is out'",
    exits=_EXITS,
)
ROLLBACK = Lesson(
    purpose="Give a route back to legacy, and keep it there.",
    more=_ASKS + "New is still asked as shadow. Nothing moves the route forward again until `banyan resume`, or an "
    "edit of its stage or split in routes.yaml. Given once more it changes nothing, so that it may be repeated; --step "
    "goes back by one step each time. For everything at once: "
    "`banyan kill`.",
    example="banyan rollback orders.show --reason 'totals are wrong'",
    exits=_EXITS,
)
HOLD = Lesson(
    purpose="Keep the judge from promoting a route.",
    more=_ASKS + "It may still take the route back.",
    example="banyan hold orders.show --reason 'until the release is over'",
    exits=_EXITS,
)
RESUME = Lesson(
    purpose="End a hold or a rollback.",
    more=_ASKS + "With a ramp the route climbs again from where it is; without one it runs at once as routes.yaml "
    "says. The guard begins anew.",
    example="banyan resume orders.show --reason 'fixed in 2.4.1'",
    exits=_EXITS,
)
DRAIN = Lesson(
    purpose="Send no more cohorts to new; those there stay.",
    more=_ASKS + "A cohort is there when that worker has seen new serve it within the last quarter of an hour or so. "
    "--off ends it. To take everybody back at once: `banyan rollback`, or in an emergency `banyan kill`.",
    example="banyan drain orders.show --reason 'new is taken down at six'",
    exits=_EXITS,
)
PIN = Lesson(
    purpose="Have one cohort served by one side.",
    more=_ASKS + "It outranks stage and split. "
    "The cohort is its key as clients send it, such as the value of X-Tenant-Id. --to new lets a tenant "
    "try, --to legacy leaves one out. The kill switch outranks it.",
    example="banyan pin orders.show acme --to new --for 2d",
    exits=_EXITS,
)
UNPIN = Lesson(
    purpose="End a pin.",
    more=_ASKS,
    example="banyan unpin orders.show acme",
    exits=_EXITS,
)

ROUTE = Annotated[str, typer.Argument(metavar="ROUTE", help="The route's name.", show_default=False)]
COHORT = Annotated[str, typer.Argument(metavar="COHORT", help="The key as clients send it.", show_default=False)]
TAG = Annotated[
    str,
    typer.Option(
        "--if-match", metavar="TAG", help="Only if nobody has changed it since `banyan status --route` showed this tag."
    ),
]
REASON = Annotated[str, typer.Option(metavar="TEXT", help="Why; recorded with the move, shown by status.")]


def promote(
    route: ROUTE, *, reason: REASON = "", tag: TAG = "", admin: ADMIN = "", config: CONFIG = ROUTES, json: JSON = False
) -> None:
    """See PROMOTE."""
    give(route, "promote", {"reason": reason}, tag, admin, config, json=json)


def rollback(
    route: ROUTE,
    *,
    reason: REASON = "",
    tag: TAG = "",
    step: Annotated[bool, typer.Option("--step", help="By one step alone.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See ROLLBACK."""
    give(route, "rollback", {"reason": reason, "step": step}, tag, admin, config, json=json)


def hold(
    route: ROUTE, *, reason: REASON = "", tag: TAG = "", admin: ADMIN = "", config: CONFIG = ROUTES, json: JSON = False
) -> None:
    """See HOLD."""
    give(route, "hold", {"reason": reason}, tag, admin, config, json=json)


def resume(
    route: ROUTE, *, reason: REASON = "", tag: TAG = "", admin: ADMIN = "", config: CONFIG = ROUTES, json: JSON = False
) -> None:
    """See RESUME."""
    give(route, "resume", {"reason": reason}, tag, admin, config, json=json)


def drain(
    route: ROUTE,
    *,
    off: Annotated[bool, typer.Option("--off", help="End it.")] = False,
    reason: REASON = "",
    tag: TAG = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See DRAIN."""
    give(route, "drain", {"reason": reason, "off": off}, tag, admin, config, json=json)


def pin(  # noqa: PLR0913  a command's options
    route: ROUTE,
    cohort: COHORT,
    *,
    to: Annotated[str, typer.Option(metavar="SIDE", help="legacy or new.", show_default=False)],
    for_: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long, such as 2h or 7d. Default for ever.")
    ] = "",
    reason: REASON = "",
    tag: TAG = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See PIN."""
    if to not in {"legacy", "new"}:
        complain(f"--to must be legacy or new, got {to!r}.", PIN.example)
        leave(UNUSABLE)
    said = {"cohort": cohort, "side": to, "seconds": _seconds(for_), "reason": reason}
    give(route, "pin", said, tag, admin, config, json=json)


def unpin(
    route: ROUTE,
    cohort: COHORT,
    *,
    reason: REASON = "",
    tag: TAG = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See UNPIN."""
    give(route, "pin", {"cohort": cohort, "side": None, "reason": reason}, tag, admin, config, json=json)


def _seconds(text: str) -> float | None:
    """`2h` or `7d`; None for ever."""
    from pydantic_core import PydanticCustomError

    from proxy.config.readers.units import read_span

    if not text:
        return None
    try:
        return read_span(text)
    except PydanticCustomError as error:
        complain(f"--for {text}: {error}", "Write a length such as 30m, 2h or 7d.")
        leave(UNUSABLE)


def give(
    route: str, verb: str, said: Mapping[str, object], tag: str, admin: str, config: Path, *, json: bool
) -> NoReturn:
    """Give the order, and say what became of it."""
    from proxy.cli.admin_client import NoAnswerError, order

    try:
        moved, body = order(base_of(admin, config), route, verb, said, tag, config=config)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode())
    else:
        _tell(verb, moved)
    leave(FINE if moved.done else FOUND)


def _tell(verb: str, moved: MovedView) -> None:
    before, now = _place(moved.start), _place(moved.runs)
    runs = f"{before} → {now}" if before != now else f"stays at {now}"
    marks = ", rolled back until resume" * moved.latched + ", on hold" * moved.held
    stood = "; that stood already, and nothing was moved" if verb in _STANDING and not moved.moved else ""
    say(f"{moved.route}: {runs}{marks}{stood}")
    for note in moved.notes:
        say(f"  {note}")
    for member in moved.group:
        became = member.why or f"→ {_place(member.runs)}"
        say(f"  {'with it' if member.moved else 'NOT moved'}  {member.route}: {became}")
    if not moved.everywhere:
        complain("the state store is away: this holds at that replica alone.", "Order it at each replica's admin.")
    for instance in moved.instances:
        say(f"  {'obeys' if instance.obeys else 'does NOT obey yet'}  {instance.instance}")


def _place(place: PlaceView) -> str:
    return f"{place.stage} {place.split * 100:g}%" if place.stage in {"canary", "retired"} else place.stage
