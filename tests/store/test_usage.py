"""The contract of UsageStore, held to by both implementations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from proxy.core.discovery.usage import OTHERS, SECONDS_A_DAY, CallerUsage, UsageDay
from proxy.core.discovery.what_is_taken import former_name
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.memory.usage import MemoryUsage
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.usage import PostgresUsage
from proxy.store.usage import GONE_DAYS, KEPT_DAYS, UsageBatch, UsageStore
from tests.store.conftest import TEMPLATE, _database
from tests.store.waiting import PATIENT

Bounded = Callable[[int, int], UsageStore]
TODAY = 20_000
NOW = TODAY * SECONDS_A_DAY + 7_200.0
USED = UsageDay(route="orders", caller="app", day=TODAY, calls=3, good=2, first=NOW - 60, last=NOW)


@pytest.fixture(params=["memory", "postgres"])
async def bounded(request: pytest.FixtureRequest, server: Embedded) -> AsyncIterator[Bounded]:
    """What makes either, empty, with bounds of records and of callers of a route."""
    if request.param == "memory":
        yield MemoryUsage
        return
    connections = Connections(await _database(server, TEMPLATE), patience=PATIENT)
    yield lambda most, callers: PostgresUsage(connections, most, callers)
    await connections.close()


@pytest.fixture
def store(bounded: Bounded) -> UsageStore:
    """With room for whatever a test adds."""
    return bounded(1_000, 100)


def batch(name: str, *days: UsageDay) -> UsageBatch:
    return UsageBatch(id=name, at=NOW, days=days)


async def test_the_record_knows_when_it_began(store: UsageStore) -> None:
    """Once, whoever asks later."""
    assert [await store.begin(now) for now in (NOW, NOW + 5, NOW - 5)] == [NOW, NOW, NOW]


async def test_a_route_is_known_since_it_takes_what_it_takes(store: UsageStore) -> None:
    """One that takes something else, or was away, begins anew; the others go on."""
    told = [
        ({"a": "1 /a", "b": "2 /b", "c": "3 /c"}, NOW),
        ({"a": "1 /a", "b": "22 /b/**", "d": "4 /d"}, NOW + 5),
        ({"a": "1 /a", "b": "22 /b/**", "c": "3 /c"}, NOW + 9),
        ({}, NOW + 10),
    ]

    assert [await store.know(takes, now) for takes, now in told] == [
        {"a": NOW, "b": NOW, "c": NOW},
        {"a": NOW, "b": NOW + 5, "d": NOW + 5},
        {"a": NOW, "b": NOW + 5, "c": NOW + 9},
        {},
    ]


async def test_a_route_that_is_gone_is_known_while_there_are_records_of_it(store: UsageStore) -> None:
    """And begins anew when it comes back; the digest alone says whether two take the same."""
    both, rest, again = {"orders": "d1 /orders", "users": "d2 /users"}, {"rest": "d3 /**"}, NOW + 9 * SECONDS_A_DAY
    await store.add(batch("a", USED))
    await store.know({"orders": "d1", "users": "d2 /users"}, NOW)
    assert (await store.know(both, NOW + 1), await store.gone(both)) == ({"orders": NOW, "users": NOW}, {})
    await store.know(rest, NOW + 2)
    await store.know(rest, NOW + 3)
    assert await store.gone(rest) == both
    await store.know(rest, NOW + 3 + GONE_DAYS * SECONDS_A_DAY)
    assert await store.gone(rest) == {"orders": "d1 /orders"}
    back = rest | {"orders": "d1 /orders"}
    assert await store.know(back, again) == {"rest": NOW + 2, "orders": again}
    assert await store.gone(back) == {}


async def test_whom_another_replica_has_still_is_gone_for_who_has_not(store: UsageStore) -> None:
    """Whichever told its file last; what came to it before anybody knew of a call is there when the call is told."""
    old, new = {"orders": "d1 /orders", "rest": "d3 /**"}, {"added": "d4 /added", "rest": "d3 /**"}
    for takes in (old, new, old):
        await store.know(takes, NOW)
    assert await store.gone(new) == {"orders": "d1 /orders"}
    assert await store.gone(old) == {"added": "d4 /added"}
    for later in range(3):
        await store.know(new | {f"more{later}": "d5 /more"}, NOW + later)
    await store.add(batch("a", USED))
    assert (await store.gone(new))["orders"] == "d1 /orders"


async def test_what_a_route_took_before_is_known_as_gone(store: UsageStore) -> None:
    """With its calls up to then: later ones are the route's as it is; so is one that came back as another."""
    wide, narrow, rest = {"orders": "d1 /orders/*"}, {"orders": "d2 /orders/*/lines"}, {"rest": "d3 /**"}
    former, second = former_name("orders", wide["orders"]), former_name("orders", narrow["orders"])
    tomorrow = replace(USED, day=TODAY + 1, first=NOW + SECONDS_A_DAY, last=NOW + SECONDS_A_DAY)
    await store.know(wide | rest, NOW - 90)
    await store.add(batch("a", USED, tomorrow))
    since = await store.know(narrow | rest, NOW - 10)
    assert (since["orders"], await store.gone(narrow | rest)) == (NOW - 10, {former: "d1 /orders/*"})
    (told,) = await store.sums(former)
    assert (told.route, told.caller, told.calls, told.last) == (former, USED.caller, USED.calls, NOW - 10)
    await store.know(rest, NOW + 1)
    back = {"orders": "d4 /other"} | rest
    await store.know(back, NOW + 2)
    assert await store.gone(back) == {former: "d1 /orders/*", second: "d2 /orders/*/lines"}
    assert [each.last for each in await store.sums(second, "orders")] == [tomorrow.last, NOW]
    await store.know(wide | rest, NOW + 3)
    assert set(await store.gone(rest)) == {"orders", former, second, former_name("orders", back["orders"])}


async def test_a_route_may_take_the_same_again_and_be_changed_as_before(store: UsageStore) -> None:
    """However long ago that was: what it took the first time is forgotten, or known since the last one."""
    first, second, days = {"orders": "d1 /orders/*"}, {"orders": "d2 /orders"}, SECONDS_A_DAY
    for takes, at in ((first, NOW), (second, NOW + 1), (first, NOW + 2), (second, NOW + 9 * days)):
        assert (await store.know(takes, at)).keys() == {"orders"}

    assert former_name("orders", first["orders"]) in await store.gone(second)


async def test_batches_add_up_and_each_counts_once(store: UsageStore) -> None:
    """A batch that is sent again under its id adds nothing; days, callers and routes stay apart."""
    tomorrow = replace(USED, day=TODAY + 1, first=NOW + SECONDS_A_DAY, last=NOW + SECONDS_A_DAY)
    other = replace(USED, caller="zoë", calls=1, good=0)
    first = batch("a", USED, tomorrow, other, replace(USED, route="users"))
    for sent in (first, first, batch("b", replace(USED, calls=4, good=4, first=NOW - 90, last=NOW - 80))):
        await store.add(sent)

    today = replace(USED, calls=7, good=6, first=NOW - 90)
    assert await store.days("orders") == (today, tomorrow, other)
    assert await store.sums() == (
        CallerUsage(route="orders", caller="app", calls=10, good=8, first=NOW - 90, last=tomorrow.last, days=2),
        CallerUsage(route="orders", caller="zoë", calls=1, good=0, first=NOW - 60, last=NOW, days=1),
        CallerUsage(route="users", caller="app", calls=3, good=2, first=NOW - 60, last=NOW, days=1),
    )
    assert [(each.route, each.caller) for each in await store.sums("users", "none")] == [("users", "app")]
    assert await store.sums("users", "orders") == await store.sums()
    assert await store.days("nothing") == ()


async def test_callers_beyond_the_bound_are_counted_together(bounded: Bounded) -> None:
    """No call is lost; who is known already goes on under its own name."""
    store = bounded(1_000, 2)
    await store.add(batch("a", *(replace(USED, caller=f"c{number}") for number in range(5))))
    await store.add(batch("b", replace(USED, caller="c1"), replace(USED, route="users", caller="c9")))

    found = {(each.route, each.caller): each.calls for each in await store.sums()}
    assert found == {("orders", OTHERS): 9, ("orders", "c0"): 3, ("orders", "c1"): 6, ("users", "c9"): 3}


async def test_a_year_is_kept(store: UsageStore) -> None:
    """What is older goes, and the record says that it begins later; a younger record begins when it did."""
    began = await store.begin(NOW)
    await store.prune(NOW)
    assert await store.begin(NOW) == began

    old = [replace(USED, day=TODAY - past) for past in (KEPT_DAYS + 1, KEPT_DAYS, 0)]
    await store.add(batch("a", *old))
    later = NOW + 10 * SECONDS_A_DAY
    gone = await store.prune(NOW), await store.prune(later)

    assert gone == (1, 1)
    assert [each.day for each in await store.days("orders")] == [TODAY]
    await store.prune(NOW + KEPT_DAYS * SECONDS_A_DAY + SECONDS_A_DAY)
    assert await store.begin(NOW) == (TODAY + 1) * SECONDS_A_DAY


async def test_the_oldest_days_go_where_records_are_too_many(bounded: Bounded) -> None:
    """Whole days, and the record says that it begins after them."""
    store = bounded(3, 100)
    await store.begin(NOW - 9 * SECONDS_A_DAY)
    await store.add(batch("a", *(replace(USED, day=TODAY - past) for past in (3, 2, 1, 0))))
    await store.add(batch("b", replace(USED, day=TODAY - 2, caller="other")))
    await store.prune(NOW)

    assert [each.day for each in await store.days("orders")] == [TODAY - 1, TODAY]
    assert await store.begin(NOW) == (TODAY - 1) * SECONDS_A_DAY


async def test_a_caller_that_no_database_takes_is_made_one(store: UsageStore) -> None:
    """Tokens name clients as they like."""
    await store.add(batch("a", replace(USED, caller="a\0b" + "c" * 900)))

    ((caller,),) = ([each.caller for each in await store.sums()],)
    assert caller.startswith("a␀b")
    assert len(caller) == 500
