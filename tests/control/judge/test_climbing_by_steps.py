"""A ramp over simulated traffic, by the judge's own code: what each step rests on, and how far a fault gets."""

from __future__ import annotations

from random import Random
from typing import cast

import pytest

from proxy.comparer.runs import Runs
from proxy.control.evidence.book import EvidenceBook, Look
from proxy.core.evidence.records import Epoch, EvidenceTally, ShapeCount
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.pair import Label
from proxy.core.routing.shadow import sample_of
from proxy.core.stage import Stage
from tests.control.stands import Clock, Known, Stand, Store, table

Key = tuple[int, int, Side, Outcome]
EPOCH = Epoch(route="a", number=1, legacy_version="", new_version="", began=0.0, seen=0.0)


class Traffic:
    """Requests of one route, so many a second, and their comparisons; `wrong` by the side that answered."""

    def __init__(self, stand: Stand, book: EvidenceBook, rate: int) -> None:
        """Both sides agree until the test says otherwise."""
        self.wrong = dict.fromkeys(Side, 0.0)
        self.answered = self.harmed = 0
        self._stand = stand
        self._book = book
        self._rate = rate
        self._dice = Random(7)
        self._tallies: dict[Key, int] = {}
        self._runs = Runs()

    async def second(self) -> None:
        """One second of traffic, and one round of the judge."""
        answers = dict.fromkeys(Side, 0)
        for _ in range(self._rate):
            answers[self._ask()] += 1
        self._stand.hear(legacy=answers[Side.LEGACY], new=answers[Side.NEW])
        self._look()
        self._stand.gathering.compare(self._runs.take())
        await self._stand.rounds()

    async def until(self, place: str, most: int = 3_600) -> None:
        """Seconds until the route stands there; as many as are bearable."""
        for _ in range(most):
            if self._stand.place() == place:
                return
            await self.second()

    def _ask(self) -> Side:
        route, position = self._stand.route(), self._stand.replica.position(self._stand.route())
        assert route.shadow is not None
        split = 1.0 if position.stage is Stage.LIVE else position.split
        side = Side.NEW if self._dice.random() < split else Side.LEGACY
        wrong = self._dice.random() < self.wrong[side]
        self.answered += side is Side.NEW
        self.harmed += side is Side.NEW and wrong
        if self._dice.random() < sample_of(route.shadow, position.stage, split, side):
            self._compare(position.step, side, wrong=wrong)
        return side

    def _compare(self, step: int, side: Side, *, wrong: bool) -> None:
        now = self._stand.clock.now
        key = (int(now // 60), step, side, Outcome.MISMATCH if wrong else Outcome.MATCH)
        self._tallies[key] = self._tallies.get(key, 0) + 1
        pair = Label(route="a", at=now, authoritative=side, legacy_version="", new_version="", step=step)
        self._runs.add(pair, wrong=wrong)

    def _look(self) -> None:
        """As the store would be read."""
        tallies = sorted(self._tallies.items(), key=lambda each: each[0][0])
        listed = [
            EvidenceTally(
                route="a", epoch=1, minute=minute, shape="s", outcome=outcome, step=step, side=side, count=count
            )
            for (minute, step, side, outcome), count in tallies
            if minute >= self._book.wants("a", 1)
        ]
        shape = ShapeCount(route="a", shape="s", legacy=99, compared=99, first_seen=0.0, last_seen=0.0)
        self._book.look(Look(epoch=EPOCH, tallies=tuple(listed), clusters=(), shapes=(shape,), hits=()))


async def climbing(rate: int, ramp: str) -> tuple[Stand, Traffic]:
    """A route at shadow before its first request."""
    clock, book = Clock(), EvidenceBook()
    said = table(f"name: a, match: /a, stage: shadow, ramp: {{soak: 20s, hold: 5s, {ramp}}}")
    stand = Stand(said, Store(clock), clock, known=cast("Known", book))
    await stand.begin()
    await stand.rounds()
    return stand, Traffic(stand, book, rate)


async def test_by_the_defaults_a_route_climbs_to_live() -> None:
    """At 30 requests a second, with the steps and needs of the defaults: all five steps, one after another."""
    stand, traffic = await climbing(30, "needs: {capacity: false}")
    places = [stand.place()]
    for _ in range(45 * 60):
        await traffic.second()
        if stand.place() != places[-1]:
            places.append(stand.place())
        if places[-1] == "live":
            break

    assert places == ["shadow", *(f"canary {split}%" for split in (1, 5, 25, 50, 98)), "live"]


@pytest.mark.parametrize("wrong", [1.0, 0.5])
async def test_a_fault_that_only_live_answers_have_does_not_pass_the_first_step(wrong: float) -> None:
    """Shadows are right, and every other answer to a client is not: back from the first step, before many had one."""
    stand, traffic = await climbing(150, "steps: [5%, 25%, 50%], needs: {requests: 20, capacity: false}")
    traffic.wrong[Side.NEW] = wrong
    seen = set()
    for _ in range(120):
        await traffic.second()
        seen.add(stand.place())

    assert seen == {"shadow", "canary 5%"}
    assert stand.replica.position(stand.route()).latched
    assert traffic.harmed < 150


async def test_a_fault_of_the_shadow_stage_is_out_of_sight_once_it_is_mended() -> None:
    """One answer in eight is wrong for eight seconds; then the route goes on after as many clean ones as it needs."""
    stand, traffic = await climbing(90, "needs: {capacity: false}")
    traffic.wrong[Side.LEGACY] = 0.125
    for second in range(60):
        if second == 8:
            traffic.wrong[Side.LEGACY] = 0.0
        await traffic.second()
        if stand.place() != "shadow":
            break

    assert stand.place() == "canary 1%"


async def test_a_late_regression_at_live_sends_the_route_back() -> None:
    """After an hour of clean answers a fault in one of ten is found within 400 comparisons."""
    stand, traffic = await climbing(30, "steps: [50%], needs: {requests: 20, capacity: false}")
    await traffic.until("live")
    for _ in range(600):
        await traffic.second()
    before, traffic.wrong[Side.NEW] = traffic.answered, 0.1
    await traffic.until("shadow")

    assert stand.place() == "shadow"
    assert (traffic.answered - before) * 0.1 <= 400
