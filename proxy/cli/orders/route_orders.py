"""`banyan promote`, `rollback`, `hold`, `resume`, `drain`, `pin` and `unpin`: an operator moves a route by hand."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, REASON, ROUTE, ROUTES
from proxy.cli.orders.seen_place import goes_by_place, seen_tag
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from proxy.api.orders import MovedView
    from proxy.api.standing import PlaceView

_EXITS = {
    FINE: "done: every live replica obeys",
    FOUND: "refused, and the reason is said; or not every live replica was seen to obey yet",
    UNUSABLE: "wrong usage, or no admin address can be found",
}
_GROUPED = frozenset({"promote", "rollback", "hold", "resume"})
"""Orders that move those of a group which stand where the route stands."""
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
    "Refused where somebody else moves it after this was asked for. "
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
    more=_ASKS + "With a ramp the route climbs again from where it is, but from legacy, whence `banyan promote` takes "
    "it to shadow; without one it runs at once as routes.yaml "
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

COHORT = Annotated[
    str,
    typer.Argument(
        metavar="COHORT",
        help="The key as clients send it, alone or behind its source (header:KEY).",
        show_default=False,
    ),
]
TAG = Annotated[
    str,
    typer.Option(
        "--if-match", metavar="TAG", help="Only if nobody has changed it since `banyan status --route` showed this tag."
    ),
]
ALONE = Annotated[
    bool, typer.Option("--alone", help="Leave the others of its group as they are, where the group allows that.")
]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before several routes are moved.")]


def promote(  # noqa: PLR0913  a command's options
    route: ROUTE,
    *,
    reason: REASON = "",
    tag: TAG = "",
    alone: ALONE = False,
    yes: YES = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See PROMOTE."""
    give(route, "promote", _said(reason, alone=alone), tag, admin, config, json=json, yes=yes)


def rollback(  # noqa: PLR0913  a command's options
    route: ROUTE,
    *,
    reason: REASON = "",
    tag: TAG = "",
    alone: ALONE = False,
    yes: YES = False,
    step: Annotated[bool, typer.Option("--step", help="By one step alone.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See ROLLBACK."""
    give(route, "rollback", {**_said(reason, alone=alone), "step": step}, tag, admin, config, json=json, yes=yes)


def hold(  # noqa: PLR0913  a command's options
    route: ROUTE,
    *,
    reason: REASON = "",
    tag: TAG = "",
    alone: ALONE = False,
    yes: YES = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See HOLD."""
    give(route, "hold", _said(reason, alone=alone), tag, admin, config, json=json, yes=yes)


def resume(  # noqa: PLR0913  a command's options
    route: ROUTE,
    *,
    reason: REASON = "",
    tag: TAG = "",
    alone: ALONE = False,
    yes: YES = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See RESUME."""
    give(route, "resume", _said(reason, alone=alone), tag, admin, config, json=json, yes=yes)


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


def _said(reason: str, *, alone: bool) -> Mapping[str, object]:
    """`alone` only where it is wanted: an older server does not know it, and refuses it then."""
    return {"reason": reason, "alone": True} if alone else {"reason": reason}


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


def give(  # noqa: PLR0913  as commands give it
    route: str,
    verb: str,
    said: Mapping[str, object],
    tag: str,
    admin: str,
    config: Path,
    *,
    json: bool,
    yes: bool = False,
) -> NoReturn:
    """Give the order, and say what became of it."""
    from proxy.cli.admin_client import NoAnswerError, order
    from proxy.cli.terminal import say_folded

    base = base_of(admin, config)
    would = _would_be(base, config, route, verb, said) if verb in _GROUPED else None
    if would is not None and not tag and goes_by_place(verb, said):
        tag = seen_tag(would)
    if would is not None and not said.get("alone") and not json:
        _list_group(would, verb, yes=yes)
    try:
        moved, body = order(base, route, verb, said, tag, config=config)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode())
    else:
        say_folded(_told(verb, moved))
        if not moved.everywhere:
            complain("the state store is away: this holds at that replica alone.", "Order it at each replica's admin.")
    leave(FINE if moved.done else FOUND)


def _would_be(base: str, config: Path, route: str, verb: str, said: Mapping[str, object]) -> MovedView | None:
    """What the order would make of what stands; None: the order itself is answered with why that is not said."""
    from proxy.cli.admin_client import NoAnswerError, order

    try:
        return order(base, route, verb, {**said, "preview": True}, config=config)[0]
    except NoAnswerError:  # so it is, too, with a server of before, that shows nothing
        return None


def _list_group(would: MovedView, verb: str, *, yes: bool) -> None:
    """Which routes the order moves, where it moves several; whoever sits before a terminal is asked."""
    from proxy.cli.folded import folded, screen_width

    others = [each for each in would.group if each.moved]
    if not would.preview or not would.moved or not others:
        return
    before, now = _place(would.start), _place(would.runs)
    ends = {would.route: now} | {each.route: _place(each.runs) for each in others}
    lines = [f"{verb} is for {len(ends)} routes, of one group; with --alone for {would.route} by itself:"]
    lines += [f"  {name}: {before} → {end}" if end != before else f"  {name}: at {end}" for name, end in ends.items()]
    lines += [f"  NOT moved  {each.route}: {each.why}" for each in would.group if not each.moved]
    for line in lines:
        sys.stderr.writelines(f"{each}\n" for each in folded(line, screen_width()))
    if not yes and _is_asked():
        typer.confirm("Go on?", default=False, abort=True, err=True)


def _is_asked() -> bool:
    """Whether somebody is there to answer; a script is asked nothing."""
    return sys.stdin.isatty()


def _told(verb: str, moved: MovedView) -> Iterator[str]:
    """Line by line; others of its group stood where it stood."""
    before, now = _place(moved.start), _place(moved.runs)
    marks = ", rolled back until resume" * moved.latched + ", on hold until resume" * moved.held
    stood = "; that stood already, and nothing was moved" if verb in _STANDING and not moved.moved else ""
    yield f"{moved.route}: {_became(before, now)}{marks}{stood}"
    yield from (f"  {note}" for note in moved.notes)
    for member in moved.group:
        became = member.why or _became(before, _place(member.runs)) + ", on hold until resume" * (verb == "hold")
        yield f"  {'with it' if member.moved else 'NOT moved'}  {member.route}: {became}"
    for instance in moved.instances:
        yield f"  {'obeys' if instance.obeys else 'does NOT obey yet'}  {instance.instance}"


def _became(before: str, now: str) -> str:
    return f"{before} → {now}" if before != now else f"stays at {now}"


def _place(place: PlaceView) -> str:
    return f"{place.stage} {place.split * 100:g}%" if place.stage in {"canary", "retired"} else place.stage
