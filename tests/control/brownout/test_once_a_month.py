"""A route that one client still calls once a month: `retire` refuses, and the brown-out finds it. Months pass here by a
told clock; what draws, counts, keeps and judges is what runs.
"""

from __future__ import annotations

import pytest

from proxy.control.brownout.retiring import retire_case
from proxy.control.traffic.usage_record import UsageRecord
from proxy.core.brownout.brownout_policy import Browned, brownout_of
from proxy.core.brownout.call_counts import private_counts
from proxy.core.brownout.calls_drawn import is_drawn
from proxy.core.brownout.retirement import DAY, RetireCase, RetireItem, checklist, is_met
from proxy.core.position.record import OrderKind
from proxy.edge.brownout.client_calls import BrownoutCalls
from proxy.edge.brownout_tally import BrownoutTally
from proxy.link.messages import BUCKETS, Report, RouteDelta, UsageDelta
from proxy.store.memory.usage import MemoryUsage
from tests.control.brownout.test_brownouts import START, Replica, recorded
from tests.control.stands import Clock, Store

HOUR = 3600.0


class Months:
    """A replica whose route says `brownout: { share: 5% }`, its record of usage, and one worker's counters."""

    def __init__(self) -> None:
        self.clock, self.store = Clock(START), Store(Clock(START))
        self.store.behind._clock = self.clock
        self.replica = Replica(self.store, self.clock, "share: 5%")
        self.usage = UsageRecord(MemoryUsage(), lambda: self.replica.stand.running.origins, self.clock)
        self.tally = BrownoutTally("a", self.replica.policy_id)
        self.calls = BrownoutCalls(self.tally, private_counts())
        self.refused: list[str] = []

    def call(self, name: str) -> None:
        """One call, as a worker takes it."""
        policy, client = brownout_of(self.replica.route.steps), self.calls.client(name)
        assert policy is not None
        lean = is_drawn(self.replica.route.salt, *self.calls.number(name, client, self.clock.now), policy.share)
        self.calls.begin(client, b"GET /a", self.clock.now)
        if lean:
            self.calls.end(client, Browned.BROWNED)
            self.refused.append(name)
        codes = [0, int(not lean), 0, 0, int(lean)]
        routes = [RouteDelta("a", "self" if lean else "legacy", codes, [1] + [0] * len(BUCKETS), 0.0)]
        told = Report(0, 1, "r", {}, 0, routes, [], usage=[UsageDelta("a", name, 1, int(not lean))])
        self.usage.take(told)

    async def pass_hour(self) -> None:
        """What workers have counted is told, and control takes its round."""
        delta = self.tally.take()
        if delta is not None:
            self.replica.brownouts.hear(Report(0, 1, "r", {}, 0, [], [], brownouts=[delta]))
        await self.replica.round(HOUR)

    async def case(self, days: float = 30) -> RetireCase:
        """What `banyan retire` would look at now."""
        usage, state = await self.usage.of_route("a"), self.replica.brownouts.of(self.replica.route)
        skipped = frozenset({RetireItem.DEPRECATED, RetireItem.SUNSET})
        route, now = self.replica.route, self.clock.now
        return retire_case(route, usage, state, now=now, period=days * DAY, skipped=skipped)


@pytest.fixture
async def months() -> Months:
    found = Months()
    await found.usage.of_route("a")
    return found


async def test_the_caller_who_comes_once_a_month_is_found(months: Months) -> None:
    """A share of 5 % meets it with the first of its calls; `retire` names it, and may once it has gone for a period."""
    found: dict[int, tuple[bool, str]] = {}
    for hour in range(24 * 70):
        day = hour // 24
        if day < 20:
            months.call("shop")
        if hour in (24 * 3 + 7, 24 * 33 + 7):
            months.call("monthly-report")
        await months.pass_hour()
        if hour % 24 == 23:
            needs = checklist(await months.case())
            found[day] = is_met(needs), needs[0].sentence

    assert [day for day, (may, _) in found.items() if may] == list(range(63, 70))
    assert found[49][1] == "called within 30 days: by monthly-report (16 days ago), shop (30 days ago)" or (
        found[49][1] == "called within 30 days: by monthly-report (16 days ago)"
    )
    assert months.refused[0] == "shop"
    assert months.refused.count("monthly-report") == 1
    assert months.refused.count("shop") == pytest.approx(24 * 20 * 0.05, abs=1)
    met = [(each.cohort, each.at) for each in await recorded(months.store) if each.kind is OrderKind.FOUND]
    assert [name for name, _ in met] == ["shop", "monthly-report"]
    assert met[1][1] == pytest.approx(START + 3 * DAY + 7 * HOUR, abs=2 * HOUR)


async def test_without_the_record_of_a_whole_period_nothing_is_retired(months: Months) -> None:
    """A Banyan of a day knows nobody who comes once a month."""
    for _ in range(24):
        await months.pass_hour()
    needs = checklist(await months.case())
    assert [need.item for need in needs if need.state.value == "open"] == [RetireItem.RECORDED, RetireItem.BROWNED_OUT]
