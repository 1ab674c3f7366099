from __future__ import annotations

from proxy.core.outcome import ServedBy
from proxy.edge.tally import Counters
from proxy.link.messages import BUCKETS


def test_counters_are_taken_once() -> None:
    """What was told is not told again; what nobody touched is not told at all."""
    counters = Counters()
    counters.tally("a", ServedBy.NEW).count(200, 0.002)
    counters.tally("b", ServedBy.NEW)

    ((told,), _) = counters.take()

    assert (told.route, told.side, told.codes, sum(told.buckets), told.seconds) == (
        "a",
        "new",
        [0, 1, 0, 0, 0],
        1,
        0.002,
    )
    assert counters.take() == ([], [])


def test_some_routes_are_told_and_the_others_add_up() -> None:
    """Only what is asked for is taken, also when it is known only after the last requests were counted."""
    counters, wanted = Counters(), set[str]()

    def late() -> None:
        counters.tally("a", ServedBy.NEW).count(500, 0.1)
        wanted.add("a")

    counters.tally("a", ServedBy.LEGACY).count(200, 0.1)
    counters.tally("b", ServedBy.LEGACY).count(200, 0.1)
    counters.before_take = late
    told, _ = counters.take(wanted)
    counters.before_take = lambda: None

    assert {(each.route, each.side) for each in told} == {("a", "legacy"), ("a", "new")}
    assert counters.take(set()) == ([], [])
    assert counters.touched == 1

    counters.tally("b", ServedBy.LEGACY).count(200, 0.1)

    assert [(each.route, sum(each.codes)) for each in counters.take()[0]] == [("b", 2)]


def test_what_a_side_failed_is_counted_beside_what_clients_got() -> None:
    """Failures that the other side answered are in no class of codes; what is nobody's is, and is told as such."""
    counters = Counters()
    tally = counters.tally("a", ServedBy.NEW)
    tally.fail(elsewhere=True)
    tally.count(500, 0.1)
    tally.fail()
    for seconds in (0.1, 0.0):
        tally.count(503, seconds)
        tally.disown(seconds)

    ((told,), _) = counters.take()

    assert (told.codes[4], told.failed, told.elsewhere, sum(told.nobodys), told.asked) == (3, 2, 1, 2, 2)
    assert (told.nobodys[0], told.nobodys[BUCKETS.index(0.1)]) == (1, 1)

    tally.count(200, 0.1)

    assert [(each.failed, each.elsewhere, each.nobodys) for each in counters.take()[0]] == [(0, 0, [])]
