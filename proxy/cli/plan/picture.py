"""The picture of `banyan plan`: one row per route that changes or moves, then what is to be said of each.

Rule 1: `~` stands before a figure that is reckoned by the split's share, where cohorts would be drawn anew.
Rule 2: no figure stands where no traffic is known: a dash does.
Rule 3: no name and no id is cut. A narrow terminal gets fewer columns; in a pipe cells stand two blanks apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from proxy.cli.columns import NOTHING, Cells, fitting, table_lines
from proxy.cli.plan.model import Planned, PlannedRoute, Replayed, TakenRequests
from proxy.core.traffic.plan import Caution, RouteEdit

_HEADS = ("route", "edit", "runs", "would run", "requests/day", "of them move", "cohorts", "cohorts move")
_DROPPED = ("edit", "cohorts", "requests/day", "cohorts move", "of them move")
"""In which order columns go, where all of them are too wide."""
_REPLAY_HEADS = ("answered by", "would be", "requests", "other answer", "by this edit")
_RIGHT = frozenset((*_HEADS[4:], *_REPLAY_HEADS[2:]))
_MOST_NAMED = 5
_LOUD = frozenset(Caution) - {Caution.RAMP, Caution.LATCH, Caution.GOES_ON, Caution.ANEW, Caution.HOLD}


def picture(plan: Planned, width: int | None) -> list[Text]:
    """All of it, line by line; `width` None: a pipe."""
    shown = [route for route in plan.routes if is_shown(route)]
    lines = list(_header(plan))
    if shown:
        lines += [Text(), *_table(shown, width), *(line for each in shown for line in _details(each))]
    lines += _changes(plan)
    if plan.replayed is not None:
        lines += [Text(), *_replay_table(plan.replayed, padded=width is not None)]
    return [*lines, Text(), _verdict(plan)]


def is_shown(route: PlannedRoute) -> bool:
    """Whether there is anything to say of a route."""
    return (
        route.edit is not RouteEdit.SAME or route.runs != route.would_run or bool(route.notes or route.moving_per_day)
    )


def _header(plan: Planned) -> Iterator[Text]:
    yield Text.assemble((plan.file, "bold"), f" (revision {plan.revision})")
    yield Text(f"against {plan.against} (revision {plan.revision_before})")
    if plan.traffic is None:
        yield Text(f"no recent traffic is known, so nothing is counted: {plan.no_traffic}", style="yellow")
    else:
        span = _span(plan.traffic.seconds)
        yield Text(f"counted on {plan.traffic.remembered} requests of the last {span}, remembered at {plan.asked}")
    if plan.killed:
        yield Text("the kill switch is on: this is reckoned as if it were off", style="bold red")


def _table(routes: Sequence[PlannedRoute], width: int | None) -> list[Text]:
    rows = [dict(zip(_HEADS, _cells(route), strict=True)) for route in routes]
    return table_lines(fitting(_HEADS, rows, _DROPPED, width), rows, _RIGHT, padded=width is not None)


def _cells(route: PlannedRoute) -> Iterator[Text | str]:
    about = "" if route.exact else "~"
    yield route.name
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


def _details(route: PlannedRoute) -> Iterator[Text]:
    if not (route.changes or route.notes or route.taken_by):
        return
    yield Text()
    yield Text(route.name, style="bold")
    for change in route.changes:
        yield Text(f"  {change.field}: {change.before} → {change.after}")
    for taken in route.taken_by:
        yield Text(f"  {_taken(taken)}")
    for note in route.notes:
        yield Text(f"  {note.sentence}", style="bold red" if note.caution in _LOUD else "yellow")


def _taken(taken: TakenRequests) -> str:
    """Who takes them, or how they are refused."""
    to = f"go to {taken.route}"
    if taken.status:
        why = "no route takes that method there" if taken.status == 405 else "no route takes them"
        to = f"would be answered with {taken.status}: {why}"
    if taken.requests_per_day is None:
        return f"requests such as {taken.such_as} {to}"
    return f"{taken.requests_per_day:,.0f} requests/day of it {to}"


def _changes(plan: Planned) -> Iterator[Text]:
    for title, changes in (("upstreams", plan.upstreams), ("settings", plan.settings)):
        if changes:
            yield Text()
            yield Text(title, style="bold")
            yield from (Text(f"  {change.field}: {change.before} → {change.after}") for change in changes)
    if plan.new_epochs:
        yield Text(f"  {_anew(plan.new_epochs)}", style="yellow")
    if plan.needs_restart:
        yield Text(f"  taken at the next start, not before: {', '.join(plan.needs_restart)}", style="yellow")
    yield from (Text(warning, style="yellow") for warning in plan.warnings)


def _anew(names: Sequence[str]) -> str:
    """What an address that is another one means for what was compared."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    named = ", ".join(names[:_MOST_NAMED]) + more
    return f"a new epoch begins, as a side is at another address: the comparisons of {named} count anew"


def _replay_table(replayed: Sequence[Replayed], *, padded: bool) -> Iterator[Text]:
    """Its lines; below a row the ids of requests that would get another answer."""
    title, *lines = table_lines(_REPLAY_HEADS, [_replay_cells(row) for row in replayed], _RIGHT, padded=padded)
    yield title
    for line, row in zip(lines, replayed, strict=True):
        yield line
        yield from (Text(f"  such as {example}") for example in row.examples)


def _replay_cells(row: Replayed) -> Cells:
    about = "" if row.exact else "~"
    other = f"{about}{row.moving:.0f} ({row.moving / row.requests:.1%})" if row.requests else NOTHING
    cells = (row.route, row.would_take, str(row.requests), other, f"{about}{row.by_edit:.0f}")
    return dict(zip(_REPLAY_HEADS, cells, strict=True))


def _verdict(plan: Planned) -> Text:
    if not plan.moves:
        return Text(f"nothing moves{_since(plan)}", style="bold green")
    if plan.traffic is None:
        return Text("something moves", style="bold")
    moving, cohorts = plan.traffic.moving_per_day, plan.traffic.cohorts_moving
    about = "" if all(route.exact for route in plan.routes) else "about "
    return Text(f"{about}{moving:,.0f} requests/day and {cohorts:,.0f} of the cohorts seen would move", style="bold")


def _since(plan: Planned) -> str:
    """Of a replay in which requests would be another answer, and not by the edit: why."""
    other = round(sum(row.moving for row in plan.replayed or ()))
    if not other:
        return ""
    said = f"{other} of the requests got" if other > 1 else "one of the requests got"
    return f" by this edit; {said} another answer than now, as what runs was edited, moved or ordered since"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
