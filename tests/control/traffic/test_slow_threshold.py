from __future__ import annotations

from proxy.control.traffic.ledger import Series, Totals
from proxy.control.traffic.slow_threshold import ENOUGH, slow_above
from proxy.link.messages import BUCKETS, CODE_CLASSES
from tests.control.stands import canary, table

LEGACY = Series("a", "legacy")


def totals(fast: int, slow: int) -> Totals:
    """So many answers within 10 ms and within 250 ms."""
    buckets = [0] * (len(BUCKETS) + 1)
    buckets[BUCKETS.index(0.01)], buckets[BUCKETS.index(0.25)] = fast, slow
    return Totals((0, fast + slow, *(0,) * (len(CODE_CLASSES) - 2)), tuple(buckets), 0.0)


def test_slow_is_what_legacy_hardly_ever_was() -> None:
    """The least bound below which the route's quantile of legacy's answers lay."""
    routes = table(canary()).routes

    assert slow_above(routes, {LEGACY: totals(960, 40)}, {}) == {"a": 0.01}
    assert slow_above(routes, {LEGACY: totals(900, 100)}, {}) == {"a": 0.25}
    assert slow_above(table(canary("10%", "guard: {latency: 99%}")).routes, {LEGACY: totals(960, 40)}, {}) == {
        "a": 0.25
    }


def test_with_few_answers_nothing_is_slow() -> None:
    """Nor on a route that does not watch latency, nor on one that Banyan answers."""
    few = {LEGACY: totals(ENOUGH - 1, 0)}
    many = {LEGACY: totals(ENOUGH, 0)}

    assert slow_above(table(canary()).routes, few, {}) == {}
    assert slow_above(table(canary("10%", "guard: {classes: [5xx]}")).routes, many, {}) == {}
    assert slow_above(table("name: a, match: /a, respond: {status: 403}").routes, many, {}) == {}


def test_what_was_found_stays_when_legacy_answers_no_more() -> None:
    """After a restart of control at `live`, new is still held against how legacy was."""
    assert slow_above(table(canary()).routes, {}, {"a": 0.25}) == {"a": 0.25}


def test_what_banyan_refused_is_no_fast_answer_of_legacy() -> None:
    """Refusals within a millisecond would make nearly every answer of legacy a slow one; nor do they make enough."""
    routes, found = table(canary()).routes, totals(900, 100)
    refused = [0] * (len(BUCKETS) + 1)
    refused[0] = 9000
    mixed = found._replace(codes=(0, 1000, 0, 0, 9000), buckets=(9000, *found.buckets[1:]), nobodys=tuple(refused))
    few = mixed._replace(buckets=(9000, *totals(800, 50).buckets[1:]))

    assert slow_above(routes, {LEGACY: mixed}, {}) == {"a": 0.25}
    assert slow_above(routes, {LEGACY: few}, {}) == {}
