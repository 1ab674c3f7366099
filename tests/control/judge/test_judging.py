"""The judge at work over one store: rounds, rollbacks, promotions, leaders that change, and stores that go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.fleet.lease import LASTS
from proxy.control.position.place_reasons import why
from proxy.core.judge.ramp import ComparedCounts, Measures
from proxy.core.judge.verdict import Action, Ruling
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.hold import resumed
from proxy.core.position.position import Cause, move, transition
from proxy.core.position.record import OrderKind, kind_of
from tests.control.stands import START, Clock, Guards, Known, Stand, Store, alone, bad, canary, failures, table

RAMP = "ramp: {steps: [1%, 5%, 50%], hold: 10m, soak: 1h, needs: {capacity: false, requests: 10}}"
PROVED = Measures(
    compared=5000, pairs=PairCounts(5000), answered=ComparedCounts(2000), unseen=0.001, uncovered=0, newest_at=START
)


async def pair(store: Store, clock: Clock, *routes: str) -> tuple[Stand, Stand]:
    """Two replicas; the first one leads."""
    found = [Stand(table(*routes), store, clock, instance=name) for name in ("one", "two")]
    for each in found:
        await each.begin()
        await each.rounds(seconds=0.1)
    assert found[0].judge.leading.lead is not None
    return found[0], found[1]


async def test_new_that_fails_in_a_row_is_taken_back(store: Store, clock: Clock) -> None:
    """Five failures of several cohorts while legacy answers: back to shadow, latched, with reason and numbers."""
    stand = await alone(store, clock, canary())
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds()

    moved = (await store.behind.transitions("a", 1))[0]
    assert (stand.place(), stand.here.position(stand.route()).latched) == ("shadow", True)
    assert (moved.cause.value, moved.actor) == ("breaker", "judge at one")
    assert "5 times in a row while legacy answered" in moved.reason


@pytest.mark.parametrize(
    ("said", "legacy", "new"),
    [("both are down", 0, 0), ("new answers in between", 9, 1), ("one cohort alone", 9, 0)],
    ids=str,
)
async def test_what_is_no_row_moves_nothing(store: Store, clock: Clock, said: str, legacy: int, new: int) -> None:
    """Failures of both sides, failures with answers of new among them, and one cohort's few, are no reason."""
    stand = await alone(store, clock, canary("10%", "guard: {classes: [latency]}"))  # the breaker alone
    events = [bad(cohort=1) for _ in range(5)] if said == "one cohort alone" else failures(5)
    stand.hear(legacy=legacy, new=new, bad=events, new_bad=5)
    await stand.rounds()

    assert stand.place() == "canary 10%"


async def test_a_health_probe_counts_as_legacy_that_answers(store: Store, clock: Clock) -> None:
    """With little traffic a probe says that legacy is there to go back to."""
    stand = await alone(store, clock, canary())
    stand.healthy.add("legacy")
    stand.hear(bad=failures(5), new_bad=5)
    await stand.rounds()

    assert stand.place() == "shadow"


async def test_the_guard_sees_what_all_replicas_see(store: Store, clock: Clock) -> None:
    """Events that would not be enough at either replica are at both: the leader counts what the other told."""
    first, second = await pair(store, clock, canary())
    taken = 0
    for minute in range(60):
        for number, each in enumerate((first, second)):
            each.hear(legacy=500, new=50, new_bad=1, bad=[bad(cohort=minute * 2 + number)])
        taken += 1
        await second.rounds(seconds=1.0)
        await first.rounds(seconds=1.0)
        if first.place() != "canary 10%":
            break
    lonely = Stand(table(canary()), Store(clock), clock)
    await lonely.begin()
    for minute in range(taken):
        lonely.hear(legacy=500, new=50, new_bad=1, bad=[bad(cohort=minute)])
        await lonely.rounds()

    assert (first.place(), lonely.place()) == ("shadow", "canary 10%")
    assert (await store.behind.transitions("a", 1))[0].cause.value == "guard"
    await second.mover.look()
    assert second.place() == "shadow"


async def test_where_new_is_alone_it_is_held_against_what_legacy_was(store: Store, clock: Clock) -> None:
    """At live: many more bad answers than legacy ever had take the route back; as many as legacy had do not."""
    places = []
    for failing in (0, 8):
        mine = Store(clock)
        stand = await alone(mine, clock, "name: a, match: /a, stage: live")
        for minute in range(40):
            events = failures(failing, first=minute * 10)
            stand.hear(new=100 - failing, new_bad=failing, bad=events)
            await stand.rounds(seconds=60.0)
        places.append(stand.place())

    assert places == ["live", "shadow"]


async def test_a_latched_route_stays_whatever_is_proved(store: Store, clock: Clock) -> None:
    """No later evidence overwrites the verdict that latched it; resume clears the alarm as well."""
    known = Known({"a": PROVED})
    stand = await alone(store, clock, canary("1%", RAMP), known=known)
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds()
    known.by_route["a"] = replace(PROVED, newest_at=clock.now + 7200.0)
    await stand.rounds(4, seconds=1800.0)
    latched = stand.place()

    assert latched == "shadow"
    assert stand.judging.ruling(stand.route()).judgement.reasons[0].startswith("rolled back (breaker)")


async def test_a_route_climbs_when_everything_is_proved(store: Store, clock: Clock) -> None:
    """Time, comparisons and answers at this step: one rung, then the next after its own time; numbers are recorded."""
    known = Known({"a": PROVED})
    stand = await alone(store, clock, canary("1%", RAMP), known=known)
    seen = []
    for _ in range(4):
        known.by_route["a"] = replace(PROVED, newest_at=clock.now)
        stand.hear(legacy=90, new=20)
        await stand.rounds(seconds=301.0)
        seen.append(stand.place())

    assert seen == ["canary 1%", "canary 5%", "canary 5%", "canary 50%"]
    moved = (await store.behind.transitions("a", 1))[0]
    assert moved.cause.value == "evidence"
    assert dict(moved.numbers)["compared"] == 5000


@pytest.mark.parametrize("lacks", ["evidence", "answers", "time", "freshness", "a side", "a hold"])
async def test_without_one_of_them_it_stays(store: Store, clock: Clock, lacks: str) -> None:
    """No data is no proof: each thing that is missing holds the route by itself."""
    known = Known({} if lacks == "evidence" else {"a": PROVED})
    stand = await alone(store, clock, canary("1%", RAMP), known=known)
    if lacks == "a hold":
        await stand.hold(on=True)
    if lacks == "a side":
        stand.running.snapshot = replace(stand.running.snapshot, upstreams={})
    for _ in range(3):
        known.by_route = {name: replace(PROVED, newest_at=clock.now) for name in known.by_route}
        if lacks == "freshness":
            known.by_route = {"a": replace(PROVED, newest_at=START - 3600.0)}
        if lacks != "answers":
            stand.hear(legacy=90, new=20)
        await stand.rounds(seconds=10.0 if lacks == "time" else 301.0)

    assert str(stand.here.position(stand.route()).place) == "canary 1%"


async def test_a_restart_after_a_while_soaked_nothing_meanwhile(store: Store, clock: Clock) -> None:
    """Down from the ninth minute of ten to the fiftieth it still lacks one, also after a second, quick restart."""
    guards, known = Guards(), Known({"a": PROVED})
    first = await alone(store, clock, canary("1%", RAMP), known=known, guards=guards)
    for _ in range(2):
        first.hear(legacy=90, new=20)
        await first.rounds(seconds=270.0)
    await first.judge.end()
    seen = []
    for down in (2460.0, 5.0):
        clock.now += down
        known.by_route["a"] = replace(PROVED, newest_at=clock.now)
        stand = await alone(store, clock, canary("1%", RAMP), known=known, guards=guards)
        seen.append((stand.place(), stand.judging.ruling(stand.route()).judgement.reasons[0]))
        await stand.judge.end()
    stand = await alone(store, clock, canary("1%", RAMP), known=known, guards=guards)
    await stand.rounds(seconds=60.0)

    assert [place for place, _ in seen] == ["canary 1%", "canary 1%"]
    assert all("without 41m in which nobody judged" in reason for _, reason in seen)
    assert stand.place() == "canary 5%"


async def test_dry_run_moves_nothing_and_says_what_it_would(store: Store, clock: Clock) -> None:
    """With `dry_run: true` on the guard the reasons say rollback, and the route stays."""
    stand = await alone(store, clock, canary("10%", "guard: {dry_run: true}"))
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds(2)

    assert stand.place() == "canary 10%"
    assert "dry run: without it this would be a rollback" in stand.judging.ruling(stand.route()).judgement.reasons


async def test_freeze_holds_and_page_tells_once(store: Store, clock: Clock) -> None:
    """`on_failure`: freeze puts the route on hold where it is; page tells somebody, once, and so does a hold."""
    told: list[tuple[str, Ruling]] = []
    frozen = canary("10%", "guard: {on_failure: freeze}")
    paged = canary("10%", "guard: {on_failure: page}", name="b")
    stand = await alone(store, clock, frozen, paged)
    stand.judge.page = lambda route, ruling: told.append((route, ruling))
    for route in ("a", "b"):
        stand.hear(legacy=9, bad=failures(5, route=route), new_bad=5, route=route)
    await stand.rounds(3)

    held = stand.here.position(stand.route())
    assert (stand.place(), held.held, held.latched) == ("canary 10%", True, False)
    assert (stand.place("b"), [(route, ruling.action) for route, ruling in told]) == (
        "canary 10%",
        [("b", Action.PAGE), ("a", Action.PAGE)],
    )


async def test_what_is_frozen_past_its_door_says_how_that_ends(store: Store, clock: Clock) -> None:
    """At `complete` nothing leads back: the reason that log, hooks and `status` tell names `banyan resume`, once."""
    stand = await alone(store, clock, "name: a, match: /a, stage: complete")
    stand.hear(bad=failures(9), new_bad=9)
    await stand.rounds(2)
    (record,) = (each for each in stand.here.moves["a"] if kind_of(each) is OrderKind.HOLD)
    ends = "`banyan resume a` ends the hold"

    assert stand.here.position(stand.route()).held
    assert record.reason.endswith(ends)
    assert why(stand.route(), stand.here.placed(stand.route())).count(ends) == 1


async def test_an_alarm_that_comes_again_is_told_again(store: Store, clock: Clock) -> None:
    """Between two alarms somebody resumed; that the route was no case for the judge meanwhile hides no second one."""
    told: list[str] = []
    stand = await alone(store, clock, canary("10%", "guard: {on_failure: page}"))
    stand.judge.page = lambda route, _: told.append(route)
    for _ in range(2):
        stand.hear(legacy=9, bad=failures(5), new_bad=5)
        await stand.rounds(2)
        before = stand.here.position(stand.route())
        clock.now += 1.0
        after = resumed(before, clock.now, has_ramp=False)
        await stand.mover.move(move(before, after, at=clock.now, actor="ann", numbers={}, reason="mended"))
        await stand.rounds(2)

    assert told == ["a", "a"]


async def test_a_group_goes_back_together(store: Store, clock: Clock) -> None:
    """One member's alarm takes the other back as well: a tenant is never torn apart."""
    stand = await alone(store, clock, canary("10%", "group: g"), canary("10%", "group: g", name="b"))
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds()

    assert (stand.place(), stand.place("b")) == ("shadow", "shadow")


async def test_the_next_judge_knows_what_the_last_one_knew(store: Store, clock: Clock) -> None:
    """Processes, baselines and rates are kept by the leader and taken up by a process that begins."""
    guards = Guards()
    stand = await alone(store, clock, canary(), guards=guards)
    for minute in range(8):
        stand.hear(legacy=500, new=50, new_bad=1, bad=[bad(cohort=minute)])
        await stand.rounds(seconds=10.0)
    level = stand.judging.ruling(stand.route())
    reborn = Stand(table(canary()), store, clock, guards=guards)
    await reborn.begin()

    assert {state.bad for state in guards.states.values()} == {"5xx", "rates", "judged"}
    assert reborn.judging.states(clock.now) == ()
    assert level.action is Action.STAY


async def test_an_alarm_of_the_breaker_outlives_the_judge(store: Store, clock: Clock) -> None:
    """On `page` nothing moves, so the next judge has to know of it; one that a resume has ended since is forgotten."""
    guards, paged = Guards(), canary("10%", "guard: {on_failure: page}")
    stand = await alone(store, clock, paged, guards=guards)
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds(2, seconds=10.0)
    reborn, later = (Stand(table(paged), store, clock, guards=guards) for _ in range(2))
    await reborn.begin()
    await reborn.rounds()
    ended = replace(stand.here.position(stand.route()), cause=Cause.RESUME, since=clock.now, version=1)
    record = transition(ended, ended, actor="ann", numbers={}, reason="mended")
    await store.behind.compare_and_set(ended, 0, record)
    await later.begin()
    await later.rounds()

    assert reborn.judging.ruling(reborn.route()).action is Action.PAGE
    assert later.judging.ruling(later.route()).action is Action.STAY


async def test_a_killed_judge_is_followed_when_its_lease_is_over(store: Store, clock: Clock) -> None:
    """Until then nobody else leads; then the other does, and takes back what the first one would have."""
    first, second = await pair(store, clock, canary())
    second.hear(legacy=9, bad=failures(5), new_bad=5)
    await second.rounds(seconds=1.0)
    early = second.place()
    await second.rounds(2, seconds=LASTS)

    assert early == "canary 10%"
    assert second.judge.leading.lead is not None
    assert second.place() == "shadow"
    assert first.place() == "canary 10%"


async def test_a_judge_that_wakes_up_moves_nothing(store: Store, clock: Clock) -> None:
    """Paused in the middle, after its lease another leads: its move is refused, and it follows what stands."""
    first, second = await pair(store, clock, canary())
    lead = first.judge.leading.lead
    clock.now += LASTS + 1.0
    await second.rounds(seconds=0.0)
    first.judge.leading.lead = lead
    rulings = first.judging.rule([])
    first.hear(legacy=9, bad=failures(5), new_bad=5)
    rulings = first.judging.rule([first.outbox.take()])
    await first.judge._act(rulings)

    assert [ruling.action for ruling in rulings.values()] == [Action.ROLLBACK]
    assert (await store.behind.standing()).positions == ()
    assert first.judge.leading.lead is None
    await first.rounds(seconds=0.0)
    assert first.judge.leading.lead is None


async def test_without_the_store_each_goes_back_by_what_it_sees(store: Store, clock: Clock) -> None:
    """A replica that is cut off takes a route back by itself, promotes nothing, and writes it down later."""
    known = Known({"a": PROVED, "b": PROVED})
    first, second = await pair(store, clock, canary("1%", RAMP), canary("1%", RAMP, name="b"))
    second.known.by_route = known.by_route
    store.away = True
    second.hear(legacy=9, bad=failures(5), new_bad=5)
    for _ in range(3):
        second.known.by_route["b"] = replace(PROVED, newest_at=clock.now)
        second.hear(legacy=90, new=20, route="b")
        await second.rounds(seconds=301.0)
    cut_off = second.place(), second.place("b"), second.judge.away
    store.away = False
    second.known.by_route.clear()
    await second.rounds(seconds=0.0)
    await first.mover.look()

    assert cut_off == ("shadow", "canary 1%", "the state store cannot be reached")
    assert second.judge.away == ""
    assert (first.place(), first.place("b")) == ("shadow", "canary 1%")


async def test_a_store_that_hangs_delays_no_rollback(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round gives it its patience, and goes on."""
    monkeypatch.setattr("proxy.control.judge.judging.PATIENCE", 0.05)
    monkeypatch.setattr("proxy.control.position.mover.PATIENCE", 0.05)
    stand = await alone(store, clock, canary())
    store.hangs = True
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds()

    assert stand.place() == "shadow"
    assert stand.judge.away


async def test_a_window_that_stops_everything_begins_the_guard_anew(store: Store, clock: Clock) -> None:
    """While it is on an alarm pages and moves nothing; what it heard then is no reason afterwards."""
    window = '[{name: w, start: "2027-01-15T08:00Z", end: "2027-01-15T09:00Z", stops: everything}]'
    stand = await alone(store, clock, canary("10%", f"windows: {window}"))
    clock.now = 1_800_000_000.0 + 60.0  # 2027-01-15T08:01Z
    stand.hear(legacy=9, bad=failures(5), new_bad=5)
    await stand.rounds()
    during = stand.judging.ruling(stand.route()).action
    await stand.rounds(2, seconds=3600.0)

    assert during is Action.PAGE
    assert stand.place() == "canary 10%"
    assert stand.judging.ruling(stand.route()).action is Action.STAY


async def test_only_so_many_routes_are_in_motion(store: Store, clock: Clock) -> None:
    """With `in_motion: 1` a second route waits at shadow, and says for whom."""
    known = Known({"b": PROVED})
    waiting = f"name: b, match: /b, stage: shadow, {RAMP}"
    stand = await alone(store, clock, canary(), waiting, top="guard: {in_motion: 1}\n", known=known)
    known.by_route["b"] = replace(PROVED, newest_at=clock.now + 3700.0)
    await stand.rounds(seconds=3700.0)

    assert stand.place("b") == "shadow"
    assert any("at most 1 may be: a" in reason for reason in stand.judging.ruling(stand.route("b")).judgement.reasons)
