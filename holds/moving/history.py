"""The moves that were recorded, held against the rules of moving.

It is read off the API alone, and shares no code with what decides: the ladder, latches and holds are reckoned here.

Rule 1: a route's moves have the versions 1, 2, 3, …, and each begins where the one before it ended.
Rule 2: a judge goes up by one rung, never while the route is latched or held; down only to shadow. An operator's
        promotion goes up by one rung, never while the route is latched, and to live at most.
Rule 3: after a judge has moved a member of a group, no other member is below it (up), or is answered by new (down).
Rule 4: a judge puts a route or a group in motion only while fewer than the bound are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Place = tuple[str, float]
"""A stage, and a split in [0, 1]: ("canary", 0.2)."""
SHADOW: Place = ("shadow", 0.0)
_BACK = frozenset({"legacy", "shadow", "retired"})
"""Where new answers nobody."""
_AFTER_SPLIT: tuple[Place, ...] = (("live", 0.0), ("complete", 0.0), ("retired", 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One recorded move. `reason` of an operator's ends with the order's name, `rollback 17`."""

    route: str
    version: int
    start: Place
    end: Place
    actor: str
    reason: str
    cause: str = ""

    @property
    def is_judge(self) -> bool:
        """Whether a judge made it."""
        return self.actor.startswith("judge at ")

    @property
    def is_own_hold(self) -> bool:
        """Whether a judge began or ended a hold of its own, as legacy was down."""
        return self.is_judge and self.start == self.end and self.cause == "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """All routes: their file's place, the splits of all of their ramps, groups by route, and the bound on motion."""

    file: Place
    steps: tuple[float, ...]
    groups: Mapping[str, str]
    in_motion: int

    def ladder(self) -> tuple[Place, ...]:
        """All places, from below."""
        return (("legacy", 0.0), SHADOW, *(("canary", step) for step in self.steps), *_AFTER_SPLIT)

    def unit(self, route: str) -> str:
        """What moves as one."""
        return self.groups.get(route) or route


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Where a route stands after a move. `waits`: the hold is the judge's own, which it and every move may end."""

    place: Place
    version: int = 0
    latched: bool = False
    held: bool = False
    waits: bool = False


@dataclass(slots=True)
class Reading:
    """The moves so far: where each route stands, where it stood at each version, and what was broken."""

    routes: Routes
    stands: dict[str, Stands] = field(default_factory=dict)
    stood: dict[tuple[str, int], Stands] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def at(self, route: str) -> Stands:
        """Where the route stands."""
        return self.stands.get(route) or Stands(place=self.routes.file)

    def take(self, moved: Moved) -> None:
        """One more move."""
        before = self.at(moved.route)
        if moved.version != before.version + 1:
            self._break(moved, f"version {moved.version} follows {before.version}")
        if moved.start != before.place:
            self._break(
                moved, f"it begins at {text_of(moved.start)}, and the one before it ended at {text_of(before.place)}"
            )
        self._may(moved, before)
        after = _after(moved, before)
        self.stands[moved.route] = after
        self.stood[moved.route, moved.version] = after

    def _may(self, moved: Moved, before: Stands) -> None:
        ladder, verb = self.routes.ladder(), verb_of(moved)
        up = self._height(moved.end) > self._height(moved.start)
        if moved.is_judge and up and (before.latched or before.held):
            self._break(moved, f"a judge goes up while it is {'latched' if before.latched else 'held'}")
        if moved.is_own_hold and before.held and not before.waits:
            self._break(moved, "a judge ends a hold that is not its own")
        if verb == "promote" and before.latched:
            self._break(moved, "it is promoted while it is latched")
        if verb == "promote" and moved.end[0] in {"complete", "retired"}:
            self._break(moved, "it is promoted beyond live")
        if up and moved.end != next((each for each in ladder if self._height(each) > self._height(moved.start)), None):
            self._break(moved, "it skips a step")
        if moved.is_judge and not up and moved.end not in (moved.start, SHADOW):
            self._break(moved, "a judge goes down, and not to shadow")
        if moved.is_judge and up and not self._is_in_motion(moved.route):
            self._begins(moved)

    def _begins(self, moved: Moved) -> None:
        moving = {self.routes.unit(route) for route in self.stands if self._is_in_motion(route)}
        unit = self.routes.unit(moved.route)
        if unit not in moving and len(moving) >= self.routes.in_motion and moved.end[0] == "canary":
            self._break(moved, f"a judge puts it in motion beside {', '.join(sorted(moving))}")

    def whole(self, moved: Moved) -> None:
        """After all that a judge did at once: whether the group of what it moved is whole."""
        group = self.routes.groups.get(moved.route)
        others = [each for each, theirs in self.routes.groups.items() if theirs == group and each != moved.route]
        for other in others if group else ():
            place = self.at(other).place
            if self._height(moved.end) > self._height(moved.start) and self._height(place) < self._height(moved.end):
                self._break(moved, f"a judge leaves {other} of its group behind, at {text_of(place)}")
            if moved.end[0] == "shadow" != moved.start[0] and place[0] not in _BACK:
                self._break(moved, f"a judge takes it back, and leaves {other} of its group at {text_of(place)}")

    def _is_in_motion(self, route: str) -> bool:
        stage, split = self.at(route).place
        return stage == "canary" and 0.0 < split < 1.0

    def _height(self, place: Place) -> tuple[int, float]:
        stages = [stage for stage, _ in self.routes.ladder()]
        return stages.index(place[0]), place[1] if place[0] in ("canary", "retired") else 0.0

    def _break(self, moved: Moved, what: str) -> None:
        here = f"{moved.route} v{moved.version} {text_of(moved.start)} → {text_of(moved.end)} by {moved.actor}"
        self.broken.append(f"{here}: {what}")


def verb_of(moved: Moved) -> str:
    """Which order made it: `rollback` of `with b of its group: rollback 17`; empty where none did."""
    words = moved.reason.split()
    return words[-2] if len(words) > 1 and words[-1].isdecimal() and not moved.is_judge else ""


def _after(moved: Moved, before: Stands) -> Stands:
    verb = verb_of(moved)
    back = moved.is_judge and moved.end == SHADOW != moved.start
    latched = (before.latched or back or verb == "rollback") and verb != "resume"
    if moved.is_own_hold:
        waits = not before.waits
        return Stands(place=moved.end, version=moved.version, latched=latched, held=waits, waits=waits)
    waits = before.waits and moved.start == moved.end and verb not in {"hold", "resume"}
    kept = before.held and (waits or not before.waits)
    held = (kept or verb == "hold" or (moved.is_judge and moved.start == moved.end)) and verb != "resume"
    return Stands(place=moved.end, version=moved.version, latched=latched, held=held, waits=waits)


def text_of(place: Place) -> str:
    """As people write it."""
    return f"{place[0]} {place[1] * 100:g}%" if place[0] in ("canary", "retired") else place[0]


def read(moves: Sequence[Moved], routes: Routes) -> Reading:
    """All moves, the oldest first, as the store has ordered them."""
    reading = Reading(routes)
    for at_once in _at_once(moves, routes):
        for moved in at_once:
            reading.take(moved)
        for moved in at_once:
            if moved.is_judge:
                reading.whole(moved)
    return reading


def _at_once(moves: Iterable[Moved], routes: Routes) -> Iterator[list[Moved]]:
    """What a judge did to a group without anything in between; every other move by itself."""
    found: list[Moved] = []
    for moved in moves:
        goes_on = found and moved.is_judge and _key(found[-1], routes) == _key(moved, routes)
        if not (goes_on and moved.route not in {each.route for each in found}):
            if found:
                yield found
            found = []
        found.append(moved)
    if found:
        yield found


def _key(moved: Moved, routes: Routes) -> tuple[str, str]:
    return moved.actor, routes.unit(moved.route)
