from __future__ import annotations

from collections import Counter
from random import Random

from proxy.core.judge.coverage import START, Mark, Unseen, is_mark, unseen_by


def compared(shapes: list[int]) -> Unseen:
    """The chance after these requests, one by one."""
    counts: Counter[int] = Counter()
    marks = [START]
    for number, shape in enumerate(shapes, 1):
        counts[shape] += 1
        if is_mark(number - 1, number):
            marks.append(Mark(number, len(counts)))
    return unseen_by(counts.values(), len(shapes), marks)


def test_before_the_first_request_everything_is_unseen() -> None:
    """No data is no coverage."""
    assert compared([]) == Unseen(1.0, 1.0)


def test_the_estimate_is_the_share_of_what_was_seen_once() -> None:
    """Good and Turing: two of ten requests had a shape of their own."""
    assert compared([1] * 8 + [2, 3]).estimate == 0.2


def test_few_shapes_and_many_requests_are_covered() -> None:
    """Twenty shapes in turn: after 2,000 requests a new one is improbable, and proved to be."""
    assert compared([at % 20 for at in range(100)]).bound > 0.05
    assert compared([at % 20 for at in range(2000)]).bound < 0.005


def test_shapes_that_keep_coming_keep_the_bound_up() -> None:
    """Where every tenth request has a shape of its own, the bound stays above a tenth."""
    dice = Random(2)
    found = compared([at if dice.random() < 0.1 else -1 for at in range(5000)])

    assert 0.08 < found.estimate < 0.12
    assert found.bound > 0.1


def test_early_shapes_are_forgiven_later() -> None:
    """The first requests all are new shapes; the bound looks at the later ones."""
    found = compared([*range(100), *[at % 100 for at in range(5000)]])

    assert found.estimate == 0.0
    assert found.bound < 0.005


def test_a_scanner_that_invents_shapes_covers_nothing() -> None:
    """Every request has a shape of its own: the next one will, too."""
    found = compared(list(range(1000)))

    assert found.estimate == 1.0
    assert found.bound > 0.9


def test_powers_of_two_are_marked_however_many_requests_come_at_once() -> None:
    """One by one each power is a mark; a batch that passes several makes one."""
    assert [number for number in range(1, 20) if is_mark(number - 1, number)] == [1, 2, 4, 8, 16]
    assert [is_mark(3, 40), is_mark(33, 40), is_mark(0, 0)] == [True, False, False]
