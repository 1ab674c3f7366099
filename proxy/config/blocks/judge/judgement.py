"""What is judged: `guard` and `windows` at the top, `guard`, `ramp` and `windows` of a route.

Defaults stand in `proxy.core.judge.policy`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, optional, said_by
from proxy.config.blocks.route import RouteWithAnswer
from proxy.config.blocks.state.databases import checks_of, declared
from proxy.config.blocks.upstream import UpstreamKeys
from proxy.config.blocks.windows import WindowBlock, window_problems, windows_of
from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault, one_of
from proxy.config.readers.ramp_steps import Steps
from proxy.config.readers.schema_patterns import words
from proxy.config.readers.units import SHARE_SCHEMA
from proxy.config.text.problem import FileProblem, Path
from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import FleetPolicy, GuardPolicy, Needs, OnFailure, Ramp
from proxy.core.nearest import nearest
from proxy.core.reconcile.reconcile_check import NeededRun, ReconcileCheck
from proxy.core.stage import DOORS, GUARDED, Stage, is_past
from proxy.core.steps.closed_hours import ClosedHours

_GUARD, _NEEDS, _RAMP, _FLEET = GuardPolicy(), Needs(), Ramp(), FleetPolicy()
_SWITCH = (True, False)
_MOST = 10_000_000
NO_CHECKS: Mapping[str, ReconcileCheck] = {}


def read_share_above_zero(value: object) -> float:
    """A share of which something is left to prove."""
    share = units.read_share(value)
    if not share:
        raise fault("can never be proved to be nothing; the least is 0.01 %", got="")
    return share


def read_quantile(value: object) -> float:
    """A share with something on both sides."""
    share = units.read_share(value)
    if not 0.5 <= share < 1.0:
        raise fault("must be between 50 % and 99.99 %: of legacy's own answers, the share that is not slow")
    return share


def read_classes(value: object) -> frozenset[Bad]:
    """A list of classes of bad events."""
    if not isinstance(value, list) or not value:
        raise fault(f"must be a list of {', '.join(Bad)}", got="" if value == [] else None)
    for name in value:
        if name not in list(Bad):
            raise one_of(name, Bad)
    return frozenset(Bad(name) for name in value)


def read_on_failure(value: object) -> tuple[tuple[Stage, OnFailure], ...]:
    """A word for every stage, or a mapping of stages to words."""
    word = scalars.Choice(OnFailure)
    if not isinstance(value, dict):
        found = word(value)
        return tuple((stage, found) for stage in GUARDED)
    guarded = [stage.value for stage in GUARDED]
    for stage in value:
        if stage not in guarded:
            raise fault(f"is said by stage: {', '.join(guarded)}", got=f'"{stage}"')
    return tuple((Stage(stage), word(said)) for stage, said in value.items())


def read_door(value: object) -> Stage:
    """The first stage from which the judge never goes back."""
    known = [stage.value for stage in DOORS]
    if value not in known:
        raise one_of(value, known)
    return Stage(str(value))


def read_check_names(value: object) -> tuple[object, ...]:
    """One check of `reconcile`, or a list of them."""
    if value == []:
        raise fault("must name at least one check of reconcile", got="")
    return tuple(value) if isinstance(value, list) else (value,)


_WORD = {"type": "string", "enum": [word.value for word in OnFailure]}
Count = Annotated[int, units.Whole(0, _MOST)]
Some = Annotated[int, units.Whole(1, _MOST)]
ShareAboveZero = Annotated[float, BeforeValidator(read_share_above_zero), WithJsonSchema(SHARE_SCHEMA)]
Quantile = Annotated[float, BeforeValidator(read_quantile), WithJsonSchema(SHARE_SCHEMA)]
Classes = Annotated[
    frozenset[Bad],
    BeforeValidator(read_classes),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [bad.value for bad in Bad]}, "minItems": 1}),
]
OnFailures = Annotated[
    tuple[tuple[Stage, OnFailure], ...],
    BeforeValidator(read_on_failure),
    WithJsonSchema(
        {
            "anyOf": [
                _WORD,
                {
                    "type": "object",
                    "properties": {stage.value: _WORD for stage in GUARDED},
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
CheckNames = Annotated[
    tuple[scalars.Name, ...],
    BeforeValidator(read_check_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Door = Annotated[Stage, BeforeValidator(read_door), words(DOORS)]


class GuardBlock(Block):
    """What the judge watches on a route, and what an alarm does."""

    on_failure: OnFailures | None = optional(
        "What an alarm does: rollback, freeze (stay, and promote no more) or page (tell somebody); one word, or one "
        "per stage. Default rollback; past one_way_door it becomes freeze.",
        "rollback",
        {"canary": "rollback", "live": "freeze"},
    )
    budget: units.Span | None = optional(
        "The mean time between two false alarms of all routes together, by this route's measure. Default 30d.", "30d"
    )
    classes: Classes | None = optional(
        "Which bad events count: 5xx, timeout, mismatch (of high severity), latency. Default all.", ["5xx", "timeout"]
    )
    latency: Quantile | None = optional(
        f"The share of legacy's own answers that is not slow. Default {_GUARD.latency:.0%}.", "95%"
    )
    dry_run: bool | None = optional("Evaluate and tell, but do nothing. Default false.", *_SWITCH)
    one_way_door: Door | None = optional(
        "The first stage from which the judge never goes back, since legacy lacks what new has written. "
        f"Default {_GUARD.door}.",
        "live",
        "complete",
    )


class NeedsBlock(Block):
    """What a step of the ramp needs."""

    compared: Count | None = optional(
        f"Comparisons. 0 where nothing can be compared: guard, requests and time decide. Default {_NEEDS.compared}.",
        1000,
        0,
    )
    mismatch_rate: ShareAboveZero | None = optional(
        "The share of mismatches that has to be disproved. Default 1%.", "1%", "0.1%"
    )
    coverage: ShareAboveZero | None = optional(
        "The greatest chance that the next request has a shape which was never compared. Default 0.5%.", "0.5%"
    )
    incomparable: units.Share | None = optional(
        "The greatest share of answers that could not be compared. Default 1%.", "1%"
    )
    requests: Count | None = optional(f"Answers of new at this step. Default {_NEEDS.requests}.", 100)
    capacity: bool | None = optional(
        "Whether new has to carry the next step's share before, shadow included. Default true.", *_SWITCH
    )
    reconciled: CheckNames | None = optional(
        "Checks of `reconcile` whose newest result says that nothing differs. Without it none.", "accounts", ["a", "b"]
    )


class RampBlock(Block):
    """How far and on what evidence the judge promotes a route."""

    steps: Steps | None = optional(
        "The splits of canary, rising. Default [1%, 5%, 25%, 50%, 98%].", ["1%", "5%", "25%", "50%", "98%"]
    )
    hold: units.Span | None = optional("The least time at a step. Default 10m.", "10m")
    soak: units.Span | None = optional("The least time at shadow. Default 24h.", "24h", "7d")
    needs: NeedsBlock | None = optional("What a step needs beside time.", {"compared": 1000, "mismatch_rate": "1%"})
    after: list[scalars.Name] | None = optional("Routes that this one is never ahead of.", ["login"])
    dry_run: bool | None = optional("Evaluate and tell, but promote nothing. Default false.", *_SWITCH)


class FleetGuardBlock(Block):
    """What holds over all routes."""

    error_budget: ShareAboveZero | None = optional(
        "The share of new's answers that may be bad; while it is exceeded nothing is promoted. Without it there is no "
        "such bound.",
        "0.1%",
    )
    window: units.Span | None = optional("Over how long the error budget is counted. Default 30d.", "30d")
    in_motion: Some | None = optional("How many routes may be on their way at once. Without it any number.", 2)


class JudgementAtTop(Block):
    """What holds over all routes."""

    guard: FleetGuardBlock | None = optional("What holds over all routes.", {"in_motion": 2})
    windows: list[WindowBlock] | None = optional(
        "When the judge leaves all routes alone, and whether they are closed meanwhile.",
        [{"name": "batch", "start": "22:00", "end": "06:00"}],
    )


class JudgementOfRoute(Block):
    """What is judged on a route."""

    guard: GuardBlock | None = optional(
        "What the judge watches, and what an alarm does. Without it, all of it, and back.", {"on_failure": "freeze"}
    )
    ramp: RampBlock | None = optional(
        "How far and on what evidence the judge promotes. Without it nothing is promoted.", {"hold": "10m"}
    )
    windows: list[WindowBlock] | None = optional(
        "When the judge leaves this route alone, and whether it is closed meanwhile.",
        [{"name": "batch", "start": "22:00", "end": "06:00"}],
    )


class _Route(RouteWithAnswer, JudgementOfRoute):
    """What is asked of a route here."""


def doors_are_kept(draft: Draft) -> Iterator[FileProblem]:
    """A rollback that is asked for past the one-way door is a contradiction; one word for all stages is none."""
    for index, block in draft.of_routes(JudgementOfRoute):
        said = (block.guard and block.guard.on_failure) or ()
        if len(said) == len(GUARDED) and len({word for _, word in said}) == 1:
            continue
        door = guard_of(block.guard).door
        for stage, word in said:
            if word is OnFailure.ROLLBACK and is_past(stage, door):
                path: Path = ("routes", index, "guard", "on_failure", stage.value)
                message = f"there is no way back from {stage.value}: one_way_door is {door.value}; write freeze or page"
                yield draft.problem(path, message)


def routes_to_wait_for_exist(draft: Draft) -> Iterator[FileProblem]:
    """`after` names other routes that have a stage."""
    names = {block.name for _, block in draft.of_routes(_Route) if block.stage is not None}
    for index, block in draft.of_routes(_Route):
        for place, name in enumerate((block.ramp and block.ramp.after) or ()):
            path: Path = ("routes", index, "ramp", "after", place)
            if name == block.name:
                yield draft.problem(path, "a route cannot wait for itself; take it out")
            elif name not in names:
                meant = nearest(name, names)
                cure = f"did you mean {meant}?" if meant else "name one that has a stage, or take it out"
                yield draft.problem(path, f'there is no route "{name}" to wait for; {cure}')


def needed_checks_exist(draft: Draft) -> Iterator[FileProblem]:
    """What a ramp needs to be reconciled is a check of the file."""
    known = declared(draft, "reconcile")
    for index, block in draft.of_routes(JudgementOfRoute):
        for place, name in enumerate((block.ramp and block.ramp.needs and block.ramp.needs.reconciled) or ()):
            if name not in known:
                path: Path = ("routes", index, "ramp", "needs", "reconciled", place)
                meant = nearest(name, known)
                cure = f"did you mean {meant}?" if meant else "name one that stands below reconcile"
                yield draft.problem(path, f'there is no check "{name}"; {cure}')


def nobody_waits_in_a_circle(draft: Draft) -> Iterator[FileProblem]:
    """Routes that wait for each other would wait for ever."""
    after = {
        block.name: set((block.ramp and block.ramp.after) or ()) - {block.name} for _, block in draft.of_routes(_Route)
    }
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        index = next(place for place, block in draft.of_routes(_Route) if block.name == circle[0])
        path: Path = ("routes", index, "ramp", "after")
        yield draft.problem(path, f"waits in a circle: {' after '.join(circle)}; take one out")


def groups_climb_together(draft: Draft) -> Iterator[FileProblem]:
    """Routes of one group move as one, so their steps are the same."""
    first: dict[str, tuple[int, RampBlock | None]] = {}
    for index, block in draft.of_routes(_Route):
        if block.group is None or block.stage is None:
            continue
        other, ramp = first.setdefault(block.group, (index, block.ramp))
        mine, theirs = ramp_of(block.ramp), ramp_of(ramp)
        if (mine and mine.steps) != (theirs and theirs.steps):
            message = f'group "{block.group}" moves together, and routes[{other}] climbs otherwise; give all one ramp'
            yield draft.problem(("routes", index, "ramp" if block.ramp else "group"), message)


def windows_end(draft: Draft) -> Iterator[FileProblem]:
    """Both ends of a window are of one kind, and a date's end comes after its start."""
    lists: list[tuple[Path, Sequence[WindowBlock] | None]] = [(("windows",), draft.top(JudgementAtTop).windows)]
    lists += [
        (("upstreams", name, "windows"), block.windows) for name, block in draft.of_upstreams(UpstreamKeys).items()
    ]
    lists += [(("routes", index, "windows"), block.windows) for index, block in draft.of_routes(JudgementOfRoute)]
    for path, blocks in lists:
        for place, block in enumerate(blocks or ()):
            yield from window_problems(draft, (*path, place), block)


def guard_of(block: GuardBlock | None) -> GuardPolicy:
    """One route's guard; without a block it watches with the defaults."""
    if block is None:
        return _GUARD
    return GuardPolicy(
        on_failure=block.on_failure or (),
        budget=block.budget or _GUARD.budget,
        classes=block.classes or _GUARD.classes,
        latency=block.latency or _GUARD.latency,
        dry_run=bool(block.dry_run),
        door=block.one_way_door or _GUARD.door,
    )


def ramp_of(block: RampBlock | None, checks: Mapping[str, ReconcileCheck] = NO_CHECKS) -> Ramp | None:
    """One route's ramp; without a block there is none. `checks` are those of the file, by name."""
    if block is None:
        return None
    return Ramp(
        steps=block.steps or _RAMP.steps,
        hold=block.hold or _RAMP.hold,
        soak=block.soak or _RAMP.soak,
        needs=_needs(block.needs, checks),
        after=tuple(map(str, block.after or ())),
        dry_run=bool(block.dry_run),
    )


def _needs(block: NeedsBlock | None, checks: Mapping[str, ReconcileCheck]) -> Needs:
    said = said_by(block)
    named = (checks[name] for name in said.pop("reconciled", ()) if name in checks)
    return replace(_NEEDS, **said, reconciled=tuple(NeededRun(each.name, each.mark, each.counts_for) for each in named))


def fleet_of(block: FleetGuardBlock | None) -> FleetPolicy:
    """What holds over all routes."""
    if block is None:
        return _FLEET
    return FleetPolicy(errors=block.error_budget, window=block.window or _FLEET.window, in_motion=block.in_motion)


def _at_top(keys: JudgementAtTop, _: Draft) -> Mapping[str, object]:
    return {"fleet": fleet_of(keys.guard)}


def _of_route(keys: _Route, draft: Draft) -> Mapping[str, object]:
    """Its windows are those of the file, of its two upstreams and its own."""
    top = draft.top(JudgementAtTop).windows
    windows = windows_of(top, *_windows_of_sides(keys, draft), keys.windows)
    return {"guard": guard_of(keys.guard), "ramp": ramp_of(keys.ramp, checks_of(draft)), "windows": windows}


def _windows_of_sides(keys: _Route, draft: Draft) -> tuple[list[WindowBlock] | None, list[WindowBlock] | None]:
    """Those of legacy's upstream and of new's."""
    upstreams = draft.of_upstreams(UpstreamKeys)
    legacy, new = (upstreams.get(name) for name in (keys.legacy or "legacy", keys.new or "new"))
    return None if legacy is None else legacy.windows, None if new is None else new.windows


def _closed_hours(keys: _Route, draft: Draft) -> ClosedHours | None:
    """A step before the requests of every route one of whose sides is closed at times."""
    if keys.respond is not None:
        return None
    around, of_sides = draft.top(JudgementAtTop).windows, _windows_of_sides(keys, draft)
    legacy, new = (
        tuple(window for window in windows_of(around, own, keys.windows) if window.closes) for own in of_sides
    )
    return draft.shared(ClosedHours(legacy=legacy, new=new)) if legacy or new else None


JUDGEMENT = Section(
    top=KeysAt(JudgementAtTop, _at_top),
    route=KeysAt(JudgementOfRoute, _of_route, step=_closed_hours),
    checks=(
        doors_are_kept,
        routes_to_wait_for_exist,
        needed_checks_exist,
        nobody_waits_in_a_circle,
        groups_climb_together,
        windows_end,
    ),
)
