"""New and legacy fail together on a route that the judge does not hold itself: somebody does, or it only pages."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.control.position.operator_moves import target_of
from proxy.core.judge.verdict import Ruling
from proxy.core.position.position import Cause, Position, move
from tests.control.stands import Clock, Guards, Stand, Store, alone, failures

LIVE = "name: a, match: /a, stage: live"
ANN: dict[str, Any] = {"actor": "ann", "numbers": {}, "reason": "wait"}


async def asked(stand: Stand, seconds: int, *, failed: int = 0) -> None:
    """New fails so many of fifty each second, each of another cohort."""
    for _ in range(seconds):
        stand.hear(new=50 - failed, new_bad=failed, bad=failures(failed, int(stand.clock.now) * failed))
        await stand.rounds()


async def hold(stand: Stand) -> None:
    position = stand.here.position(stand.route())
    after = target_of(stand.route(), position, "hold", stand.clock(), stand.running.snapshot.upstreams)
    assert isinstance(after, Position)
    await stand.mover.move(move(position, after, at=stand.clock(), **ANN))


def legacy(stand: Stand, *, is_up: bool) -> None:
    """What its probe finds from now on."""
    stand.healthy, stand.ill = ({"legacy"}, set()) if is_up else (set(), {"legacy"})


async def held(clock: Clock, store: Store, when: str = "before", **named: object) -> tuple[Stand, list[Ruling]]:
    """Somebody holds the route, before new fails together with legacy or meanwhile; and what was told."""
    stand = await alone(store, clock, LIVE, **named)  # type: ignore[arg-type]
    told: list[Ruling] = []
    stand.judge.page = lambda _route, ruling: told.append(ruling)
    legacy(stand, is_up=True)
    await asked(stand, 60)
    if when == "before":
        await hold(stand)
    legacy(stand, is_up=False)
    await asked(stand, 30, failed=15)
    if when == "meanwhile":
        await hold(stand)
    await asked(stand, 30, failed=15)
    return stand, told


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_what_new_failed_while_both_were_down_moves_no_held_route(store: Store, clock: Clock, when: str) -> None:
    """It is told, and not again when legacy answers: new is well since half an hour."""
    stand, told = await held(clock, store, when)
    before = len(told)
    await asked(stand, 1800)
    legacy(stand, is_up=True)
    await asked(stand, 30)
    found = stand.here.position(stand.route())

    assert (str(found.place), found.latched, found.held, found.cause) == ("live", False, True, Cause.OPERATOR)
    assert (len(told), stand.judging.alarmed()) == (before, {})
    assert told


@pytest.mark.parametrize("failed", [15, 5])
async def test_what_new_fails_when_legacy_answers_takes_a_held_route_back(
    store: Store, clock: Clock, failed: int
) -> None:
    """A hold stops no rollback: a share is enough for a breaker, a tenth for the guard."""
    stand, _ = await held(clock, store)
    await asked(stand, 600)
    await asked(stand, 30, failed=failed)
    legacy(stand, is_up=True)
    before = stand.place()
    await asked(stand, 10, failed=failed)

    assert (before, stand.place()) == ("live", "shadow")


@pytest.mark.parametrize("probed", [True, False])
async def test_whoever_leads_next_does_not_take_it_back_either(store: Store, clock: Clock, *, probed: bool) -> None:
    """It takes up what was known before legacy went down, whether its own probe has found that already or not."""
    guards = Guards()
    before, _ = await held(clock, store, guards=guards)
    await before.judge.leading.resign()
    stand = Stand(before.running.snapshot, store, clock, kept=before.kept[-1], guards=guards)
    stand.ill = {"legacy"} if probed else set()
    await stand.begin()
    await asked(stand, 30)
    legacy(stand, is_up=True)
    await asked(stand, 30)
    found = stand.here.position(stand.route())

    assert (str(found.place), found.latched, found.held) == ("live", False, True)


async def test_what_was_told_before_legacy_went_down_stands(store: Store, clock: Clock) -> None:
    """A route that is never taken back: its alarm outlasts a legacy that comes and goes, and is told once."""
    told: list[Ruling] = []
    stand = await alone(store, clock, f"{LIVE}, guard: {{on_failure: page}}")
    stand.judge.page = lambda _route, ruling: told.append(ruling)
    for is_up in (True, False, True, False, True):
        legacy(stand, is_up=is_up)
        await asked(stand, 30, failed=5)

    assert len(told) == 1
    assert stand.judging.alarmed() == {"a": ("5xx",)}
