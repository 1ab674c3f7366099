"""The picture of `banyan plan`: one row per route that changes or moves, then what is to be said of each.

Rule 1: `~` stands before a figure that is reckoned by the split's share, where cohorts would be drawn anew.
Rule 2: no figure stands where no traffic is known: a dash does.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from proxy.cli.plan.model import Planned, Replayed, RouteShown
from proxy.core.traffic.plan import Caution, RouteEdit

NOTHING = "–"
_HEADS = ("route", "edit", "runs", "would run", "requests/day", "of them move", "cohorts", "of them move")
_RIGHT = frozenset(range(4, 8))
_LOUD = frozenset({Caution.TOO_BIG, Caution.SKIPS, Caution.DOOR, Caution.REDRAWN, Caution.FREED, Caution.DRIES_UP})


def picture(plan: Planned) -> Group:
    """All of it."""
    shown = [each for each in plan.routes if is_shown(each)]
    parts: list[Text | Table] = list(_header(plan))
    if shown:
        parts += [Text(), _table(shown), *(line for each in shown for line in _details(each))]
    parts += _changes(plan)
    if plan.replayed is not None:
        parts += [Text(), _replay_table(plan.replayed)]
    return Group(*parts, Text(), _verdict(plan))


def is_shown(route: RouteShown) -> bool:
    """Whether there is anything to say of a route."""
    return (
        route.edit is not RouteEdit.SAME or route.runs != route.would_run or bool(route.notes or route.moving_per_day)
    )


def _header(plan: Planned) -> Iterator[Text]:
    yield Text.assemble(
        (plan.file, "bold"), f" (revision {plan.revision}) against {plan.against} (revision {plan.revision_before})"
    )
    if plan.traffic is None:
        yield Text(f"no recent traffic is known, so nothing is counted: {plan.no_traffic}", style="yellow")
    else:
        span = _span(plan.traffic.seconds)
        yield Text(f"counted on {plan.traffic.remembered} remembered requests of the last {span}")
    if plan.killed:
        yield Text("the kill switch is on: this is reckoned as if it were off", style="bold red")


def _table(routes: list[RouteShown]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, head in enumerate(_HEADS):
        table.add_column(head, justify="right" if at in _RIGHT else "left", no_wrap=True)
    for route in routes:
        table.add_row(*_cells(route))
    return table


def _cells(route: RouteShown) -> Iterator[Text | str]:
    about = "" if route.exact else "~"
    yield Text(route.name)
    yield "" if route.edit is RouteEdit.SAME else route.edit.value
    yield route.runs or NOTHING
    yield Text(route.would_run or NOTHING, style="" if route.runs == route.would_run else "bold cyan")
    yield _number(route.requests_per_day)
    yield _moving(route.moving_per_day, route.requests_per_day, about)
    yield NOTHING if route.cohorts is None else str(route.cohorts)
    yield NOTHING if route.cohorts_moving is None else f"{about}{route.cohorts_moving:.0f}"


def _moving(moving: float | None, of: float | None, about: str) -> str:
    if moving is None or not of:
        return NOTHING
    return f"{about}{moving:,.0f} ({moving / of:.1%})"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _details(route: RouteShown) -> Iterator[Text]:
    if not (route.changes or route.notes or route.taken_by):
        return
    yield Text()
    yield Text(route.name, style="bold")
    for each in route.changes:
        yield Text(f"  {each.field}: {each.before} → {each.after}")
    for taken in route.taken_by:
        yield Text(f"  {taken.requests_per_day:,.0f} requests/day of it go to {taken.route}")
    for note in route.notes:
        yield Text(f"  {note.sentence}", style="bold red" if note.caution in _LOUD else "yellow")


def _changes(plan: Planned) -> Iterator[Text]:
    for title, changes in (("upstreams", plan.upstreams), ("settings", plan.settings)):
        if changes:
            yield Text()
            yield Text(title, style="bold")
            yield from (Text(f"  {each.field}: {each.before} → {each.after}") for each in changes)
    if plan.needs_restart:
        yield Text(f"  taken at the next start, not before: {', '.join(plan.needs_restart)}", style="yellow")
    yield from (Text(each, style="yellow") for each in plan.warnings)


def _replay_table(replayed: tuple[Replayed, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("answered by", "would be", "requests", "other answer", "such as"):
        table.add_column(head, justify="right" if head in ("requests", "other answer") else "left", no_wrap=True)
    for each in replayed:
        about = "" if each.exact else "~"
        other = f"{about}{each.moving:.0f} ({each.moving / each.requests:.1%})" if each.requests else NOTHING
        table.add_row(each.route, each.would_take, str(each.requests), other, " ".join(each.examples))
    return table


def _verdict(plan: Planned) -> Text:
    if not plan.moves:
        return Text("nothing moves", style="bold green")
    if plan.traffic is None:
        return Text("something moves", style="bold")
    moving, cohorts = plan.traffic.moving_per_day, plan.traffic.cohorts_moving
    about = "" if all(each.exact for each in plan.routes) else "about "
    return Text(f"{about}{moving:,.0f} requests/day and {cohorts:,.0f} of the cohorts seen would move", style="bold")


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
