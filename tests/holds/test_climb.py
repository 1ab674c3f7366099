"""What `holds climb` believes: its sides, its clients, and the sentences that it draws from journeys."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from holds.moving.climb import ALLOWED, FIELD, conclude, joined
from holds.moving.journey import FIRST_STEP, LIVE, SHADOW, Journey, Place, Plan, State
from holds.moving.sides import WRONG_SHARE, Asked, Fault, Side
from holds.moving.untouched import Seen
from holds.moving.visits import Visits

NOW = 1_800_000_000.0
ASKED = Asked(method="GET", path="/orders/7", shadow=False, now=NOW)
GONE = Journey(
    plan=Plan(state=State.MEMORY, seed=1, minutes=60.0),
    seconds=600.0,
    highest=LIVE,
    back=(),
    waits=(),
    shown="",
    answers={"200": 900},
)


def bodies(fault: Fault, **more: object) -> tuple[dict[str, object], dict[str, object]]:
    """What both sides say to one request."""
    asked = replace(ASKED, **more)  # type: ignore[arg-type]
    return Side(name="legacy", equal=True).body(asked), Side(name="new", equal=True, fault=fault).body(asked)


def test_without_a_fault_only_time_and_id_differ() -> None:
    """The same request gets the same stored values from both sides, and another id each time."""
    legacy, new = Side(name="legacy").body(ASKED), Side(name="new").body(replace(ASKED, now=NOW + 1))
    equal = bodies(Fault.NONE)

    assert {key for key in legacy if legacy[key] != new[key]} == {"generated_at", FIELD}
    assert equal[0] == equal[1]
    assert FIELD not in equal[0]


@pytest.mark.parametrize(
    ("fault", "asked", "wrong"),
    [
        (Fault.CLOCK, {}, {"created_at"}),
        (Fault.LIVE, {}, {"name"}),
        (Fault.LIVE, {"shadow": True}, set()),
        (Fault.WRITES, {"method": "POST"}, {"state"}),
        (Fault.WRITES, {}, set()),
    ],
)
def test_a_fault_is_wrong_in_its_own_place(fault: Fault, asked: dict[str, object], wrong: set[str]) -> None:
    """New's clock, its live answers, its writes: nothing else."""
    legacy, new = bodies(fault, **asked)

    assert {key for key in legacy if legacy[key] != new[key]} == wrong


def test_three_values_of_a_hundred_are_wrong() -> None:
    """And those of the same requests each time."""
    pairs = [bodies(Fault.VALUES, path=f"/orders/{number}") for number in range(20_000)]
    wrong = sum(legacy["total"] != new["total"] for legacy, new in pairs)

    assert wrong / 20_000 == pytest.approx(WRONG_SHARE, rel=0.2)
    assert bodies(Fault.VALUES, path="/orders/3") == bodies(Fault.VALUES, path="/orders/3")


def test_a_tenth_comes_again_within_a_minute() -> None:
    """The same thing for the same tenant; without repeats every request is a new one."""
    visits = Visits(dice=random.Random(1), again=0.1)
    asked = [(number / 30, visits.next(number / 30)) for number in range(9_000)]
    last: dict[object, float] = {}
    gaps = [at - last[visit] for at, visit in asked if visit in last or last.setdefault(visit, at) != at]
    never = Visits(dice=random.Random(1), again=0.0)

    assert len(gaps) / len(asked) == pytest.approx(0.1, rel=0.1)
    assert max(gaps) < 60.0
    assert len({never.next(float(number)) for number in range(1_000)}) == 1_000


def test_places_are_compared_as_they_climb() -> None:
    """As the API says them, and as people write them."""
    found = [Place.of({"stage": stage, "split": split}) for stage, split in (("shadow", 0.0), ("canary", 0.05))]

    assert SHADOW == found[0] < FIRST_STEP < found[1] < LIVE
    assert [str(each) for each in (*found, LIVE)] == ["shadow", "canary 5%", "live"]
    assert ALLOWED.keys() == set(Fault) - {Fault.NONE}


@pytest.mark.parametrize(
    ("journey", "broken"),
    [
        (GONE, []),
        (replace(GONE, highest=Place(2, 0.98), waits=("0 of 1000 comparisons",)), ["every start is at live"]),
        (replace(GONE, back=("canary 5% → shadow: 5xx",)), ["none was rolled back"]),
        (replace(GONE, answers={"200": 9, "502": 1}), ["every request was answered"]),
    ],
)
def test_one_start_is_enough_to_break_a_sentence(journey: Journey, broken: list[str]) -> None:
    """A start that does not arrive, one that was rolled back, a request that failed; what was seen stands below."""
    found = conclude([GONE, journey])

    assert [each.sentence for each in found.checks if not each.holds] == broken
    assert bool(found.notes) is bool(journey.waits or journey.back)


def test_minutes_stand_by_state() -> None:
    """The median and the most of those that arrived; a state without starts has no row."""
    late = replace(GONE, seconds=1200.0)
    shared = replace(GONE, plan=replace(GONE.plan, state=State.POSTGRES), highest=SHADOW)
    rows = joined([conclude([GONE, GONE, late, shared])]).tables[0].rows

    assert rows == (("memory", "3", "3", "10.0", "20.0"), ("postgres", "1", "0", "–", "–"))


def test_a_client_that_notices_is_found() -> None:
    """A number that is left out, a link that was used up, a message that is missing."""
    calm = Seen(numbers=[2, 1], links=Counter({(200, 410): 2}), sessions=Counter({(1, 2, 3, 4): 2}))
    felt = Seen(numbers=[1, 3], links=Counter({(410, 410): 2}), sessions=Counter({(1, 3, 5, 7): 2}))

    assert [each.holds for each in calm.checks("shadow", 2)] == [True, True, True]
    assert [each.holds for each in felt.checks("shadow", 2)] == [False, False, False]
