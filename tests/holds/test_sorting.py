from __future__ import annotations

import pytest

from holds.asking import Answer, Ask
from holds.endurance.sorting import Excuse, Outage, excuse, executed_twice, growth

KILLS = [100.0]
OUTAGES = [Outage(name="new", began=200.0, ended=201.0)]


def failed(trouble: str, began: float, *, route: str = "legacy", clear: bool = False) -> Answer:
    return Answer(
        number=1, ask=Ask("GET", route), began=began, ended=began + 0.5, status=0, trouble=trouble, clear=clear
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (failed("cut", 99.8), Excuse.KILLED),
        (failed("cut", 100.1), Excuse.KILLED),
        (failed("cut", 101.0), Excuse.ELSE),
        (failed("cut", 99.0), Excuse.ELSE),
        (failed("status", 100.0), Excuse.ELSE),
        (failed("timeout", 100.0), Excuse.ELSE),
        (failed("status", 200.5, route="new", clear=True), Excuse.RESTARTED),
        (failed("cut", 200.5, route="new"), Excuse.RESTARTED),
        (failed("cut", 200.5, route="split"), Excuse.RESTARTED),
        (failed("cut", 200.5), Excuse.ELSE),
        (failed("status", 203.0, route="new", clear=True), Excuse.CLEAR),
        (failed("status", 203.0, route="new"), Excuse.ELSE),
        (failed("wrong", 200.5, route="new", clear=True), Excuse.ELSE),
        (failed("wrong", 100.0), Excuse.ELSE),
    ],
)
def test_a_failed_request_is_excused_by_what_happened_to_it_alone(answer: Answer, why: Excuse) -> None:
    """A cut at a kill, any failure at an upstream that was away, a clear answer; another's answer is never excused."""
    assert excuse(answer, KILLS, OUTAGES) is why


def test_what_was_executed_twice_is_found() -> None:
    """Each number that stands more than once, and no other."""
    assert executed_twice(["1", "2", "3", "2"]) == ["2"]


def test_growth_is_that_of_the_line_and_ignores_the_beginning() -> None:
    """A line that rises by 10 a second grows by 10 times its length; what came before it counts for nothing."""
    assert growth([(float(at), 10 * at) for at in range(11)], 0) == pytest.approx(100)
    assert growth([(0, 0), (1, 900), *((float(at), 1000) for at in range(5, 20))], 5) == pytest.approx(0)
    assert growth([(0, 0), (1, 900)], 0) == 0
