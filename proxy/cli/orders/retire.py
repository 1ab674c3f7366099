"""`banyan retire`: whether anybody would miss a route, as a list; and the order, once nothing of it is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, REASON, ROUTE, ROUTES
from proxy.cli.orders.route_orders import TAG, give
from proxy.cli.terminal import Ink, complain, leave, painted, say

if TYPE_CHECKING:
    from proxy.api.ending.brownout import RetireCallerView, RetirementView, RetireNeedView

LESSON = Lesson(
    purpose="Retire a route that nobody would miss: list, then order.",
    more="Shows who called within a year, whom the brown-out of the endpoint has met, and what is open. It is refused "
    "while somebody called within the period; `browned_out`, `deprecated` and `sunset` may be left open by --skip, "
    "which is recorded. Then the route is answered with 410 at once, on every replica, until `banyan resume` takes it "
    "back to where routes.yaml has it, or an edit of its stage. --preview only shows.",
    example="banyan retire coupons --period 60d --reason 'asked all three teams'",
    exits={
        FINE: "retired, and every live replica obeys, or it was before; with --preview, nothing is open",
        FOUND: "refused, and what is open is said; or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)
_MOST_CALLERS = 20
_INKS = {"met": Ink.GOOD, "open": Ink.WARN, "skipped": Ink.WARN}


def retire(  # noqa: PLR0913  a command's options
    route: ROUTE,
    *,
    period: Annotated[str, typer.Option("--period", metavar="TIME", help="For how long nobody may have called.")] = (
        "30d"
    ),
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="ITEM", help="browned_out, deprecated or sunset: it need not be met."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show the list, and retire nothing.")] = False,
    reason: REASON = "",
    tag: TAG = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.api.ending.brownout import RetirementView
    from proxy.cli.admin_client import NoAnswerError, fetch, read, retirement_path
    from proxy.cli.terminal import say_folded

    seconds, skipped = _seconds(period), _items(skip or [])
    base = base_of(admin, config)
    try:
        body = fetch(base, retirement_path(route, seconds, skipped))
        found = read(base, body, RetirementView)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    stands = _stands(found)
    is_shown = preview or stands or not found.may
    if json and is_shown:
        say(body.decode().rstrip())
    elif not json:
        say_folded(retirement_lines(found))
    if is_shown:
        leave(FINE if found.may or stands else FOUND)
    give(route, "retire", {"reason": reason, "seconds": seconds, "skip": skipped}, tag, admin, config, json=json)


def _seconds(text: str) -> float:
    """`30d` in seconds."""
    from pydantic_core import PydanticCustomError

    from proxy.config.readers.units import read_span

    try:
        return read_span(text)
    except PydanticCustomError as error:
        complain(f"--period {text}: {error}", "Write a length such as 30d or 90d.")
        leave(UNUSABLE)


def _items(skip: list[str]) -> list[str]:
    """Those that may be skipped, each by an option of its own."""
    from proxy.core.brownout.retirement import MAY_BE_SKIPPED, RetireItem

    may = [item.value for item in RetireItem if item in MAY_BE_SKIPPED]
    for item in skip:
        if item not in may:
            is_one = item in set(RetireItem)
            why = "cannot be skipped: that somebody calls is what it is for" if is_one else "is no item of the list"
            complain(f"--skip {item}: {why}", f"Skip {', '.join(may[:-1])} or {may[-1]}, by a --skip each.")
            leave(UNUSABLE)
    return skip


def _stands(found: RetirementView) -> bool:
    """Whether it is retired already."""
    return found.runs.stage == "retired" and found.runs.split >= 1.0


def retirement_lines(found: RetirementView) -> Iterator[str]:
    """Line by line: the list, then who called."""
    split = f" {found.runs.split * 100:g}%" if found.runs.stage in {"canary", "retired"} else ""
    yield f"{painted(found.route, Ink.STRONG)}  runs at {found.runs.stage}{split}"
    width = max((len(need.item) for need in found.needs), default=0)
    yield from (_need(need, width) for need in found.needs)
    yield from map(_caller, found.callers[:_MOST_CALLERS])
    if len(found.callers) > _MOST_CALLERS:
        yield f"  … and {len(found.callers) - _MOST_CALLERS} more callers, in --json"
    if _stands(found):
        yield "it is retired already: whoever calls gets 410, and nothing was moved"
    elif not found.may:
        unmet = [need.item.value for need in found.needs if need.state == "open"]
        yield painted(f"not to be retired: {', '.join(unmet)} open", Ink.WARN)


def _need(need: RetireNeedView, width: int) -> str:
    return (
        f"  {painted(f'{need.state.value:<7}', _INKS[need.state.value])}  {need.item.value:<{width}}  {need.sentence}"
    )


def _caller(each: RetireCallerView) -> str:
    from proxy.cli.record.entries import moment
    from proxy.core.one_line import one_line

    times = f"{each.calls} call{'s' * (each.calls != 1)} on {each.days} day{'s' * (each.days != 1)}"
    met = f", met by the brown-out first at {moment(each.met)}" if each.met else ""
    last = painted(moment(each.last), Ink.BAD) if each.recent else moment(each.last)
    return f"  {painted('caller', Ink.FAINT)}   {one_line(each.caller)}: {times}, last {last}{met}"
