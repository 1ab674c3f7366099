"""Routes that can never be reached, because others take every request that fits them.

Rule 1: where a pattern leaves a segment open, a segment that no pattern names is taken; what covers a route there
        covers it everywhere, since a literal only ever adds routes that come first.
Rule 2: below a final `**` every depth counts: none, a trailing slash, and as many segments as any other pattern has.
        Double slashes need no thought: the table answers them only if the path without them leads to the same route.
Rule 3: where a route leaves a variable open, a value that no route names is taken, or none; so only those can cover
        it that ask whether something is there. Where it names values, each of them must be covered.
Rule 4: on its own path a route is covered only by routes with more conditions, since those come first.
Rule 5: a route is reported only when it is certain; a search that grows too long ends as "reachable".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy.config.checks.overlap import (
    ConditionKind,
    Index,
    Point,
    RouteConditions,
    Signature,
    Unnamed,
    Variable,
    VariableCondition,
)
from proxy.core.routing.path import ANY, REST
from proxy.core.routing.route import Route

Shape = tuple[bytes, ...]
MAX_STEPS = 10_000


def unreachable(routes: Sequence[RouteConditions]) -> Iterator[tuple[Route, tuple[Route, ...]]]:
    """Each route that can never be reached, with those that take its requests, in file order."""
    paths = _Paths(routes)
    for target in routes:
        covering = paths.covering(target)
        if covering is not None:
            yield target.route, tuple(covering[index] for index in sorted(covering))


class _Paths:
    """All routes by their shape; `deeper` finds the patterns that continue a prefix by open segments and a `**`."""

    def __init__(self, routes: Sequence[RouteConditions]) -> None:
        self._indexes: dict[Shape, Index] = {}
        self._deeper: dict[Shape, list[int]] = {}
        for entry in routes:
            shape = entry.route.pattern.shape
            if shape not in self._indexes:
                self._indexes[shape] = Index()
                self._note(shape)
            self._indexes[shape].add(entry)

    def _note(self, shape: Shape) -> None:
        """`/a/{x}/{y}/**` goes on after `/a/{x}` by one segment, after `/a` by two."""
        if shape[-1] != REST:
            return
        for length in range(len(shape) - 2, -1, -1):
            if shape[length] != ANY:
                return
            self._deeper.setdefault(shape[:length], []).append(len(shape) - 1 - length)

    def covering(self, target: RouteConditions) -> dict[int, Route] | None:
        """The routes that together take all of its requests, by index, or None."""
        found: dict[int, Route] = {}
        for shapes in self._places(target.route.pattern.shape):
            rivals = [rival for shape in shapes for rival in self._rivals(shape, target)]
            taken = covered(target, rivals)
            if taken is None:
                return None
            found |= taken
        return found

    def _places(self, shape: Shape) -> Iterator[list[Shape]]:
        """For each kind of path that the pattern fits, the shapes that come before it or are its own."""
        if shape[-1] != REST:
            yield [shape]
            return
        above = shape[:-1]
        depths = self._deeper.get(above, [])
        rests = {depth: (*above, *[ANY] * depth, REST) for depth in depths}
        yield [shape, *rests.values()]
        yield [shape, (*above, b"")]
        if above:
            yield [shape, above]
        for depth in range(1, max(depths, default=0)):
            open_path = (*above, *[ANY] * depth)
            shallow = [rest for at, rest in rests.items() if at <= depth]
            yield [shape, open_path, *shallow]
            yield [shape, (*open_path, b""), *shallow]

    def _rivals(self, shape: Shape, target: RouteConditions) -> Iterator[RouteConditions]:
        """Routes of one shape that come before the target and could help to cover it."""
        index = self._indexes.get(shape)
        if index is None:
            return
        least = len(target.conditions) + 1 if shape == target.route.pattern.shape else 0
        for signature in index.signatures:
            if len(signature) >= least and _can_help(signature, target):
                yield from index.agreeing(signature, target)


def covered(target: RouteConditions, rivals: Sequence[RouteConditions]) -> dict[int, Route] | None:
    """The rivals that together take whatever the conditions of the target let in, by index; None when some is left."""
    return _Search(target).cover(rivals, frozenset())


class _Search:
    """Fixes one variable after the other; every point of each must end at a rival that asks no more."""

    def __init__(self, target: RouteConditions) -> None:
        self._target = target
        self._steps = 0

    def cover(self, rivals: Sequence[RouteConditions], fixed: frozenset[Variable]) -> dict[int, Route] | None:
        self._steps += 1
        if not rivals or self._steps > MAX_STEPS:
            return None
        for rival in rivals:
            if rival.conditions.keys() <= fixed:
                return {rival.route.index: rival.route}
        variable = next(free for free in rivals[0].conditions if free not in fixed)
        found: dict[int, Route] = {}
        for point in _points(self._target.conditions.get(variable)):
            left = [rival for rival in rivals if _accepts(rival, variable, point)]
            taken = self.cover(left, fixed | {variable})
            if taken is None:
                return None
            found |= taken
        return found


def _points(condition: VariableCondition | None) -> Sequence[Point]:
    """The points that decide: if these are covered, so is every other that the target lets in."""
    if condition is None:
        return (Unnamed.FRESH, Unnamed.ABSENT)
    match condition.kind:
        case ConditionKind.VALUES | ConditionKind.HOST:
            return tuple(condition.values)
        case ConditionKind.PRESENT:
            return (Unnamed.FRESH,)
        case _:
            return (Unnamed.ABSENT,)


def _accepts(rival: RouteConditions, variable: Variable, point: Point) -> bool:
    condition = rival.conditions.get(variable)
    return condition is None or condition.accepts(point)


def _can_help(signature: Signature, target: RouteConditions) -> bool:
    """Whether a route of this signature takes a value that no route names, where the target leaves one open."""
    for variable, kind in signature:
        condition = target.conditions.get(variable)
        if kind in (ConditionKind.VALUES, ConditionKind.HOST) and (
            condition is None or condition.kind is ConditionKind.PRESENT
        ):
            return False
    return True
