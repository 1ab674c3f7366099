"""What replicas tell each other once a second, so that one judge sees what all of them see.

Rule 1: it is bounded: what does not fit is counted as lost, never sent later.
Rule 2: among replicas routes are called by their origins: one of them may read a file that has renamed them.
Rule 3: it may be lost altogether: evidence then comes slower, and nothing is decided by its absence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec
from msgspec.structs import replace

from proxy.core.origins import Naming
from proxy.core.shadow import Shadowed
from proxy.link import BadDelta, ComparedDelta, Report

MOST_BAD = 5_000
"""Bad events of one second of one replica."""
MOST_COMPARED = 20_000
"""Routes, epochs, steps and sides of which comparisons wait to be told."""
_ERRORS = 4
"""Where 5xx stands among the classes of codes."""
_SIDES = ("legacy", "new")


class Answered(msgspec.Struct, array_like=True):
    """Answers of both sides on one route; `_bad` are those of them that were 5xx, `shadowed` requests sent twice.

    Of those that were to be, `shadow_shed` found no room or no answer, and `shadow_unfit` cannot be.
    """

    route: str
    legacy: int = 0
    legacy_bad: int = 0
    new: int = 0
    new_bad: int = 0
    shadowed: int = 0
    shadow_shed: int = 0
    shadow_unfit: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one replica has seen since it told last; `lost` are bad events that found no room."""

    answered: list[Answered] = []
    bad: list[BadDelta] = []
    lost: int = 0
    compared: list[ComparedDelta] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Batch).decode


def written(batch: Batch) -> bytes:
    """As it goes to the others."""
    return _encode(batch)


def read(body: bytes) -> Batch | None:
    """What another replica told; None when it is of another version, which then counts alone."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError):
        return None


def batch_called(batch: Batch, naming: Naming) -> Batch:
    """The same by other names of routes, without what is nobody's."""
    answered = ((each, naming(each.route)) for each in batch.answered)
    bad = ((each, naming(each.route)) for each in batch.bad)
    compared = ((delta, naming(delta.route)) for delta in batch.compared)
    return replace(
        batch,
        answered=[replace(each, route=name) for each, name in answered if name is not None],
        compared=[replace(delta, route=name) for delta, name in compared if name is not None],
        bad=[each if name == each.route else replace(each, route=name) for each, name in bad if name is not None],
    )


class Gathering:
    """Adds up what this replica's workers report, until somebody takes it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._answered: dict[str, Answered] = {}
        self._bad: list[BadDelta] = []
        self._compared: list[ComparedDelta] = []
        self._lost = 0

    def hear(self, report: Report) -> None:
        """One worker's increments."""
        for delta in report.routes:
            if delta.side in _SIDES:
                self._count(delta.route, delta.side, sum(delta.codes), delta.codes[_ERRORS])
        for shadow in report.shadows:
            found = self._answered.setdefault(shadow.route, Answered(shadow.route))
            match Shadowed(shadow.outcome):
                case Shadowed.SENT:
                    found.shadowed += shadow.count
                case Shadowed.SHED | Shadowed.FAILED:
                    found.shadow_shed += shadow.count
                case Shadowed.SKIPPED:
                    found.shadow_unfit += shadow.count
                case other:
                    assert_never(other)
        self.add(report.bad)
        self._lost += report.bad_lost

    def add(self, events: Iterable[BadDelta]) -> None:
        """Bad events, from workers or from the comparer."""
        for event in events:
            if len(self._bad) < MOST_BAD:
                self._bad.append(event)
            else:
                self._lost += 1

    def compare(self, deltas: Iterable[ComparedDelta]) -> None:
        """What the comparer compared. A judge that does not ask for long gets the latest, as many as are bearable."""
        self._compared += deltas
        del self._compared[:-MOST_COMPARED]

    def take(self) -> Batch:
        """All of it, and begin anew."""
        answered = list(self._answered.values())
        batch = Batch(answered=answered, bad=self._bad, lost=self._lost, compared=self._compared)
        self._answered, self._bad, self._lost, self._compared = {}, [], 0, []
        return batch

    def _count(self, route: str, side: str, answers: int, bad: int) -> None:
        found = self._answered.setdefault(route, Answered(route))
        if side == "new":
            found.new += answers
            found.new_bad += bad
        else:
            found.legacy += answers
            found.legacy_bad += bad
