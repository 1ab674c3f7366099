from __future__ import annotations

from itertools import pairwise

from proxy.core.outcome import Side
from proxy.core.routing.split import draw, salt_of
from proxy.demo.asks import Ask, Written, visit
from proxy.demo.notebook import NotedWindow, figures
from proxy.demo.routes_file import MOVED
from proxy.demo.seed import OFFICES, office_name
from proxy.demo.story import STEPS, TOLERANCE, Measured, went_back, wrong_shares

L, N = Side.LEGACY, Side.NEW


def window(**offices: set[Side]) -> NotedWindow:
    return NotedWindow(route=MOVED, by_office=dict(offices))


def measured(moved: int, expected: float) -> Measured:
    return Measured(
        stage="canary",
        split=f"{expected:.0%}",
        expected=expected,
        figures=figures(0, 0, [], 1.0),
        offices=OFFICES,
        moved=moved,
        failures=0,
    )


def test_offices_that_only_ever_move_forward_are_fine() -> None:
    """Moving from legacy to new, and staying there, is what the split promises."""
    assert went_back([window(a={L}, b={L}), window(a={N}, b={L}), window(a={N}, b={N})]) == []


def test_an_office_that_goes_back_is_found() -> None:
    """New in one window and legacy in a later one, or both in one, is told by name."""
    told = went_back([window(a={N}, b={L}, c={N, L}), window(a={L}, b={N})])

    assert told == ["2 offices went back to legacy: a, c"]


def test_a_share_is_judged_by_its_split() -> None:
    """As many offices as the split says is right; far more or fewer is told with the share."""
    assert wrong_shares([measured(13, 0.05), measured(61, 0.25), measured(OFFICES, 1.0)]) == []
    assert wrong_shares([measured(0, 0.05), measured(75, 0.25)]) == [
        "at canary 5% new answered 0.0% of the offices",
        "at canary 25% new answered 30.0% of the offices",
    ]


def test_the_offices_are_drawn_near_every_split() -> None:
    """The names of the offices are such that a right Banyan passes the judgement, with room to spare."""
    draws = [draw(salt_of(MOVED), f"header:{office_name(number)}".encode()) for number in range(1, OFFICES + 1)]
    for step in STEPS:
        share = sum(each < step.share for each in draws) / OFFICES
        assert abs(share - step.share) < TOLERANCE / 2


def test_what_was_written_must_be_read() -> None:
    """After a confirmed write the next look at that customer must hold it, and says what it lacks."""
    written = Written()
    written.keep("office-007", 7, {"note": "x"})
    ask = written.show("office-007", 7)

    assert ask.fault_in({"id": 7, "note": "x", "name": "A"}) == ""
    assert ask.fault_in({"id": 7, "note": None}) == "GET /customers/7 should hold {'note': 'x'}, holds {'note': None}"


def test_visits_cover_every_route_and_read_what_they_wrote() -> None:
    """In sixteen visits an office uses all five routes; each write is followed by a look at that customer."""
    written = Written()
    asked: list[Ask] = []
    for turn in range(16):
        for ask in visit(7, turn, written):
            asked.append(ask)
            if ask.body is not None:
                number = 5000 if ask.method == "POST" else int(ask.path.rpartition("/")[2])
                written.keep("office-007", number, ask.body)

    assert {ask.route for ask in asked} == {
        f"customers.{name}" for name in ["show", "search", "create", "update", "appointments"]
    }
    for before, after in pairwise(asked):
        if before.body is not None:
            assert after.holds.items() >= before.body.items()
