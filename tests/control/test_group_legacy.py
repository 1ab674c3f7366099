"""A group of which one member's legacy is down, while new fails another member."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.snapshot import Snapshot
from tests.control.stands import HEAD, Clock, Stand, Store, failures

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


async def held(told: list[str]) -> Stand:
    """New fails a, whose legacy is up; that of b is down."""
    clock = Clock()
    stand = Stand(two_legacies(), Store(clock), clock)
    stand.judge.page = lambda route, _ruling: told.append(route)
    stand.healthy.add("legacy")
    stand.ill.add("old")
    await stand.begin()
    await asked(stand, 10, fails=False)
    await asked(stand, 600, fails=True)
    return stand


def holds(stand: Stand) -> list[tuple[str, bool]]:
    """Where both stand, and whether the judge holds them for a legacy."""
    return [(stand.place(name), stand.replica.position(stand.route(name)).waits) for name in "ab"]


async def test_a_group_does_not_go_back_while_one_legacy_is_down() -> None:
    """Both are held where they are for as long as new fails, without another move, and that is told once."""
    told: list[str] = []
    stand = await held(told)

    assert holds(stand) == [("live", True), ("live", True)]
    assert told == ["a"]
    assert [stand.replica.position(stand.route(name)).version for name in "ab"] == [1, 1]


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
        moved += [str(stand.bench.rulings["b"].judgement.reasons[0])] if not holds(stand)[1][1] and not moved else []
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
