"""A group of which one member's legacy is down, while new fails another member."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.routing.snapshot import Snapshot
from tests.control.stands import HEAD, Clock, Stand, Store, bad, failures

OLD = HEAD.replace("upstreams: {", 'upstreams: {old: {url: "http://127.0.0.1:3"}, ')
ROUTES = """\
routes:
  - {name: a, match: /a, stage: live, group: g}
  - {name: b, match: /b, stage: live, group: g, legacy: old}
"""


def two_legacies() -> Snapshot:
    found = load_text(OLD + ROUTES, "routes.yaml", {})
    assert isinstance(found, Loaded)
    return found.snapshot


async def asked(stand: Stand, seconds: int, *, fails: bool) -> None:
    """New answers b well, and a well or not at all."""
    for _ in range(seconds):
        stand.hear(new=10, route="b")
        stand.hear(**{"new_bad": 10, "bad": failures(10)} if fails else {"new": 10})
        await stand.rounds()


async def half(stand: Stand, seconds: int, *, good: int, failed: int, cohorts: int = 1000) -> None:
    """New answers b well, and fails some of so many cohorts of a."""
    for _ in range(seconds):
        whose = [(int(stand.clock.now) * failed + each) % cohorts for each in range(failed)]
        stand.hear(new=10, route="b")
        stand.hear(new=good, new_bad=failed, bad=[bad(cohort=each) for each in whose])
        await stand.rounds()


async def begun(told: list[str]) -> Stand:
    """New is well, and so is the legacy of a; that of b is down."""
    clock = Clock()
    stand = Stand(two_legacies(), Store(clock), clock)
    stand.judge.page = lambda route, _ruling: told.append(route)
    stand.healthy.add("legacy")
    stand.ill.add("old")
    await stand.begin()
    await half(stand, 60, good=50, failed=0)
    return stand


async def held(told: list[str]) -> Stand:
    """New fails a, whose legacy is up; that of b is down."""
    stand = await begun(told)
    await asked(stand, 600, fails=True)
    return stand


def holds(stand: Stand) -> list[tuple[str, bool]]:
    """Where both stand, and whether the judge holds them for a legacy."""
    return [(stand.place(name), stand.here.position(stand.route(name)).waits) for name in "ab"]


async def test_a_group_does_not_go_back_while_one_legacy_is_down() -> None:
    """Both are held where they are for as long as new fails, without another move, and that is told once."""
    told: list[str] = []
    stand = await held(told)

    assert holds(stand) == [("live", True), ("live", True)]
    assert told == ["a"]
    assert [stand.here.position(stand.route(name)).version for name in "ab"] == [1, 1]


async def test_a_group_goes_back_when_that_legacy_answers() -> None:
    """New still fails."""
    stand = await held([])
    stand.ill.clear()
    await asked(stand, 3, fails=True)

    assert holds(stand) == [("shadow", False), ("shadow", False)]


async def test_the_groups_hold_ends_when_new_answers_well() -> None:
    """As that of a single route, whatever legacy does; and the next death is met as the first."""
    stand = await held([])
    await asked(stand, 290, fails=False)
    before = holds(stand)
    await asked(stand, 60, fails=False)
    after = holds(stand)
    await asked(stand, 30, fails=True)

    assert before == [("live", True), ("live", True)]
    assert after == [("live", False), ("live", False)]
    assert holds(stand) == before


FAILS = pytest.mark.parametrize(
    ("good", "failed", "cohorts"),
    [(0, 50, 1000), (35, 15, 1000), (35, 15, 1), (45, 5, 1000)],
    ids=["everything", "a share", "one cohort alone", "too little for a breaker"],
)


@FAILS
async def test_what_new_failed_long_ago_takes_no_group_back(good: int, failed: int, cohorts: int) -> None:
    """New is well again when that legacy answers: the hold goes on, and nothing is told again."""
    told: list[str] = []
    stand = await begun(told)
    await half(stand, 60, good=good, failed=failed, cohorts=cohorts)
    during = holds(stand), list(told)
    await half(stand, 180, good=50, failed=0)
    stand.ill.clear()
    stand.healthy.add("old")
    await half(stand, 10, good=50, failed=0)

    assert during == ([("live", True), ("live", True)], told)
    assert holds(stand) == during[0]


@FAILS
async def test_a_group_goes_back_for_what_new_fails_still(good: int, failed: int, cohorts: int) -> None:
    """However much it is, and though new was well for a while in between."""
    stand = await begun([])
    await half(stand, 60, good=good, failed=failed, cohorts=cohorts)
    await half(stand, 180, good=50, failed=0)
    await half(stand, 60, good=good, failed=failed, cohorts=cohorts)
    before = holds(stand)
    stand.ill.clear()
    stand.healthy.add("old")
    await half(stand, 10, good=good, failed=failed, cohorts=cohorts)

    assert before == [("live", True), ("live", True)]
    assert holds(stand) == [("shadow", False), ("shadow", False)]


async def idle(new: int = 0, *, quiet: int, new_bad: int = 0) -> tuple[Stand, list[str]]:
    """New fails a while the legacy of b is down, and is well again; b is told so many answers, then none."""
    clock, moved = Clock(), list[str]()
    stand = Stand(two_legacies(), Store(clock), clock)
    stand.healthy.add("legacy")
    stand.ill.add("old")
    await stand.begin()
    for _ in range(60):
        stand.hear(new_bad=10, bad=failures(10))
        await stand.rounds()
    for second in range(quiet):
        if not second:
            stand.hear(route="b", new=new, new_bad=new_bad, bad=failures(new_bad, route="b"))
        stand.hear(new=10)
        await stand.rounds()
        moved += [str(stand.judging.rulings["b"].judgement.reasons[0])] if not holds(stand)[1][1] and not moved else []
    return stand, moved


@pytest.mark.parametrize("asked_before", [0, 30])
async def test_an_idle_member_keeps_no_other_on_hold(asked_before: int) -> None:
    """It failed nothing, asked nothing at all or too little to have recovered: its hold ends with that of the other."""
    before, _ = await idle(asked_before, quiet=290)
    after, said = await idle(asked_before, quiet=380)

    assert holds(before) == [("live", True), ("live", True)]
    assert holds(after) == [("live", False), ("live", False)]
    assert said == ["new failed nothing here, and answers well again at a of its group"]


async def test_a_member_that_failed_last_is_not_idle() -> None:
    """Nobody asked it since: what new answers elsewhere says nothing of it."""
    stand, _ = await idle(quiet=380, new_bad=10)

    assert holds(stand) == [("live", True), ("live", True)]
