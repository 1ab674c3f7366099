from __future__ import annotations

from proxy.control.fleet.gossip import MOST_BAD, MOST_COMPARED, Gossip, Outbox, RouteAnswers, read, written
from proxy.link.messages import (
    BUCKETS,
    AliveDelta,
    CohortDelta,
    ComparedDelta,
    RefusedDelta,
    Report,
    RouteDelta,
    ShadowDelta,
)
from tests.control.stands import bad, failures


def report(*routes: RouteDelta, **more: object) -> Report:
    return Report(
        worker=0,
        pid=1,
        revision="r",
        inflight={},
        connections=0,
        routes=list(routes),
        failures=[],
        **more,  # type: ignore[arg-type]
    )


def delta(side: str, good: int, failed: int = 0) -> RouteDelta:
    return RouteDelta("a", side, [0, good, 0, 0, failed], [good + failed] + [0] * len(BUCKETS), 0.0, failed)


def test_reports_add_up_until_they_are_taken() -> None:
    """Answers of both sides, bad ones among them, and shadows; what Banyan answered itself is no side's."""
    outbox = Outbox()
    outbox.hear(report(delta("legacy", 5, 1), delta("new", 2, 2), delta("self", 9), bad=[bad()], bad_lost=3))
    outcomes = {"sent": 4, "skipped": 7, "shed": 1, "failed": 2}
    outbox.hear(report(delta("new", 1), shadows=[ShadowDelta("a", *item) for item in outcomes.items()]))

    taken = outbox.take()
    assert taken == Gossip(answered=[RouteAnswers("a", 6, 1, 5, 2, 4, 3, 7)], bad=[bad()], lost=3)
    assert outbox.take() == Gossip()


def test_what_is_told_is_understood() -> None:
    """A batch comes back as it was; what another version says is passed over."""
    batch = Gossip(answered=[RouteAnswers("a", 1, 2, 3, 4, 5)], bad=[bad(cohort=2**64 - 1)], lost=1)

    assert read(written(batch)) == batch
    assert read(b"\xc1 nothing of ours") is None
    assert read(b"\x81\xa8answered\x91\x91\x01") is None


def test_bad_events_are_bounded() -> None:
    """What finds no room is counted as lost."""
    outbox = Outbox()
    outbox.add(failures(MOST_BAD + 5))
    taken = outbox.take()

    assert (len(taken.bad), taken.lost) == (MOST_BAD, 5)


def test_what_was_compared_is_told_the_latest_first_kept() -> None:
    """It goes to the others as it came; who is not asked for long keeps the latest."""
    outbox = Outbox()
    deltas = [ComparedDelta("a", "e", number, "new", [(1, 2)], (3, 4)) for number in range(MOST_COMPARED + 2)]
    outbox.compare(deltas[:3])
    taken = outbox.take()
    outbox.compare(deltas)

    assert read(written(taken)) == Gossip(compared=deltas[:3])
    assert outbox.take().compared == deltas[2:]


def test_what_the_sides_were_asked_is_not_what_clients_got() -> None:
    """Refusals are apart; what a side failed and the other answered is its own; what is nobody's is in no number."""
    elsewhere = RouteDelta("a", "new", [0, 3, 0, 0, 2], [5] + [0] * len(BUCKETS), 0.0, 4, 4, [2] + [0] * len(BUCKETS))
    outbox = Outbox()
    outbox.hear(
        report(
            elsewhere,
            refused=[
                RefusedDelta("a", "new", "breaker", 2),
                RefusedDelta("a", "new", "upstream", 5),
                RefusedDelta("a", "legacy", "upstream", 9),
                RefusedDelta("a", "new", "misdirected", 8),
                RefusedDelta("a", "new", "closed", 6),
            ],
            alive=[AliveDelta("a", 6, 1)],
            cohorts=[CohortDelta("a", 7, 3, 4)],
        )
    )
    taken = outbox.take()

    assert taken.answered == [RouteAnswers("a", new=7, new_bad=4, refused=7, shadow_good=6, shadow_bad=1, left_alone=5)]
    assert taken.cohorts == [CohortDelta("a", 7, 3, 4)]
    assert read(written(taken)) == taken
    assert outbox.take().cohorts == []


def test_cohorts_are_bounded() -> None:
    """More than fit are left out: their answers are counted all the same."""
    outbox = Outbox()
    for _ in range(2):
        outbox.hear(report(cohorts=[CohortDelta("a", number, 1, 0) for number in range(MOST_BAD - 1)]))

    assert len(outbox.take().cohorts) == MOST_BAD


def test_answers_of_replicas_add_up() -> None:
    """Each number of both."""
    assert RouteAnswers("a", *range(1, 11)).plus(RouteAnswers("a", *[1] * 10)) == RouteAnswers("a", *range(2, 12))
