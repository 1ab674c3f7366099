from __future__ import annotations

from math import log

from proxy.control.judge.change_detectors import MOST_EPOCHS, ChangeDetectors
from proxy.core.judge.change import NO_CHANGE
from proxy.core.outcome import Side
from proxy.link.messages import ComparedDelta

LOG_A = log(1e9)


def delta(*runs: tuple[int, int], epoch: str = "e", step: int = 7, side: str = "new") -> ComparedDelta:
    return ComparedDelta("a", epoch, step, side, list(runs))


def changes(*deltas: ComparedDelta, step: int = 7) -> ChangeDetectors:
    made = ChangeDetectors()
    made.follow(step)
    made.add(deltas, limit=0.01, at=5.0, log_a=LOG_A)
    return made


def test_each_side_has_its_own() -> None:
    """What new answers itself is not diluted by its shadows; where nothing ever differed there is nothing to keep."""
    found = changes(delta((0, 7)), delta((10_000, 0), side="legacy")).of("e")

    assert found[Side.NEW].alarmed_at == 5.0
    assert found[Side.LEGACY] == NO_CHANGE
    assert changes(delta((10_000, 0))).of("e") == {}


def test_a_step_begins_anew_and_what_comes_late_is_passed_over() -> None:
    """A wrong answer to what was asked at the step before says nothing about this one."""
    made = changes(delta((0, 7)))
    made.follow(7)
    stays = made.of("e")[Side.NEW].alarmed_at
    made.follow(8)
    made.add([delta((0, 7))], limit=0.01, at=6.0, log_a=LOG_A)

    assert stays == 5.0
    assert made.of("e") == {}


def test_two_versions_side_by_side_are_watched_apart() -> None:
    """The old one's wrong answers are no alarm of the new one; how many epochs are watched is bounded."""
    made = changes(delta((0, 7), epoch="old"), delta((1, 1), epoch="new"), delta((0, 1), epoch="new"))
    many = changes(*(delta((0, 1), epoch=str(number)) for number in range(MOST_EPOCHS + 2)))

    assert made.of("old")[Side.NEW].alarmed_at == 5.0
    assert (made.of("new")[Side.NEW].mismatched, made.of("new")[Side.NEW].alarmed_at) == (2, None)
    assert list(many.by_epoch) == [str(number) for number in range(2, MOST_EPOCHS + 2)]


def test_it_can_be_cleared() -> None:
    """After a window in which nothing counts."""
    made = changes(delta((0, 7)))
    made.clear()

    assert made.of("e") == {}


def test_an_edit_of_the_rules_ends_what_was_found_under_others() -> None:
    """An alarm that is older, and what had added up; what comes after it counts, and an alarm since then stays."""
    made = changes(delta((0, 7)), delta((0, 1), side="legacy"))
    made.judge_from(60.0)
    none = made.of("e")
    made.add([delta((0, 7))], limit=0.01, at=70.0, log_a=LOG_A)
    made.judge_from(60.0)

    assert none == {}
    assert (made.of("e")[Side.NEW].alarmed_at, made.of("e")[Side.NEW].mismatched) == (70.0, 7)


def test_the_same_rules_end_nothing() -> None:
    """Neither where nobody has edited them nor where it is said again."""
    made = changes(delta((0, 7)), delta((0, 1), side="legacy"))
    before = dict(made.of("e"))
    made.judge_from(0.0)

    assert made.of("e") == before
