"""A ramp with its default needs, from shadow to live: the real judge, a clock that is told, and what workers report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.judge.judging import KEEP_EVERY
from proxy.core.judge.ramp import ComparedCounts, Measures
from proxy.core.parity.rules.pair_counts import PairCounts
from tests.control.stands import START, Clock, Guards, Known, Stand, Store, table

DEFAULTS = "name: a, match: 'GET /x/{id}', stage: shadow, ramp: {hold: 30s, soak: 30s}"
PROVED = Measures(
    compared=5000, pairs=PairCounts(5000), unseen=0.001, uncovered=0, newest_at=START, answered=ComparedCounts(2000)
)
SAMPLE = 0.1
EVERY = 10.0
REQUESTS = 1000


def stand(clock: Clock, *routes: str) -> Stand:
    return Stand(table(*routes), Store(clock), clock, known=Known())


async def traffic(one: Stand, clock: Clock, *, unfit: float = 0.0, route: str = "a") -> None:
    """Ten seconds of a route as its place has it: shadows by the order that stands; `unfit`: a share without any."""
    one.known.by_route[route] = replace(PROVED, newest_at=clock.now)
    position = one.here.position(one.route(route))
    new = round(REQUESTS * position.split) if position.stage == "canary" else REQUESTS * (position.stage == "live")
    sample = 1.0 if position.stage == "shadow" else one.here.samples.get(route, SAMPLE)
    sent, skipped = round(REQUESTS * sample * (1 - unfit)), round(REQUESTS * sample * unfit)
    one.hear(legacy=REQUESTS - new, new=new, route=route, shadows={"sent": sent, "skipped": skipped})
    await one.rounds(seconds=EVERY)


async def climbed(one: Stand, clock: Clock, most: int = 60, *, unfit: float = 0.0) -> list[str]:
    """The places, one after the other, until live or for so many times ten seconds."""
    seen = [one.place()]
    for _ in range(most):
        await traffic(one, clock, unfit=unfit)
        seen += [place] if (place := one.place()) != seen[-1] else []
    return seen


async def reach(one: Stand, clock: Clock, place: str) -> None:
    """As far as there, and no further."""
    for _ in range(60):
        if one.place() == place:
            return
        await traffic(one, clock)
    raise AssertionError(reasons(one))


def reasons(one: Stand) -> tuple[str, ...]:
    """What the judge says of the route."""
    return one.judging.ruling(one.route()).judgement.reasons


LADDER = ["shadow", "canary 1%", "canary 5%", "canary 25%", "canary 50%", "canary 98%", "live"]


@pytest.mark.parametrize("unfit", [0.0, 0.4, 0.95])
async def test_a_ramp_climbs_with_its_defaults(clock: Clock, unfit: float) -> None:
    """What new carried at shadow counts at every step, also of a route of which most requests cannot be shadowed."""
    one = stand(clock, DEFAULTS)
    await one.begin()

    assert await climbed(one, clock, unfit=unfit) == LADDER
    assert one.here.samples == {}


@pytest.mark.parametrize("unfit", [0.0, 0.4])
async def test_a_ramp_that_begins_at_canary_climbs(clock: Clock, unfit: float) -> None:
    """Without a shadow stage before, the sample is raised to what each step needs, and comes down after it."""
    one = stand(clock, DEFAULTS.replace("stage: shadow", "stage: canary, split: 5%"))
    await one.begin()
    await traffic(one, clock, unfit=unfit)
    raised = dict(one.here.samples)

    assert 0.2 < raised["a"] < 0.4
    assert any("are shadowed until then" in reason for reason in reasons(one))
    assert await climbed(one, clock, unfit=unfit) == LADDER[2:]
    assert one.here.samples == {}


async def test_missing_comparisons_raise_it_as_far_as_new_has_carried(clock: Clock) -> None:
    """What new carried at shadow it can carry again, so that they come as soon; then the usual share is back."""
    one = stand(clock, DEFAULTS)
    await one.begin()
    await reach(one, clock, "canary 5%")
    plain = dict(one.here.samples)
    one.known.by_route["a"] = replace(PROVED, compared=10, answered=ComparedCounts(5), newest_at=clock.now)
    one.hear(legacy=950, new=50, shadows={"sent": 100})
    await one.rounds()
    missing = dict(one.here.samples), any("are shadowed until then" in reason for reason in reasons(one))
    one.known.by_route["a"] = replace(PROVED, newest_at=clock.now)
    await one.rounds()

    assert (plain, missing, one.here.samples) == ({}, ({"a": 1.0}, True), {})


async def test_a_sample_that_is_written_is_not_raised(clock: Clock) -> None:
    """The ramp stays where the file's own sample leaves it, and says so."""
    written = DEFAULTS.replace("stage: shadow", "stage: canary, split: 5%, shadow: {sample: 10%}")
    one = stand(clock, written)
    await one.begin()

    assert await climbed(one, clock) == ["canary 5%"]
    assert one.here.samples == {}
    assert "new carries 14.5 % of the requests, shadow included; canary 25% is next" in reasons(one)


async def test_a_new_version_has_to_carry_it_again(clock: Clock) -> None:
    """What the epoch before carried at shadow is no capacity of this one."""
    one = stand(clock, DEFAULTS)
    await one.begin()
    await reach(one, clock, "canary 5%")
    before = dict(one.here.samples)
    one.known.epoch = 2
    await traffic(one, clock)

    assert before == {}
    assert one.here.samples["a"] > 0.2
    assert any("which share of the requests new carries" in reason for reason in reasons(one))
    assert await climbed(one, clock) == LADDER[2:]


async def test_a_hold_takes_no_answers_away(clock: Clock) -> None:
    """Answers of new at a step go on counting when the route was held there and resumed counting them meanwhile."""
    one = stand(clock, DEFAULTS.replace("stage: shadow", "stage: canary, split: 1%"))
    await one.begin()
    for _ in range(2):
        await traffic(one, clock)
    watch = one.judging._watches["a"]
    before, place = watch.answers, one.here.position(one.route())
    watch.follow(replace(place, held=True, version=place.version + 1))
    held = watch.answers
    watch.follow(replace(place, since=place.since + 60.0, version=place.version + 2))

    assert (before, held, watch.answers) == (20, 20, 0)


async def test_writes_alone_go_by_guard_requests_and_time(clock: Clock) -> None:
    """With `compared: 0` a route that is never compared climbs; without it it stays, and says why."""
    bare = DEFAULTS.replace("GET /x", "POST /x")
    asked = stand(clock, bare)
    told = stand(clock, bare.replace("soak: 30s", "soak: 30s, needs: {compared: 0}"))
    for one in (asked, told):
        await one.begin()
        for _ in range(60):
            split = one.here.position(one.route()).split
            new = round(REQUESTS * split)
            one.hear(legacy=REQUESTS - new, new=new, shadows={"skipped": REQUESTS})
            await one.rounds(seconds=EVERY)

    assert (asked.place(), told.place()) == ("shadow", "live")
    assert any("100 % of the requests cannot be shadowed" in reason for reason in reasons(asked))


RAMP = "ramp: {hold: 30s, soak: 30s, needs: {requests: 100, capacity: false}}"


def begun_with(guards: Guards, store: Store, clock: Clock, instance: str = "one") -> Stand:
    """A replica of a route at its first step, over this store."""
    text = f"name: a, match: /a, stage: canary, split: 1%, {RAMP}"
    return Stand(table(text), store, clock, guards=guards, instance=instance, known=Known({"a": PROVED}))


async def left_amid_a_step(guards: Guards, store: Store, clock: Clock) -> None:
    """A replica counts eighty answers of new, keeps them, and is gone."""
    first = begun_with(guards, store, clock)
    await first.begin()
    first.hear(legacy=8000, new=80)
    await first.rounds(2, seconds=KEEP_EVERY)
    await first.judge.leading.resign()


async def test_a_restart_amid_a_step_begins_at_no_zero(clock: Clock) -> None:
    """Answers of new that the last process counted are counted on by the next one, and not twice."""
    store, guards = Store(clock), Guards()
    await left_amid_a_step(guards, store, clock)
    again = begun_with(guards, store, clock)
    await again.begin()
    await again.rounds()
    kept = reasons(again)
    again.hear(legacy=2000, new=20)
    again.known.by_route["a"] = replace(PROVED, newest_at=clock.now)
    await again.rounds(2, seconds=30.0)

    assert "new answered 80 of 100 requests at this step" in kept
    assert again.place() == "canary 5%"


async def test_who_leads_next_has_counted_each_answer_once(clock: Clock) -> None:
    """A replica that hears all and takes the lead knows the sum: what it heard and what was kept do not come twice."""
    store, guards = Store(clock), Guards()
    first, second = begun_with(guards, store, clock), begun_with(guards, store, clock, "two")
    for one in (first, second):
        await one.begin()
        await one.rounds(seconds=0.1)
    first.hear(legacy=4000, new=40)
    await first.rounds(seconds=KEEP_EVERY)
    second.hear(legacy=3000, new=30)
    await second.rounds(seconds=0.1)
    await first.rounds(seconds=KEEP_EVERY)
    await first.judge.leading.resign()
    await second.rounds(2, seconds=KEEP_EVERY)

    assert second.judge.leading.lead is not None
    assert "new answered 70 of 100 requests at this step" in reasons(second)
    assert {state.numbers[4] for state in guards.states.values() if state.bad == "step"} == {70.0}


async def test_a_store_that_is_away_at_first_is_asked_later(clock: Clock) -> None:
    """What it keeps is taken up when it answers, and before anything is written over it."""
    store, guards = Store(clock), Guards()
    await left_amid_a_step(guards, store, clock)
    again = begun_with(guards, store, clock)
    await again.mover.restore()
    again.hear(legacy=1000, new=10)
    await again.rounds(2, seconds=KEEP_EVERY)

    assert "new answered 90 of 100 requests at this step" in reasons(again)
    assert {state.numbers[4] for state in guards.states.values() if state.bad == "step"} == {90.0}


async def test_what_the_step_needs_is_kept_once(clock: Clock) -> None:
    """With answers enough nothing changes any more that would have to be written every five seconds."""
    store, guards = Store(clock), Guards()
    one = begun_with(guards, store, clock)
    await one.begin()
    for _ in range(3):
        one.hear(legacy=30_000, new=300)
        await one.rounds(seconds=KEEP_EVERY)

    assert {state.numbers[4] for state in guards.states.values() if state.bad == "step"} == {100.0}
    assert one.judging.states(clock.now, slow=False) == ()
