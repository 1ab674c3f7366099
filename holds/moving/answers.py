"""What operators were told, held against the moves that were recorded.

Rule 1: whoever was told that something was done finds that very move recorded, once: its version, where it began and
        ended, latch and hold.
Rule 2: whoever was told that it stood like that already, or that nothing was done, finds no move of that name. A 503
        says neither: the store may have done what it was asked, and not have said so.
Rule 3: whoever was told that it holds at one replica alone, as the store did not answer in time, finds that it was
        written down as it was told, or not at all: somebody may have moved the route since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from holds.moving.history import SHADOW, Moved, Place, Reading, Stands, text_of, verb_of

_UNKNOWN = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an operator was told of one route: of the order called `name`; `moved` False: it stood like that.

    `everywhere` False: it holds at the replica that was asked, and is written down later.
    """

    name: str
    route: str
    status: int
    moved: bool = False
    version: int = 0
    runs: Place = SHADOW
    start: Place | None = None
    latched: bool | None = None
    held: bool | None = None
    everywhere: bool = True


def answers(told: Iterable[Told], moves: Iterable[Moved], reading: Reading) -> list[str]:
    """What operators were told that is not what was recorded."""
    named: dict[tuple[str, str], list[Moved]] = defaultdict(list)
    for moved in moves:
        if verb_of(moved):
            named[" ".join(moved.reason.split()[-2:]), moved.route].append(moved)
    broken = [
        f"{name} of {route} is recorded {len(found)} times" for (name, route), found in named.items() if found[1:]
    ]
    for each in told:
        found = named.get((each.name, each.route), [])
        wrong = _wrong(each, found[0] if found else None, reading)
        if wrong:
            broken.append(f"{each.name} of {each.route} was answered {each.status}: {wrong}")
    return broken


def _wrong(told: Told, moved: Moved | None, reading: Reading) -> str:
    if told.status == _UNKNOWN:
        return ""
    if not told.everywhere:
        end = told.runs if moved is None else moved.end
        return "" if end == told.runs else f"it is recorded as a move to {text_of(end)}"
    if told.status != 200 or not told.moved:
        if moved is not None:
            return f"it is recorded as version {moved.version}"
        return "" if told.status != 200 else _differs(told, reading)
    if moved is None:
        return "it is not recorded"
    if moved.version != told.version or (told.start is not None and told.start != moved.start):
        return f"it is recorded as version {moved.version}, from {text_of(moved.start)}"
    return _differs(told, reading)


def _differs(told: Told, reading: Reading) -> str:
    """Whether what was said of a version is what stood at it."""
    stood = reading.stood.get((told.route, told.version)) or (
        None if told.version else Stands(place=reading.routes.file)
    )
    if stood is None:
        return f"there is no version {told.version}"
    said = replace(
        stood,
        place=told.runs,
        latched=stood.latched if told.latched is None else told.latched,
        held=stood.held if told.held is None else told.held,
    )
    return "" if said == stood else f"it says {said}, and {stood} stood"
