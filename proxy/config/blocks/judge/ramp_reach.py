"""Whether each step of a ramp can be reached with the file's own values: what stands in its way, and what to write.

Rule 1: a warning is for what stops a ramp for ever, at the value that stops it; such files load, since the guard works.
Rule 2: who waits for a route that can never climb can never climb either: by `after`, or in its group.
Rule 3: a remark is for what the file means and nobody may have thought of: it is printed, and is no warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from proxy.config.block import Draft, Section
from proxy.config.blocks.shadow import ShadowOfRoute
from proxy.config.text.problem import FileProblem, Path
from proxy.core.amounts import share
from proxy.core.judge.policy import Ramp, Window
from proxy.core.judge.reach import least_comparisons, least_sample, shortfall
from proxy.core.position.ladder import LEGACY, LIVE, is_above
from proxy.core.routing.placement import place_of
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import ShadowPolicy, is_safe

_METHODS = (b"GET", b"POST")
"""What stands for every method: one of each kind."""


class _Stop(NamedTuple):
    """What stops one route: the way to the value, below the file, what is wrong and what to write."""

    path: Path
    sentence: str


def ramps_that_stop(draft: Draft) -> Iterator[FileProblem]:
    """A warning for each route that can never climb, and for each that waits for one."""
    pairs = zip(draft.of_routes(ShadowOfRoute), draft.built, strict=True)
    own = {route.name: stop for (_, block), route in pairs if (stop := _own_stop(block, route)) is not None}
    stops = _waiting(draft.built, own) | own
    for name in [route.name for route in draft.built if route.name in stops]:
        yield draft.problem(stops[name].path, stops[name].sentence)


def _own_stop(block: ShadowOfRoute, route: Route) -> _Stop | None:
    """What stops a route by itself."""
    ramp = route.ramp
    if ramp is None or ramp.dry_run or not route.stage.facts.has_legacy:
        return None
    policy = route.shadow
    if policy is None:
        cure = "name two upstreams of the file: legacy: NAME, new: NAME"
        return _Stop(("routes", route.index, "ramp"), f"leads nowhere, as the route has no two sides; {cure}")
    shut = _shut(route)
    return shut if shut or not ramp.needs.compared else _nothing_compared(_sample(block, route), route, ramp, policy)


def _sample(block: ShadowOfRoute, route: Route) -> Path:
    """Where the sample stands: at the route, or at the top."""
    own = block.shadow is not None and block.shadow.sample is not None
    return ("routes", route.index, "shadow", "sample") if own else ("shadow", "sample")


def _shut(route: Route) -> _Stop | None:
    daily = (window for window in route.windows if isinstance(window, Window) and len(window.days) == 7)
    name = next((window.name for window in daily if window.start == window.end), None)
    if name is None:
        return None
    sentence = f"promotes nothing, as window {name} is always on; let the window end at another time"
    return _Stop(("routes", route.index, "ramp"), sentence)


def _nothing_compared(sample: Path, route: Route, ramp: Ramp, policy: ShadowPolicy) -> _Stop | None:
    """Comparisons that never come, or too few for the capacity; `sample` is where the sample stands."""
    needs = f"its ramp needs {ramp.needs.compared} comparisons"
    cure = "or ramp: {needs: {compared: 0}} to go by guard, requests and time alone"
    if policy.sample == 0.0:
        return _Stop(sample, f"is none, and {needs}; write another share, {cure}")
    if not policy.dry_run and not any(_is_compared(route, policy)):
        path: Path = ("routes", route.index, "match" if route.effects is None else "effects")
        why = "what may change something is not sent to new beside legacy, so nothing is ever compared"
        return _Stop(path, f"{why}, and {needs}; write shadow: {{writes: dry_run}} if new can dry-run, {cure}")
    return _small_sample(sample, ramp, policy)


def _small_sample(path: Path, ramp: Ramp, policy: ShadowPolicy) -> _Stop | None:
    found = shortfall(ramp.steps, policy.sample) if ramp.needs.capacity and policy.sample is not None else None
    if found is None:
        return None
    at = f"canary {found.split * 100:g}%" if found.split else "shadow"
    sentence = (
        f"is too small for the ramp: at {at} new carries {share(found.most)} of the requests at most, shadow included, "
        f"and canary {found.to * 100:g}% is next; write {ceil(least_sample(ramp.steps) * 100 - 1e-9)}%, take it out so "
        "that the judge chooses, or write ramp: {needs: {capacity: false}}"
    )
    return _Stop(path, sentence)


def _is_compared(route: Route, policy: ShadowPolicy) -> Iterator[bool]:
    """Of each of the route's methods, whether its requests go to both sides."""
    for method in route.methods or _METHODS:
        yield policy.dry_run or is_safe(route.effects, method, has_key=False)


# -- who waits for whom ------------------------------------------------------------------------------------------------


def _waiting(routes: Sequence[Route], own: Mapping[str, _Stop]) -> dict[str, _Stop]:
    """Routes that are stopped for another's sake, and by them yet others."""
    stopped = {route.name: _why(route, own) for route in routes if route.respond is None and _why(route, own)}
    waiting = [route for route in routes if route.name not in own and _may_wait(route)]
    groups: dict[str, list[str]] = {}
    for route in routes:
        groups.setdefault(route.group, []).append(route.name)
    found: dict[str, _Stop] = {}
    while fresh := {
        route.name: stop for route in waiting if route.name not in found and (stop := _waits(route, groups, stopped))
    }:
        found |= fresh
        stopped |= {route.name: f"which waits itself ({route.place})" for route in waiting if route.name in fresh}
    return found


def _why(route: Route, own: Mapping[str, _Stop]) -> str:
    """Why nothing but people moves a route up to live, in a few words; empty: the judge may."""
    if route.name in own:
        return f"which can never climb ({route.place})"
    if route.stage is LEGACY.stage:
        return f"which only people move on from legacy ({route.place})"
    if is_above(LIVE, place_of(route)) and (route.ramp is None or route.ramp.dry_run):
        lacks = "it has no ramp" if route.ramp is None else "its ramp is on dry_run"
        return f"which nothing promotes, as {lacks} ({route.place})"
    return ""


def _may_wait(route: Route) -> bool:
    """Whether the judge would move it up; on the way from legacy people come first anyway."""
    return route.ramp is not None and not route.ramp.dry_run and route.stage.facts.judged


def _waits(route: Route, groups: Mapping[str, list[str]], stopped: Mapping[str, str]) -> _Stop | None:
    for place, name in enumerate(route.ramp.after if route.ramp else ()):
        if name in stopped:
            sentence = f"waits for {name}, {stopped[name]}; mend that one, or take it out of after"
            return _Stop(("routes", route.index, "ramp", "after", place), sentence)
    for name in groups[route.group] if route.group else ():
        if name in stopped and name != route.name:
            sentence = f'group "{route.group}" moves together, and waits for {name}, {stopped[name]}; mend that one'
            return _Stop(("routes", route.index, "group"), sentence)
    return None


# -- remarks -----------------------------------------------------------------------------------------------------------


def ramps_to_know(draft: Draft) -> Iterator[FileProblem]:
    """What a ramp does not look at, and how much it really asks for."""
    for route in draft.built:
        if route.ramp is None or route.shadow is None or not route.stage.facts.has_legacy:
            continue
        for path, sentence in _remarks(route, route.ramp, route.shadow):
            yield draft.problem(("routes", route.index, *path), sentence)


def _remarks(route: Route, ramp: Ramp, policy: ShadowPolicy) -> Iterator[_Stop]:
    needs, compared = ramp.needs, list(_is_compared(route, policy))
    if not needs.compared:
        yield _Stop(("ramp", "needs", "compared"), "nobody compares: guard, requests and time alone decide its ramp")
    elif any(compared) and not all(compared):
        yield _Stop(("match",), "only GET, HEAD and OPTIONS are compared; what may change something goes by the guard")
    elif (least := least_comparisons(needs)) > needs.compared and any(compared):
        sentence = (
            f"{needs.compared} comparisons are not enough: mismatch_rate {share(needs.mismatch_rate)} and coverage "
            f"{share(needs.coverage)} are proved by {least} without a difference at the earliest"
        )
        yield _Stop(("ramp", "needs"), sentence)


REACH = Section(warnings=(ramps_that_stop,), remarks=(ramps_to_know,))
