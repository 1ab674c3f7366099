"""The verdict of the todock story: each thing that has to be so is missed when it is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from examples.stage.notebook import Notebook
from examples.todock.story.load import ToldClosed
from examples.todock.story.outage import KINDS, Outage
from examples.todock.story.report import CALLERS, REFUSALS, Report


def outage(**changed: object) -> Outage:
    """In which only orders were refused."""
    found = Outage(
        frozenset({"orders"}),
        through=Counter({True: 60, False: 40}),
        direct=Counter({False: 100}),
        alive_kinds=set(KINDS - {"orders"}),
        statuses=Counter({503: 38, 502: 2}),
        refused=[0.002] * 40,
    )
    return replace(found, **changed)  # type: ignore[arg-type] # by their names


def second(**changed: object) -> Outage:
    """In which nothing was refused."""
    nothing = {"through": Counter({True: 100}), "alive_kinds": set(KINDS), "statuses": Counter(), "refused": []}
    return outage(**{**nothing, **changed})


FIRST = Report(
    phases=1,
    unreachable=["invoice"],
    found_values="$.stage",
    moved_when_values_found=0,
    held_with_the_bug=True,
    echoes=9,
    outage=outage(),
    went_back=["1"],
)
GOOD = replace(
    FIRST,
    phases=3,
    contracts=3,
    found_effects=2,
    answered_by_new_when_found=0,
    taken_unplanned=3,
    taken_in_window=0,
    told_in_window=8,
    wrong_retry_after=0,
    asked_in_window=0,
    counted_closed=8,
    differences=0,
    rows=340,
    suspended={"banyan-1": 0.01, "banyan-2": 0.2},
    refused_by=REFUSALS,
    passed_without_provider=50,
    callers=CALLERS,
    met=CALLERS,
    unlisted=["kiosk", "statement-batch"],
    batch_was_met_at=0,
    gone=dict.fromkeys(CALLERS, 410),
    second_outage=second(),
    needs={"before": 1.0, "1": 0.5, "2": 0.25, "3": 0.0},
    went_back=["1", "2", "3"],
)


@pytest.mark.parametrize("report", [FIRST, GOOD])
def test_a_story_that_held_has_nothing_wrong(report: Report) -> None:
    """All that has to be so is so; what belongs to later phases is not missed."""
    assert report.verdict(Notebook(planted=1), 0) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"unreachable": []}, "probe named [] before the cut"),
        ({"unreachable_after": ["invoice"]}, "by the detour ['invoice'] were not reached"),
        ({"found_values": ""}, "the planted bug in values was not found"),
        ({"moved_when_values_found": 2}, "new had given 2 answers before that"),
        ({"held_with_the_bug": False}, "the ramp did not name the bug as what holds it"),
        ({"echoes": 0}, "no side said whom it saw"),
        ({"went_back": ["1", "3"]}, "went back in ['1', '3'] alone"),
        (
            {"outage": outage(alive_kinds=KINDS - {"card", "orders"})},
            "while the server was dead ['history', 'invoice',",
        ),
        ({"outage": outage(alive_kinds=set(KINDS))}, "while the server was dead ['card', 'history', 'invoice',"),
        ({"outage": outage(direct=Counter({True: 1, False: 99}))}, "1% went on without routes"),
        ({"outage": outage(statuses=Counter({503: 9, 500: 1}))}, "orders were refused with {503: 9, 500: 1}"),
        ({"outage": outage(statuses=Counter({502: 9, 503: 1}))}, "and 503 is not the rule"),
        ({"outage": outage(refused=[3.0])}, "an order was refused after 3000 ms"),
        ({"contracts": 2}, "orders were written in 2 contracts"),
        ({"found_effects": 0}, "the planted bug in effects was not found"),
        ({"answered_by_new_when_found": 1}, "new had answered for orders before it was found"),
        ({"taken_unplanned": 0}, "no order was taken in the hour that new does not know"),
        ({"taken_in_window": 1}, "1 orders were taken in the closed hour"),
        ({"asked_in_window": 2}, "legacy was asked 2 times in the closed hour"),
        ({"told_in_window": 0}, "nobody was told that it is closed"),
        ({"wrong_retry_after": 3}, "3 were told to come back at another time"),
        ({"counted_closed": 7}, "7 answers were counted as closed"),
        ({"moved_in_window": ["orders.site 7"]}, "in the closed hour the judge moved ['orders.site 7']"),
        ({"rows": 0}, "no row was compared"),
        ({"differences": 3}, "the stores differ in 3 rows"),
        ({"suspended": {"banyan-1": 0.1}}, "a suspended member was out after {'banyan-1': 0.1}"),
        ({"suspended": {"banyan-1": 0.1, "banyan-2": 1.5}}, "a suspended member was out after"),
        ({"refused_by": (("self", 401), ("self", 403))}, "the two refusals were of (('self', 401), ('self', 403))"),
        ({"refused_by": (("self", 401), ("new", 200))}, "the two refusals were of (('self', 401), ('new', 200))"),
        ({"passed_without_provider": 0}, "nobody came in while the provider was away"),
        ({"callers": {**CALLERS, "flyers": ["site"]}}, "what was left is called by {'flyers': ['site']"),
        ({"met": {**CALLERS, "statements": []}}, "brown-outs met {'flyers': []"),
        ({"batch_was_met_at": 2}, "the monthly batch was met with its call 2"),
        ({"unlisted": ["kiosk"]}, "in no list stand ['kiosk']"),
        ({"gone": {**dict.fromkeys(CALLERS, 410), "stores": 200}}, "what was retired answers"),
        ({"second_outage": second(through=Counter({True: 6, False: 4}))}, "at the end 60% went on without legacy"),
        ({"second_outage": second(alive_kinds=KINDS - {"orders"})}, "at the end only ['card', 'history', 'invoice',"),
        ({"second_outage": second(direct=Counter({True: 1}))}, "at the end the server was not dead"),
        ({"needs": {"3": 0.25}}, "at the end 25% still needed legacy"),
        ({"wrong": ["something else"]}, "something else"),
    ],
)
def test_what_was_not_so_is_said(changed: dict[str, object], said: str) -> None:
    """One sentence each."""
    report = replace(GOOD, **changed)  # type: ignore[arg-type] # by their names
    (found,) = report.verdict(Notebook(planted=1), 0)

    assert said in found


def test_clients_that_failed_are_said() -> None:
    """With what they got."""
    notebook = Notebook(planted=1)
    notebook.fail("2", "GET /points: 502")

    assert GOOD.verdict(notebook, 1) == [
        "1 client errors that were not planted: GET /points: 502",
        "1 good tokens got 401",
    ]


@pytest.mark.parametrize(
    ("seen", "is_shown"),
    [
        (outage(), True),
        (outage(alive_kinds=KINDS - {"orders", "card"}), False),
        (outage(statuses=Counter({503: 2, 502: 2})), False),
        (replace(second(), needs=frozenset()), True),
        (replace(second(alive_kinds=KINDS - {"orders"}), needs=frozenset()), False),
    ],
)
def test_the_server_stays_dead_until_all_kinds_have_come(*, seen: Outage, is_shown: bool) -> None:
    """Those that go on, and of those that cannot more that were told at once than found it out."""
    assert seen.is_shown is is_shown


@pytest.mark.parametrize(("seconds", "is_it"), [(2, False), (3, True), (4, True), (5, False)])
def test_who_is_told_to_come_back_is_told_the_end(*, seconds: int, is_it: bool) -> None:
    """Who asks 3.2 s before it and is answered 2.6 s before it is told 3 or 4 s, which are rounded up."""
    assert ToldClosed(asked=100.0, told=100.6, seconds=seconds).names(103.2) is is_it
