from __future__ import annotations

from random import Random

from proxy.core.judge.coverage import ShapeCoverage


def compared(shapes: list[int], most: int = 2000) -> ShapeCoverage:
    coverage = ShapeCoverage(most=most)
    for shape in shapes:
        coverage.compare(shape)
    return coverage


def test_before_the_first_request_everything_is_unseen() -> None:
    """No data is no coverage."""
    assert (ShapeCoverage().unseen, ShapeCoverage().unseen_bound) == (1.0, 1.0)


def test_the_estimate_is_the_share_of_what_was_seen_once() -> None:
    """Good and Turing: two of ten requests had a shape of their own."""
    assert compared([1] * 8 + [2, 3]).unseen == 0.2


def test_few_shapes_and_many_requests_are_covered() -> None:
    """Twenty shapes in turn: after 2,000 requests a new one is improbable, and proved to be."""
    assert compared([at % 20 for at in range(100)]).unseen_bound > 0.05
    assert compared([at % 20 for at in range(2000)]).unseen_bound < 0.005


def test_shapes_that_keep_coming_keep_the_bound_up() -> None:
    """Where every tenth request has a shape of its own, the bound stays above a tenth."""
    dice = Random(2)
    coverage = compared([at if dice.random() < 0.1 else -1 for at in range(5000)], most=10_000)

    assert 0.08 < coverage.unseen < 0.12
    assert coverage.unseen_bound > 0.1


def test_early_shapes_are_forgiven_later() -> None:
    """The first requests all are new shapes; the bound looks at the later ones."""
    coverage = compared([*range(100), *[at % 100 for at in range(5000)]])

    assert coverage.unseen == 0.0
    assert coverage.unseen_bound < 0.005


def test_the_number_of_shapes_is_bounded_and_the_rest_counts_as_new() -> None:
    """A scanner that invents shapes cannot fill the memory, nor make the route look covered."""
    coverage = compared(list(range(1000)), most=10)

    assert len(coverage.shapes) == 10
    assert coverage.without_place == 990
    assert coverage.unseen == 1.0
    assert coverage.unseen_bound > 0.9


def test_a_frequent_shape_that_was_not_compared_is_named() -> None:
    """Legacy answers it twenty times, shadow saw it less often: it is uncovered until it is compared as often."""
    coverage = ShapeCoverage()
    for _ in range(20):
        coverage.answer(7)
    coverage.answer(8)
    for _ in range(19):
        coverage.compare(7)

    assert list(coverage.uncovered()) == [7]
    coverage.compare(7)
    assert list(coverage.uncovered()) == []
