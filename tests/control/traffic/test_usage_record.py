from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from proxy.control.traffic import usage_record as module
from proxy.control.traffic.usage_record import MOST_WAITING, UsageRecord
from proxy.core.discovery.usage import OTHERS, UNVERIFIED
from proxy.core.routing.state_names import NO_ORIGINS, Origins
from proxy.link.messages import Report, RouteDelta, UsageDelta
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.memory.usage import MemoryUsage
from proxy.store.usage import UsageBatch, UsageStore
from proxy.tasks import Tasks
from tests.control.worker import delta
from tests.waiting import until

NOW = 86_400.0 * 100


class Doubtful(MemoryUsage):
    """Says of the first batches what it is told to, and takes what it then gets."""

    def __init__(self, *errors: Exception, takes: bool = False) -> None:
        super().__init__()
        self.errors = list(errors)
        self.takes = takes
        self.sent: list[str] = []

    async def add(self, batch: UsageBatch) -> None:
        self.sent.append(batch.id)
        error = self.errors.pop(0) if self.errors else None
        if error is None or self.takes:
            await super().add(batch)
        if error is not None:
            raise error


def record(store: UsageStore | None = None, origins: Callable[[], Origins] = lambda: NO_ORIGINS) -> UsageRecord:
    return UsageRecord(store or MemoryUsage(), origins, lambda: NOW)


def report(*routes: RouteDelta, usage: tuple[UsageDelta, ...] = ()) -> Report:
    return Report(0, 1, "r", {}, 0, list(routes), [], usage=list(usage))


async def calls(of: UsageRecord) -> dict[tuple[str, str], tuple[int, int]]:
    return {(each.route, each.caller): (each.calls, each.good) for each in (await of.of_all()).callers}


async def test_whom_nobody_verified_is_the_rest() -> None:
    """Answers of a route that went to no verified caller, whichever side gave them; what has no route is left out."""
    usage = record()
    told = (UsageDelta("a", "app", 3, 2), UsageDelta("a", "web", 1, 1))
    usage.take(report(delta("a", "legacy", ok=5, failed=1), delta("a", "self", failed=2), usage=told))
    usage.take(report(delta("b", "new", ok=4), usage=(UsageDelta("b", "app", 4, 4),)))
    usage.take(report(delta("(unmatched)", "self", failed=9)))

    assert await calls(usage) == {
        ("a", "app"): (3, 2),
        ("a", UNVERIFIED): (4, 2),
        ("a", "web"): (1, 1),
        ("b", "app"): (4, 4),
    }


async def test_a_renamed_route_keeps_its_record() -> None:
    """It is kept by origin, and shown by the name of the present table; what is nobody's is not shown."""
    store = MemoryUsage()
    renamed = Origins(by_name={"shown": "old"}, by_origin={"old": "shown"})
    before, after = record(store), record(store, lambda: renamed)
    before.take(report(delta("old", "legacy", ok=1), delta("shown", "legacy", ok=7)))
    await before.flush()
    after.take(report(delta("shown", "new", ok=2)))

    assert await calls(after) == {("shown", UNVERIFIED): (3, 3)}
    of_route = await after.of_route("shown")
    assert [(each.route, each.calls) for each in of_route.days] == [("shown", 3)]


async def test_what_was_sent_without_an_answer_counts_once() -> None:
    """It is sent again under the same id; what came meanwhile follows."""
    store = Doubtful(StoreUnavailable("away"), takes=True)
    usage = record(store)
    usage.take(report(delta("a", "legacy", ok=1)))
    with pytest.raises(StoreUnavailable):
        await usage.flush()
    usage.take(report(delta("a", "legacy", ok=2)))

    assert await calls(usage) == {("a", UNVERIFIED): (3, 3)}
    assert store.sent[0] == store.sent[1] != store.sent[2]


async def test_what_the_store_refuses_holds_up_nothing() -> None:
    """It would be refused again."""
    usage = record(Doubtful(StoreRefused("no")))
    usage.take(report(delta("a", "legacy", ok=1)))
    await usage.flush()
    usage.take(report(delta("a", "legacy", ok=2)))

    assert await calls(usage) == {("a", UNVERIFIED): (2, 2)}


async def test_what_waits_is_bounded() -> None:
    """Calls of further callers are counted together."""
    usage = record()
    told = tuple(UsageDelta("a", f"c{number}", 1, 1) for number in range(MOST_WAITING + 5))
    usage.take(report(delta("a", "legacy", ok=len(told)), usage=told))

    assert len(usage._waiting) == MOST_WAITING + 1
    assert usage._waiting["a", OTHERS, 100].calls == 5


async def test_the_record_follows_in_the_background(tmp_path: Path) -> None:
    """It begins with the process, and goes on after a store that was away; the last is told at the end."""
    del tmp_path
    store = Doubtful(StoreUnavailable("away"))
    usage, tasks = record(store), Tasks()
    tasks.start(usage.run(), name="usage")
    usage.take(report(delta("a", "legacy", ok=1)))
    await until(lambda: store.sent)
    await tasks.end()
    await usage.last()

    assert await calls(usage) == {("a", UNVERIFIED): (1, 1)}
    assert (await usage.of_all()).since == NOW


def _has_sent(store: Doubtful, batches: int) -> bool:
    return len(store.sent) == batches


async def test_who_comes_first_on_a_day_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its one call may decide, and control may be killed; who is known that day waits for the next round."""
    monkeypatch.setattr(module, "EVERY", 3600.0)
    monkeypatch.setattr(module, "SOON", 0.01)
    store = Doubtful()
    usage, tasks = record(store), Tasks()
    tasks.start(usage.run(), name="usage")
    for number, callers in enumerate((("a",), ("a", "b"), ("b", "c")), 1):
        told = tuple(UsageDelta("r", caller, 1, 1) for caller in callers)
        usage.take(report(delta("r", "legacy", ok=len(told)), usage=told))
        await until(partial(_has_sent, store, number))
    usage.take(report(delta("r", "legacy", ok=1), usage=(UsageDelta("r", "c", 1, 1),)))

    assert not usage._first.is_set()
    await tasks.end()


async def test_whom_it_knows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By day, and in number; whom it has forgotten is told as one that comes first."""
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    usage = record()
    for callers in ("ab", "cd", "ae"):
        told = tuple(UsageDelta("r", caller, 1, 1) for caller in callers)
        usage.take(report(delta("r", "legacy", ok=len(told)), usage=told))
        await usage.flush()

    assert len(usage._stored) <= 3


async def test_the_end_waits_for_no_store() -> None:
    """One that is away at the end costs what was not told."""
    usage = record(Doubtful(StoreUnavailable("away")))
    usage.take(report(delta("a", "legacy", ok=1)))
    await usage.last()

    assert usage._sending is not None


async def test_the_record_of_a_route_begins_with_what_it_takes() -> None:
    """One that came later, or took something else, is recorded since then, and not since others are."""
    now, takes = [NOW], {"a": "1", "old": "2"}
    renamed = Origins(by_name={"b": "old"}, by_origin={"old": "b"})
    usage = UsageRecord(MemoryUsage(), lambda: renamed, lambda: now[0], lambda: dict(takes))
    began = [(await usage.of_route(route)).since for route in ("a", "b")]
    now[0] += 60
    takes |= {"new": "3", "old": "4"}
    later = [(await usage.of_route(route)).since for route in ("a", "b", "new")]

    assert (began, later) == ([NOW, NOW], [NOW, NOW + 60, NOW + 60])
    assert (await usage.of_all()).since == NOW


async def test_who_called_a_route_before_its_match_was_narrowed_is_told_with_the_one_behind_it() -> None:
    """And not with that route itself, where it stands as its own."""
    takes = {"shown": "d1 /coupons/*", "rest": "d2 /**"}
    usage = UsageRecord(MemoryUsage(), lambda: NO_ORIGINS, lambda: NOW, lambda: dict(takes))
    usage.take(report(delta("shown", "legacy", ok=3)))
    await usage.of_route("rest")
    takes["shown"] = "d3 /coupons/*/lines"
    found, own = await usage.of_route("rest"), await usage.of_route("shown")

    assert [(each.route, each.caller, each.calls) for each in found.taken_over] == [("shown d1", UNVERIFIED, 3)]
    assert (own.taken_over, [each.calls for each in own.callers]) == ((), [3])


async def test_who_called_a_route_that_is_gone_is_told_with_the_one_behind_it() -> None:
    """By the name of that one, as long as nothing else takes exactly the same."""
    takes = {"shown": "d1 /coupons/*", "rest": "d2 /**"}
    usage = UsageRecord(MemoryUsage(), lambda: NO_ORIGINS, lambda: NOW, lambda: dict(takes))
    usage.take(report(delta("shown", "legacy", ok=3)))
    await usage.flush()
    before = (await usage.of_route("rest")).taken_over
    del takes["shown"]
    found = await usage.of_route("rest")

    assert before == found.callers == ()
    assert [(each.route, each.caller, each.calls) for each in found.taken_over] == [("shown", UNVERIFIED, 3)]


async def test_a_route_that_was_there_for_a_moment_is_known_to_be_gone() -> None:
    """It was called and taken out before the store was told of it; what is counted later has the name that it had."""
    takes = {"rest": "d2 /**"}
    origins = [NO_ORIGINS]
    usage = UsageRecord(MemoryUsage(), lambda: origins[0], lambda: NOW, lambda: dict(takes))
    await usage.of_route("rest")
    takes["old"] = "d1 /old/*"
    origins[0] = Origins(by_name={"shown": "old"}, by_origin={"old": "shown"})
    usage.follow()
    del takes["old"]
    origins[0] = NO_ORIGINS
    usage.follow()
    usage.take(report(delta("shown", "legacy", ok=3)))
    found = await usage.of_route("rest")

    assert [(each.route, each.calls) for each in found.taken_over] == [("old", 3)]
    assert found.since == NOW
