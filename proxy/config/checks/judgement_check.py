"""What is wrong together in `guard`, `ramp` and `windows`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from proxy.config.blocks.judgement_blocks import RampBlock, WindowBlock
from proxy.config.blocks.judgement_build import guard_of, ramp_of
from proxy.config.read import Draft
from proxy.config.readers.judgement_values import Minute, Moment
from proxy.config.text.problem import Path, Problem
from proxy.core.judge.policy import OnFailure
from proxy.core.nearest import nearest
from proxy.core.stage import GUARDED, is_past


def doors_are_kept(draft: Draft) -> Iterator[Problem]:
    """A rollback that is asked for past the one-way door is a contradiction; one word for all stages is none."""
    for index, block in draft.routes:
        said = (block.guard and block.guard.on_failure) or ()
        if len(said) == len(GUARDED) and len({word for _, word in said}) == 1:
            continue
        door = guard_of(block.guard).door
        for stage, word in said:
            if word is OnFailure.ROLLBACK and is_past(stage, door):
                path: Path = ("routes", index, "guard", "on_failure", stage.value)
                message = f"there is no way back from {stage.value}: one_way_door is {door.value}; write freeze or page"
                yield draft.problem(path, message)


def routes_to_wait_for_exist(draft: Draft) -> Iterator[Problem]:
    """`after` names other routes that have a stage."""
    names = {block.name for _, block in draft.routes if block.stage is not None}
    for index, block in draft.routes:
        for place, name in enumerate((block.ramp and block.ramp.after) or ()):
            path: Path = ("routes", index, "ramp", "after", place)
            if name == block.name:
                yield draft.problem(path, "a route cannot wait for itself; take it out")
            elif name not in names:
                meant = nearest(name, names)
                cure = f"did you mean {meant}?" if meant else "name one that has a stage, or take it out"
                yield draft.problem(path, f'there is no route "{name}" to wait for; {cure}')


def nobody_waits_in_a_circle(draft: Draft) -> Iterator[Problem]:
    """Routes that wait for each other would wait for ever."""
    after = {block.name: set((block.ramp and block.ramp.after) or ()) - {block.name} for _, block in draft.routes}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        index = next(each.place for each in draft.routes if each.block.name == circle[0])
        path: Path = ("routes", index, "ramp", "after")
        yield draft.problem(path, f"waits in a circle: {' after '.join(circle)}; take one out")


def groups_climb_together(draft: Draft) -> Iterator[Problem]:
    """Routes of one group move as one, so their steps are the same."""
    first: dict[str, tuple[int, RampBlock | None]] = {}
    for index, block in draft.routes:
        if block.group is None or block.stage is None:
            continue
        other, ramp = first.setdefault(block.group, (index, block.ramp))
        mine, theirs = ramp_of(block.ramp), ramp_of(ramp)
        if (mine and mine.steps) != (theirs and theirs.steps):
            message = f'group "{block.group}" moves together, and routes[{other}] climbs otherwise; give all one ramp'
            yield draft.problem(("routes", index, "ramp" if block.ramp else "group"), message)


def windows_end(draft: Draft) -> Iterator[Problem]:
    """Both ends of a window are of one kind, and a date's end comes after its start."""
    lists: list[tuple[Path, Sequence[WindowBlock] | None]] = [(("windows",), draft.settings.windows)]
    lists += [(("upstreams", name, "windows"), block.windows) for name, block in draft.upstreams.items()]
    lists += [(("routes", index, "windows"), block.windows) for index, block in draft.routes]
    for path, blocks in lists:
        for place, block in enumerate(blocks or ()):
            yield from _window(draft, (*path, place), block)


def _window(draft: Draft, path: Path, block: WindowBlock) -> Iterator[Problem]:
    match block.start, block.end:
        case Moment(start), Moment(end):
            if end <= start:
                yield draft.problem((*path, "end"), "must come after start")
            for key in ("days", "zone"):
                if getattr(block, key) is not None:
                    message = f"{key} belongs to times of day; dates have their own zone and come once"
                    yield draft.problem((*path, key), message, at_key=True)
        case Minute(), Minute():
            return
        case _:
            yield draft.problem((*path, "end"), "must be of the kind of start: both times of day, or both dates")


JUDGEMENT_RULES = (
    doors_are_kept,
    routes_to_wait_for_exist,
    nobody_waits_in_a_circle,
    groups_climb_together,
    windows_end,
)
