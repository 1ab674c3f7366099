"""An alarm where legacy answers everybody but a pinned tester: how long it lasts, and what it keeps from going on."""

from __future__ import annotations

from proxy.control.judge.route_watch import RouteWatch
from proxy.control.position.group_orders import GroupOrders, OperatorOrder
from proxy.core.judge.ramp import Measures
from proxy.core.judge.share import LONGEST
from proxy.core.position.position import Cause, rolled_back
from proxy.link.messages import CohortDelta, ComparedDelta
from tests.control.stands import Clock, Known, Stand, Store, alone, bad, failures

RAMPED = "name: a, match: /a, stage: shadow, ramp: {steps: [10%, 50%]}"


async def alarmed() -> Stand:
    """A route at shadow on which new could not be reached for a pinned tester, five times in a row."""
    clock = Clock()
    stand = await alone(Store(clock), clock, RAMPED)
    stand.healthy.add("legacy")
    stand.hear(legacy=50, new_bad=5, bad=[bad(unreachable=True)] * 5)
    await stand.rounds()
    return stand


def opened(stand: Stand) -> bool:
    """Whether the judge waits for the breaker's alarm."""
    reasons = stand.judging.rulings["a"].judgement.reasons
    return reasons[0] == "new failed 5 times in a row while legacy answered"


async def test_a_good_answer_ends_it() -> None:
    """While new fails the ramp waits; once the tester was answered well it waits for its needs alone."""
    stand = await alarmed()
    before = opened(stand)
    stand.hear(legacy=50, new=1)
    await stand.rounds()

    assert before
    assert not opened(stand)
    assert stand.judging.rulings["a"].judgement.reasons[0].startswith("at shadow for 2s")


async def test_time_ends_it() -> None:
    """Nobody asks new any more: it ends after as long as the breakers look back, and no row is left of it."""
    stand = await alarmed()
    await stand.rounds(LONGEST - 1)
    before = opened(stand)
    await stand.rounds()
    stand.hear(legacy=50, new_bad=1, bad=[bad(unreachable=True)])
    await stand.rounds()

    assert before
    assert not opened(stand)


async def test_a_failure_keeps_it() -> None:
    """The time begins anew with each."""
    stand = await alarmed()
    await stand.rounds(LONGEST - 1)
    stand.hear(legacy=50, new_bad=1, bad=[bad(unreachable=True)])
    await stand.rounds(2)

    assert stand.judging.rulings["a"].judgement.reasons[1].startswith("at shadow new answers pinned cohorts alone")


async def test_promote_is_not_overtaken_by_it() -> None:
    """Whoever takes the route to canary has been told of it; what fails there takes it back as ever."""
    stand = await alarmed()
    orders = GroupOrders(running=stand.running, here=stand.here, mover=stand.mover)
    await orders.give(stand.route(), OperatorOrder(verb="promote", reason="new is well", by="somebody"))
    await stand.rounds(2)
    promoted = stand.place()
    stand.hear(legacy=50, new_bad=5, bad=failures(5))
    await stand.rounds()

    assert (promoted, stand.place()) == ("canary 10%", "shadow")


async def test_a_share_that_fails_is_ended_by_no_single_answer() -> None:
    """Half of what pinned cohorts ask fails, and half is answered well: the ramp waits until that is over."""
    stand = await alarmed()
    cohorts = [CohortDelta("a", cohort, 4, 4) for cohort in range(5)]
    for _ in range(12):
        stand.hear(legacy=50, new=20, new_bad=20, bad=failures(20), cohorts=cohorts)
        await stand.rounds()
    during = stand.judging.rulings["a"].judgement.reasons
    for _ in range(12):
        stand.hear(legacy=50, new=40)
        await stand.rounds()

    assert during[0].startswith("new failed ")
    assert stand.judging.rulings["a"].judgement.reasons[0].startswith("at shadow for")


async def test_a_latched_route_keeps_its_alarm() -> None:
    """It says why it was rolled back until somebody says resume."""
    stand = await alarmed()
    route = stand.route()
    before = stand.here.position(route)
    watch = stand.judging._watches["a"]
    watch.follow(rolled_back(before, before.place, Cause.BREAKER, stand.clock.now))

    assert watch.is_alarmed


async def test_an_edit_of_the_rules_ends_an_alarm_of_mismatches() -> None:
    """What differed is accepted: the judge waits for its needs again, and no alarm of before stands in their place."""
    clock = Clock()
    known = Known({"a": Measures(epoch="e", newest_at=clock.now + 60.0)})
    stand = await alone(Store(clock), clock, RAMPED, known=known)
    step = stand.here.position(stand.route()).step
    watch = stand.judging._watches.setdefault("a", RouteWatch())
    watch.changes.follow(step)
    watch.changes.add([ComparedDelta("a", "e", step, "legacy", [(0, 13)])], limit=0.01, at=clock.now, log_a=9.0)
    await stand.rounds()
    before = stand.judging.rulings["a"].judgement
    known.edited = clock.now
    await stand.rounds()
    after = stand.judging.rulings["a"].judgement

    assert before.reasons[0].startswith("mismatches have become more frequent than the ramp allows")
    assert after.reasons[0].startswith("at shadow for")
    assert [need.need for need in before.needs] == [need.need for need in after.needs]
