"""Which shapes of requests were compared, and how likely the next request has one that nobody has seen.

A shape is a hash of method, template, query keys, status class, content type and the like.
Rule 1: the estimate is Good and Turing's: shapes seen once, divided by requests.
Rule 2: the bound needs no assumption about shapes. The chance of a new one only ever falls, so the new shapes among
        the later requests (at least the later half) bound it from above, by the anytime bound of `promotion`.
Rule 3: a shape that legacy answers often and that was not compared often enough blocks promotion, whatever the share.
Rule 4: the number of shapes is bounded; a request whose shape finds no place counts as a new shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from proxy.core.math.confidence import upper_bound

MOST_SHAPES = 2_000
OFTEN = 20
ALPHA = 0.05


@dataclass(slots=True)
class Shape:
    """How often a shape was answered by legacy, and compared with an outcome that says something."""

    answered: int = 0
    compared: int = 0


@dataclass(slots=True)
class ShapeCoverage:
    """The shapes of one route. `halves`: requests and new shapes at the last two doublings of the count."""

    most: int = MOST_SHAPES
    shapes: dict[int, Shape] = field(default_factory=dict)
    requests: int = 0
    new_shapes: int = 0
    without_place: int = 0
    halves: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))

    def answer(self, shape: int) -> None:
        """Legacy answered a request of this shape."""
        self._place(shape).answered += 1

    def compare(self, shape: int) -> None:
        """A request of this shape was compared: it counts for the chance of a new shape."""
        found = self._place(shape)
        self.requests += 1
        if found.compared == 0:
            self.new_shapes += 1
        found.compared += 1
        if self.requests & (self.requests - 1) == 0:
            self.halves = (self.halves[1], (self.requests, self.new_shapes))

    def _place(self, shape: int) -> Shape:
        found = self.shapes.get(shape)
        if found is None:
            found = Shape()
            if len(self.shapes) < self.most:
                self.shapes[shape] = found
            else:
                self.without_place += 1
        return found

    @property
    def unseen(self) -> float:
        """The estimated chance that the next request has an unseen shape; 1 before the first one."""
        once = sum(1 for shape in self.shapes.values() if shape.compared == 1)
        return min((once + self.without_place) / self.requests, 1.0) if self.requests else 1.0

    @property
    def unseen_bound(self) -> float:
        """An upper bound of that chance, 95 %."""
        began, known = self.halves[0]
        return upper_bound(self.requests - began, self.new_shapes - known, ALPHA)

    def uncovered(self, often: int = OFTEN) -> Iterator[int]:
        """Shapes that legacy answered `often` and that were compared less often than that."""
        return (shape for shape, each in self.shapes.items() if each.answered >= often > each.compared)
