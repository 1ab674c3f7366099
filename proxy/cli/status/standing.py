"""The part of `banyan status` about what stands: the state store, the replicas, and every difference from the file.

Rule 1: every route that runs elsewhere than the file says has a line with the reason, however narrow the terminal is.
Rule 2: so has every route whose ramp waits; of routes and reasons only the first few, as a fleet that climbs has many.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from proxy.cli.admin_api import Placed, RoutesStatus, RouteStatus

WITH_SPLIT = frozenset({"canary", "retired"})
"""Stages at which a split counts."""
_MOST, _MOST_WAITING, _MOST_NAMED, _MOST_REASONS = 50, 10, 5, 3


def standing_lines(status: RoutesStatus) -> Iterator[Text]:
    """What an operator has to know before the table."""
    standing = status.standing
    if standing is None:
        return
    if not standing.known:
        said = f": {standing.away}" if standing.away else ""
        line = f"the state store has not said yet where routes stand, legacy answers what it can{said}"
        yield Text(line, style="bold red")
    elif standing.away:
        yield Text(f"the state store is away, routes stay where they are: {standing.away}", style="bold red")
    if standing.here:
        yield Text(f"moved at this replica alone: {', '.join(standing.here)}", style="bold red")
    if len(standing.instances) > 1:
        yield Text(f"{len(standing.instances)} replicas: {', '.join(each.instance for each in standing.instances)}")
    for each in standing.instances:
        if not each.obeys:
            yield Text(f"{each.instance} does not obey version {standing.version} yet", style="bold red")
        if not each.same_revision:
            yield Text(f"{each.instance} reads revision {each.revision} of routes.yaml", style="yellow")


def down(status: RoutesStatus) -> Iterator[Text]:
    """A line for every upstream that is down, with the routes that it is to answer all the same."""
    for each in status.down:
        named = ", ".join(each.routes[:_MOST_NAMED])
        more = f" and {len(each.routes) - _MOST_NAMED} more" if len(each.routes) > _MOST_NAMED else ""
        asked = f"; it is to answer {named}{more}" if named else ""
        yield Text(f"{each.sentence}{asked}", style="bold red" if named else "yellow")


def differences(status: RoutesStatus) -> Iterator[Text]:
    """One line for each route that runs elsewhere than the file says, or that an order keeps where it says."""
    if status.killed is not None:
        return
    moved = [each for each in status.routes if _differs(each)]
    for each in moved[:_MOST]:
        runs, said = _place(each.runs), _place(each.file)
        file = "as the file says" if runs == said else f"the file says {said}"
        yield Text(
            f"{each.name} runs {runs}, {file}: {each.runs.reason}", style="bold red" if each.runs.latched else "yellow"
        )
    if len(moved) > _MOST:
        yield Text(
            f"… and {len(moved) - _MOST} more routes that run elsewhere than the file says, or are kept there",
            style="yellow",
        )


def waiting(status: RoutesStatus) -> Iterator[Text]:
    """One line for each route whose ramp waits, with the first of what it waits for: a new step lacks all."""
    found = [] if status.killed is not None else [each for each in status.routes if each.waits]
    for each in found[:_MOST_WAITING]:
        left = len(each.reasons) - _MOST_REASONS
        more = f"; and {left} more: `--route {each.name}`" if left > 0 else ""
        yield Text(f"{each.name} waits: {'; '.join(each.reasons[:_MOST_REASONS])}{more}")
    if len(found) > _MOST_WAITING:
        yield Text(f"… and {len(found) - _MOST_WAITING} more routes whose ramp waits: `--route NAME` says for what")


def _differs(route: RouteStatus) -> bool:
    runs, file = route.runs, route.file
    return _place(runs) != _place(file) or runs.latched or runs.held or runs.drains


def _place(placed: Placed) -> str:
    return f"{placed.stage} {(placed.split or 0.0) * 100:g}%" if placed.stage in WITH_SPLIT else f"{placed.stage}"
