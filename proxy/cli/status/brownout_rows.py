"""The rows of a route that ends: what its answers say of it, and how its brown-out goes."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.api.ending.brownout import BrownoutView, FollowedView
from proxy.api.routes import RouteDetailView
from proxy.cli.record.entries import moment
from proxy.cli.terminal import Ink, painted
from proxy.core.one_line import one_line

MOST_CLIENTS = 20


def deprecation_row(route: RouteDetailView) -> tuple[str, str] | None:
    """What its answers say, as a name and a text."""
    said = route.deprecated
    if said is None:
        return None
    sunset = f", gone from {moment(said.sunset)}" if said.sunset else ""
    link = f", see {said.link}" if said.link else ""
    return "ends", f"deprecated since {moment(said.since)}{sunset}{link}"


def brownout_rows(brownout: BrownoutView) -> Iterator[tuple[str, str]]:
    """Names and texts, the first of them its state."""
    yield "brown-out", one_line(brownout.sentence)
    end = brownout.ended
    if end is None:
        yield "", f"since {moment(brownout.begun) or 'now'}, until {moment(brownout.until)}"
    else:
        yield "", painted(f"ended {moment(end.at)}, by {one_line(end.by)}: {one_line(end.reason)}", Ink.WARN)
    met = [each for each in brownout.found if each.at]
    others = len(brownout.found) - len(met)
    for each in met[:MOST_CLIENTS]:
        counted = f": {each.browned} of {each.asked} calls since control began" if each.asked else ""
        yield "", f"has met {one_line(each.client)} first at {moment(each.at)}{counted}"
        if len(met) > 1 and each.behind_lean.calls:
            yield "", f"  its next calls: {_next(each.behind_lean, each.behind_whole)}"
    if len(met) > MOST_CLIENTS:
        yield "", f"… and {len(met) - MOST_CLIENTS} more, in `brownout.found` of --json"
    if others:
        yield "", f"{others} client{'s' * (others != 1)} called, and had no call drawn"
    calls = "1 call" if brownout.browned == 1 else f"{brownout.browned} calls"
    yield "", f"{calls} went without{_besides(brownout)}"
    if brownout.behind_lean.calls:
        yield "", f"next calls: {_next(brownout.behind_lean, brownout.behind_whole)}"


def _besides(brownout: BrownoutView) -> str:
    said = [f"{brownout.absent} had no such field"] * bool(brownout.absent)
    said += [f"{brownout.unfit} could not be taken apart"] * bool(brownout.unfit)
    return "".join(f", {each}" for each in said)


def _next(lean: FollowedView, whole: FollowedView) -> str:
    return f"{_went(lean)}; behind whole answers {_went(whole)}"


def _went(seen: FollowedView) -> str:
    return f"{seen.errors} of {seen.calls} failed, {seen.repeats} repeated"
