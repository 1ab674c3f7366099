"""Who called, counted beside the tallies of routes."""

from __future__ import annotations

from pathlib import Path

from proxy.core.auth.principal import Principal
from proxy.core.discovery.usage import OTHERS
from proxy.edge.account.caller_counts import MOST, CallerCounts
from proxy.link.messages import UsageDelta
from tests.control.worker import delta
from tests.edge.auth.guarded import ORDERS, guarded
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block


def caller(**claims: object) -> Principal:
    return Principal("members", "ada", "https://id", claims, 2e9)


def test_what_is_not_told_waits_for_its_route() -> None:
    """A route's callers are told with its tallies, once."""
    counts = CallerCounts()
    for route, status in (("a", 200), ("a", 404), ("b", 200)):
        counts.count(route, caller(), status)

    told = [delta("a", "legacy", ok=2), delta("a", "new", ok=1)]
    assert counts.take(told) == [UsageDelta("a", "ada", 2, 1)]
    assert counts.take(told) == []
    assert counts.take([delta("b", "legacy")]) == [UsageDelta("b", "ada", 1, 1)]


def test_callers_are_bounded() -> None:
    """Those of one route between two reports; further ones are counted together, and no call is lost."""
    counts = CallerCounts()
    for number in range(MOST + 3):
        counts.count("a", caller(client_id=f"c{number}"), 200)
    taken = counts.take([delta("a", "legacy")])

    assert len(taken) == MOST + 1
    assert taken[-1] == UsageDelta("a", OTHERS, 3, 3)


async def test_answers_are_counted_by_verified_caller(play: Play, serve: Serve, tmp_path: Path) -> None:
    """An upstream's answers and Banyan's own; a caller that is refused is nobody."""
    closed: Block = {"name": "closed", "match": "/closed", "respond": {"status": 410}, "auth": "members"}
    orders = await guarded(play, serve, tmp_path, routes=[ORDERS, closed])
    app = orders.issuer.token(client_id="app")
    for _ in range(2):
        assert (await orders.shows(app)).status == 200
    await orders.shows(orders.issuer.token(sub="ada"))
    await orders.ask(b"X-A: b")
    await orders.proxy.ask(b"GET /closed HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %b\r\n\r\n" % app)
    routes, _ = orders.proxy.counted()
    told = orders.proxy.listener.finished.callers.take(routes)

    assert {(each.route, each.caller, each.calls, each.good) for each in told} == {
        ("orders", "app", 2, 2),
        ("orders", "ada", 1, 1),
        ("closed", "app", 1, 0),
    }
