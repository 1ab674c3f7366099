from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from proxy.config.block import Block
from proxy.config.blocks.judge.judgement import (
    FleetGuardBlock,
    GuardBlock,
    NeedsBlock,
    RampBlock,
    read_classes,
    read_door,
    read_on_failure,
    read_quantile,
    read_share_above_zero,
)
from proxy.config.readers.ramp_steps import read_steps
from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import FleetPolicy, GuardPolicy, Needs, OnFailure, Ramp
from proxy.core.stage import Stage
from tests.config.given_files import FILE, HEAD, snapshot, told, with_routes


def wrong(block: type[Block], values: dict[str, object]) -> set[object]:
    try:
        block.model_validate(values)
    except ValidationError as errors:
        return {each["loc"][0] for each in errors.errors() if each["type"] != "missing"}
    return set()


def test_the_defaults_in_the_sentences_are_those_of_the_core() -> None:
    """A default that a description names is the one that acts."""
    told = {
        name: (field.description or "").rpartition("Default ")[2].rstrip(".")
        for block in (GuardBlock, NeedsBlock, RampBlock)
        for name, field in block.model_fields.items()
    }
    needs, ramp, guard = Needs(), Ramp(), GuardPolicy()

    assert told["compared"] == str(needs.compared)
    assert told["requests"] == str(needs.requests)
    assert told["mismatch_rate"] == told["incomparable"] == f"{needs.mismatch_rate:.0%}" == f"{needs.incomparable:.0%}"
    assert told["coverage"] == f"{needs.coverage:.1%}"
    assert told["steps"] == "[" + ", ".join(f"{step:.0%}" for step in ramp.steps) + "]"
    assert (told["hold"], told["soak"]) == (f"{ramp.hold / 60:g}m", f"{ramp.soak / 3600:g}h")
    assert told["budget"] == f"{guard.budget / 86_400:g}d"
    assert told["latency"] == f"{guard.latency:.0%}"
    assert told["one_way_door"] == guard.door


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "10"])
def test_a_count_that_counts_nothing_is_refused(count: object) -> None:
    """Comparisons are whole; none at all is a word of its own; no route in motion would be none at all."""
    assert wrong(NeedsBlock, {"compared": count}) == ({"compared"} if count else set())
    assert wrong(FleetGuardBlock, {"in_motion": count}) == {"in_motion"}


DAY = 86_400.0
PLAIN = "name: a, match: /a, stage: live"


def test_without_blocks_a_route_is_guarded_and_does_not_climb() -> None:
    """The defaults are the safe ones: everything is watched, nothing is promoted, no window is on."""
    found = snapshot(FILE)

    assert (found.fleet, found.routes[0].guard) == (FleetPolicy(), GuardPolicy())
    assert (found.routes[0].ramp, found.routes[0].windows) == (None, ())


def test_empty_blocks_take_all_defaults() -> None:
    """`ramp: {}` is a ramp."""
    found = snapshot(with_routes(f"{PLAIN}, guard: {{}}, ramp: {{}}") + "guard: {}\n")

    assert (found.fleet, found.routes[0].guard, found.routes[0].ramp) == (FleetPolicy(), GuardPolicy(), Ramp())


def test_everything_that_is_said_of_judging_arrives() -> None:
    """Each key of guard, ramp and the fleet's guard is found again, in its unit."""
    guard = (
        "guard: {on_failure: {canary: freeze, live: page}, budget: 90d, classes: [timeout], latency: 99%, "
        "dry_run: true, one_way_door: live}"
    )
    needs = "needs: {compared: 7, mismatch_rate: 2%, coverage: 3%, incomparable: 4%, requests: 5, capacity: false}"
    ramp = f"ramp: {{steps: [2%, 50%], hold: 1h, soak: 2d, {needs}, after: [b], dry_run: true}}"
    text = with_routes(f"{PLAIN}, {guard}, {ramp}", "name: b, match: /b, stage: live")

    found = snapshot(text + "guard: {error_budget: 0.1%, window: 7d, in_motion: 2}\n")

    assert found.fleet == FleetPolicy(errors=0.001, window=7 * DAY, in_motion=2)
    assert found.routes[0].guard == GuardPolicy(
        on_failure=((Stage.CANARY, OnFailure.FREEZE), (Stage.LIVE, OnFailure.PAGE)),
        budget=90 * DAY,
        classes=frozenset({Bad.TIMEOUT}),
        latency=0.99,
        dry_run=True,
        door=Stage.LIVE,
    )
    assert found.routes[0].ramp == Ramp(
        steps=(0.02, 0.5),
        hold=3600.0,
        soak=2 * DAY,
        needs=Needs(compared=7, mismatch_rate=0.02, coverage=0.03, incomparable=0.04, requests=5, capacity=False),
        after=("b",),
        dry_run=True,
    )


@pytest.mark.parametrize(
    ("read", "written", "means"),
    [
        (read_share_above_zero, "0.01%", 0.0001),
        (read_quantile, "50%", 0.5),
        (read_quantile, "99.9%", 0.999),
        (read_steps, ["1%", "5%", "98%"], (0.01, 0.05, 0.98)),
        (read_classes, ["5xx", "latency"], frozenset({Bad.ERROR, Bad.LATENCY})),
        (read_door, "live", Stage.LIVE),
    ],
)
def test_values_are_read_in_their_unit(read: Callable[[object], object], written: object, means: object) -> None:
    """Each form that the document names becomes the core's value."""
    assert read(written) == means


def test_one_word_holds_for_every_stage_and_a_mapping_for_its_own() -> None:
    """`freeze` is said of canary, live and complete; a mapping says what it says."""
    assert dict(read_on_failure("freeze")) == dict.fromkeys(
        (Stage.CANARY, Stage.LIVE, Stage.COMPLETE), OnFailure.FREEZE
    )
    assert read_on_failure({"live": "page"}) == ((Stage.LIVE, OnFailure.PAGE),)


@pytest.mark.parametrize(
    ("read", "written", "said"),
    [
        (read_share_above_zero, "0%", "can never be proved to be nothing"),
        (read_quantile, "40%", "must be between 50 % and 99.99 %"),
        (read_quantile, "100%", "must be between 50 % and 99.99 %"),
        (read_steps, [], "must be a list of rising shares"),
        (read_steps, "5%", "must be a list of rising shares"),
        (read_steps, ["1%"] * 21, "must be at most 20 steps"),
        (read_steps, ["0%"], "a step lies above 0 % and below 100 %"),
        (read_steps, ["5%", "100%"], "a step lies above 0 % and below 100 %"),
        (read_steps, ["5%", "5%"], "each step must be greater than the one before"),
        (read_steps, [5], "must be a share such as 10%"),
        (read_steps, [True], "must be a share such as 10%"),
        (read_classes, [], "must be a list of 5xx, timeout, mismatch, latency"),
        (read_classes, "5xx", "must be a list of 5xx, timeout, mismatch, latency"),
        (read_classes, ["4xx"], "must be one of 5xx, timeout, mismatch, latency"),
        (read_on_failure, "stop", "must be one of rollback, freeze, page"),
        (read_on_failure, {"shadow": "page"}, "is said by stage: canary, live, complete"),
        (read_on_failure, {"live": "stop"}, "must be one of rollback, freeze, page"),
        (read_door, "shadow", "must be one of canary, live, complete, retired"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Callable[[object], object], written: object, said: str) -> None:
    """Each reader says what is right."""
    with pytest.raises(PydanticCustomError) as error:
        read(written)

    assert str(error.value).startswith(said)


OTHERWISE = 'group "g" moves together, and routes[0] climbs otherwise; give all one ramp'
KINDS = "must be of the kind of start: both times of day, or both dates"
DATES = 'start: "2026-01-02T00:00Z"'


def a(rest: str) -> str:
    return f"name: a, match: /a, stage: live, {rest}"


def b(rest: str) -> str:
    return f"name: b, match: /b, stage: live, {rest}"


def window(rest: str) -> str:
    return f"windows: [{{name: w, {rest}}}]"


IN_UPSTREAM = window(f"{DATES}, end: ¦'01:00'")


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (
            with_routes(a("guard: {on_failure: {complete: ¦rollback, live: freeze}}")),
            "routes[0].guard.on_failure.complete",
            "there is no way back from complete: one_way_door is complete; write freeze or page",
        ),
        (
            with_routes(a("guard: {on_failure: {live: ¦rollback}, one_way_door: canary}")),
            "routes[0].guard.on_failure.live",
            "there is no way back from live: one_way_door is canary; write freeze or page",
        ),
        (
            with_routes(a("ramp: {after: [¦a]}")),
            "routes[0].ramp.after[0]",
            "a route cannot wait for itself; take it out",
        ),
        (
            with_routes(a("ramp: {after: [¦orders]}"), "name: order, match: /b, stage: live"),
            "routes[0].ramp.after[0]",
            'there is no route "orders" to wait for; did you mean order?',
        ),
        (
            with_routes(a("ramp: {after: [¦b]}"), "name: b, match: /b, respond: {status: 403}"),
            "routes[0].ramp.after[0]",
            'there is no route "b" to wait for; name one that has a stage, or take it out',
        ),
        (
            with_routes(a("ramp: {after: ¦[b]}"), b("ramp: {after: [a]}")),
            "routes[0].ramp.after",
            "waits in a circle: a after b after a; take one out",
        ),
        (with_routes(a("group: g, ramp: {}"), b("group: g, ramp: ¦{steps: [1%]}")), "routes[1].ramp", OTHERWISE),
        (with_routes(a("group: g, ramp: {}"), b("group: ¦g")), "routes[1].group", OTHERWISE),
        (FILE + window('start: "01:00", end: ¦"2026-01-01T00:00Z"'), "windows[0].end", KINDS),
        (FILE + window(f'{DATES}, end: ¦"01:00"'), "windows[0].end", KINDS),
        (FILE + window(f'{DATES}, end: ¦"2026-01-01T00:00Z"'), "windows[0].end", "must come after start"),
        (
            FILE + window(f'{DATES}, end: "2026-01-03T00:00Z", ¦zone: UTC'),
            "windows[0].zone",
            "zone belongs to times of day; dates have their own zone and come once",
        ),
        (
            with_routes(
                "name: a, match: /a, stage: legacy",
                head=HEAD.replace('new: {url: "', f'new: {{{IN_UPSTREAM}, url: "'),
            ),
            "upstreams.new.windows[0].end",
            KINDS,
        ),
        (with_routes(a(window(f'{DATES}, end: ¦"01:00"'))), "routes[0].windows[0].end", KINDS),
        (
            with_routes("name: a, match: /a, respond: {status: 403}, ¦guard: {}"),
            "routes[0].guard",
            "guard and respond exclude each other; take one out",
        ),
    ],
)
def test_what_contradicts_itself_is_an_error_at_its_place(text: str, where: str, said: str) -> None:
    """Each contradiction gives one problem, where the value stands that has to change."""
    assert told(text) == [f"{where}: {said}"]


@pytest.mark.parametrize(
    "text",
    [
        with_routes(a("guard: {on_failure: rollback, one_way_door: live}")),
        with_routes(a("guard: {on_failure: {live: rollback}}")),
        with_routes(a("guard: {on_failure: {complete: page}}")),
        with_routes(a("ramp: {after: [b]}"), b("ramp: {}")),
        with_routes(a("group: g, ramp: {}"), b("group: g, ramp: {hold: 1h}")),
        with_routes(a("group: g"), "name: b, match: /b, respond: {status: 403}"),
        FILE + window('start: "22:00", end: "06:00", days: sat, zone: UTC'),
    ],
)
def test_what_makes_sense_is_taken(text: str) -> None:
    """One word for all stages beside a door, other holds in a group, windows over midnight."""
    assert snapshot(text).routes


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ("[¦10, 50]", "steps[0]: must be a share such as 10% or 0.25%, got 10 (did you mean 10%?; write [10%, 50%])"),
        ("[10%, ¦50]", "steps[1]: must be a share such as 10% or 0.25%, got 50 (did you mean 50%?)"),
        ("[¦0.1, 0.5]", "steps[0]: must be a share such as 10% or 0.25%, got 0.1 (did you mean 10%, or 0.1%?)"),
    ],
)
def test_a_step_without_its_sign_is_pointed_at(steps: str, problem: str) -> None:
    """The very step, what was probably meant, and the whole list where all signs are missing."""
    (found,) = told(with_routes(f"name: a, match: /a, stage: shadow, ramp: {{steps: {steps}}}"))

    assert found == f"routes[0].ramp.{problem}"
