from __future__ import annotations

from proxy.control.evidence.minutes import MOST_COURSE, OPEN, Minutes
from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import EvidenceTally
from proxy.core.parity.compare import Outcome


def tally(
    minute: int, count: int = 1, outcome: Outcome = Outcome.MATCH, shape: str = "s", why: str = ""
) -> EvidenceTally:
    return EvidenceTally(route="a", epoch=1, minute=minute, shape=shape, outcome=outcome, why=why, count=count)


def test_ended_minutes_are_added_once_and_open_ones_are_replaced() -> None:
    """What is read again of the latest minutes takes the place of what was read before; earlier ones stay as added."""
    minutes = Minutes()
    minutes.follow([tally(1, 5), tally(8, 2), tally(10, 1)])
    first = minutes.sums.match
    minutes.follow([tally(8, 4), tally(10, 1), tally(11, 1)])

    assert first == 8
    assert minutes.ended == 11 - OPEN + 1
    assert minutes.sums.match == 5 + 4 + 1 + 1
    assert minutes.newest == 11


def test_repeated_requests_are_compared_and_no_evidence() -> None:
    """They count for people, not for the judge; incomparable ones count for neither side."""
    minutes = Minutes()
    minutes.follow(
        [
            tally(1, 7, Outcome.MISMATCH),
            tally(1, 5, Outcome.MISMATCH, why=REPEATED),
            tally(1, 3, Outcome.IGNORED),
            tally(1, 2, Outcome.INCOMPARABLE, why="shed"),
        ]
    )
    sums = minutes.sums

    assert (sums.compared, sums.mismatch, sums.incomparable) == (15, 12, 2)
    assert (sums.evidence, sums.evidence_against) == (10, 7)
    assert sums.reasons == (("shed", 2),)


def test_reasons_add_up_over_minutes() -> None:
    """Why nothing could be compared is counted for people and for the judge, over ended minutes and open ones."""
    minutes = Minutes()
    minutes.follow([tally(at, 2, Outcome.INCOMPARABLE, why="credentials") for at in range(1, 9)])
    minutes.follow(
        [tally(7, 2, Outcome.INCOMPARABLE, why="credentials"), tally(9, 1, Outcome.INCOMPARABLE, why="shed")]
    )

    assert minutes.sums.reasons == (("credentials", 12), ("shed", 1)) == minutes.judged.reasons


def test_evidence_begins_anew_from_a_minute() -> None:
    """After an edit of the rules the judge sees what came later, and people see all of it."""
    minutes = Minutes()
    minutes.follow([tally(1, 9), tally(5, 2), tally(9, 1)])
    minutes.judge_from(9)

    assert (minutes.judged.evidence, minutes.sums.evidence) == (1, 12)


def test_the_chance_of_an_unseen_shape_falls_with_requests() -> None:
    """Nothing is known at first; shapes seen once are the estimate, and the bound is above it."""
    minutes = Minutes()
    nothing = minutes.unseen()
    minutes.follow([tally(1, 1, shape="rare"), tally(1, 99)])
    few = minutes.unseen()
    minutes.follow([tally(1, 1, shape="rare"), tally(1, 99), *(tally(each, 1000) for each in range(2, 40))])
    many = minutes.unseen()

    assert nothing == (1.0, 1.0)
    assert few[0] == 0.01 < few[1]
    assert many[0] < many[1] < 0.001
    assert minutes.shapes()["rare"] == 1


def test_nothing_open_is_nothing_new() -> None:
    """Without a comparison there is no newest minute."""
    minutes = Minutes()
    minutes.follow([tally(1, outcome=Outcome.INCOMPARABLE)])

    assert minutes.newest is None


def test_how_much_evidence_there_was_at_a_minute() -> None:
    """Of ended and open minutes; of what is not known to the minute rather more than less."""
    minutes = Minutes()
    minutes.follow([*(tally(minute, 10) for minute in range(1, 2 * MOST_COURSE)), tally(2 * MOST_COURSE + 9, 5)])
    last = 2 * MOST_COURSE - 1

    assert minutes.evidence_until(2 * MOST_COURSE + 9) == last * 10 + 5
    assert minutes.evidence_until(last) == last * 10
    assert 500 <= minutes.evidence_until(50) <= 540
