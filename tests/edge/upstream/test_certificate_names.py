"""Names that clients say and an upstream's certificates lack: whose failure that is, and what is told of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog

from proxy.core.judge.guard import Bad
from proxy.core.outcome import Blame, Refused
from proxy.core.routing.route import Upstream
from proxy.edge.instance import NOWHERE
from proxy.edge.upstream.certificate_names import MOST, CertificateNames, DiallerByName
from proxy.edge.upstream.circuit_breaker import BreakerState
from proxy.edge.upstream.pools_by_host import PoolByHost
from proxy.link.messages import RefusedDelta
from tests.edge.account.test_bad_events import told
from tests.edge.authority import Authority
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import Message, check_problem
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Scripted, always, sized
from tests.edge.upstream.test_upstream_tls import Behind, authority, behind

__all__ = ["authority", "behind"]

MANY = 8
"""More than the failures in a row that open a breaker, or take a route back."""


async def serving(
    play: Play, serve: Serve, new: Scripted, authority: Authority, host: str = "localhost", **route: object
) -> Proxy:
    """New serves all, under the names that clients say."""
    tls: Block = {"ca": str(authority.file), "sni": "host"}
    upstreams = {
        "legacy": upstream(await play(always(sized(b"old")))),
        "new": {"url": f"https://{host}:{new.port}", "tls": tls, "breaker": {"open": "1h"}},
    }
    return await serve(upstreams=upstreams, routes=[{"name": "all", "match": "/**", "stage": "live", **route}])


async def ask(proxy: Proxy, host: str) -> Message:
    """One request for this host."""
    return await proxy.ask(get().replace(b"Host: a", b"Host: " + host.encode()))


def serves(authority: Authority, *names: str, ends: timedelta = timedelta(days=90)) -> ssl.SSLContext:
    """A certificate for these names."""
    return authority.serving(authority.sign(*names, ends=ends))


def chooser(contexts: dict[str, ssl.SSLContext]) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], None]:
    """A server that shows the certificate of the name which it is asked for, where it has one."""

    def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        if name in contexts:
            connection.context = contexts[name]

    return choose


@BOTH
@pytest.mark.parametrize("own", [True, False], ids=["the url's name is held", "it is not"])
async def test_a_name_that_a_client_made_up_is_nobodys_failure(
    play: Play,
    serve: Serve,
    behind: Behind,
    authority: Authority,
    own: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """However often: 421, a cause of its own, no event, no failure, no breaker, and others are served as before."""
    new = await behind(serves(authority, "shop.test", *(["localhost"] * own)))
    proxy = await serving(play, serve, new, authority)
    assert (await ask(proxy, "shop.test")).status == 200
    proxy.counted()
    for number in range(MANY):
        assert f"w{number}.test" in check_problem(await ask(proxy, f"w{number}.test"), 421)
        assert "wrong.test" in check_problem(await ask(proxy, "wrong.test"), 421)
        assert (await ask(proxy, f"203.0.113.{number}")).status == (200 if own else 421)

    counted, failures = proxy.counted()
    refused = MANY * (2 if own else 3)
    assert [(delta.side, delta.codes[3], delta.failed) for delta in counted if delta.side == "self"] == [
        ("self", refused, 0)
    ]
    assert ([delta.failed for delta in counted if delta.side != "self"], failures) == ([0] * own, [])
    assert proxy.listener.counters.take_refused() == [RefusedDelta("all", "new", "misdirected", refused)]
    assert proxy.listener.finished.bad.take() == ([], 0)
    assert (await ask(proxy, "shop.test")).status == 200
    pool = proxy.pool("new")
    assert isinstance(pool, PoolByHost)
    assert {named.breakers.whole.state for named in pool._named.values()} == {BreakerState.CLOSED}
    line = (await proxy.lines(2 + 3 * MANY))[2]
    assert (line["side"], line["failure"], line["refused"]) == ("self", "connect:client", "misdirected")


@pytest.mark.parametrize(
    ("reason", "blame"),
    [
        ("TLSV1_UNRECOGNIZED_NAME", Blame.CLIENT),
        ("TLSV1_ALERT_INTERNAL_ERROR", Blame.CLIENT),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", Blame.CLIENT),
        ("WRONG_VERSION_NUMBER", Blame.UPSTREAM),
    ],
)
def test_a_server_that_ends_the_handshake_over_the_name_says_the_same(reason: str, blame: Blame) -> None:
    """An alert instead of another name's certificate, once another name is held."""
    held = CertificateNames("own.test")
    new = Upstream(name="new", scheme="https", host="own.test", port=443)
    error = ssl.SSLError(1, reason)
    error.reason = reason
    dialler = DiallerByName(new, NOWHERE, None, "crm.test", held)
    before = dialler._failure(error)
    held.takes("shop.test")
    after = dialler._failure(error)

    assert (before.blame, after.blame, after.is_nobodys) == (Blame.UPSTREAM, blame, blame is Blame.CLIENT)
    assert dialler._failure(ConnectionRefusedError(111, "refused")).blame is Blame.UPSTREAM


async def test_what_is_wrong_for_every_name_is_the_upstreams(
    play: Play, serve: Serve, behind: Behind, authority: Authority
) -> None:
    """A certificate that has ended is 502 for all, a failure each time, and the upstream is left alone as a whole."""
    new = await behind(serves(authority, "shop.test", "localhost", ends=timedelta(days=-1)))
    proxy = await serving(play, serve, new, authority)
    for _ in range(5):
        for host in ("shop.test", "localhost"):
            assert (await ask(proxy, host)).status == 502

    assert [event.bad for event in told(proxy)] == [Bad.ERROR.value] * 10
    assert "left alone" in check_problem(await ask(proxy, "shop.test"), 503)
    assert [refusal.reason for refusal in proxy.listener.counters.take_refused()] == [Refused.UPSTREAM]


@pytest.mark.parametrize("held", ["other.test", "localhost"])
async def test_a_certificate_that_serves_nobody_is_the_upstreams_failure(
    play: Play, serve: Serve, behind: Behind, authority: Authority, held: str
) -> None:
    """As long as it has held no name that a client said, even where an address was served as the url's name."""
    proxy = await serving(play, serve, await behind(serves(authority, held)), authority)
    assert (await ask(proxy, "203.0.113.1")).status == (200 if held == "localhost" else 502)
    told(proxy)

    assert (await ask(proxy, "shop.test")).status == 502
    assert [event.unreachable for event in told(proxy)] == [True]


async def test_a_name_that_was_held_is_the_upstreams_to_hold(
    play: Play, serve: Serve, behind: Behind, authority: Authority
) -> None:
    """After the certificate was exchanged for one without it, its requests fail, though another name is held."""
    before = serves(authority, "shop.test", "crm.test")
    after = serves(authority, "crm.test")
    proxy = await serving(play, serve, new := await behind(before), authority)
    assert [(await ask(proxy, host)).status for host in ("shop.test", "crm.test")] == [200, 200]
    told(proxy)

    before.sni_callback = chooser({"shop.test": after, "crm.test": after})
    for peer in new.peers:
        peer.close()
        await proxy.until(peer.reader.at_eof)

    assert [(await ask(proxy, host)).status for host in ("shop.test", "crm.test")] == [502, 200]
    assert [event.unreachable for event in told(proxy)] == [True]


async def test_a_name_that_the_route_asks_for_is_the_upstreams_to_hold(
    play: Play, serve: Serve, behind: Behind, authority: Authority
) -> None:
    """`match: {host: …}` says it for all clients of the route, so that a lack is no client's doing."""
    new = await behind(serves(authority, "shop.test"))
    proxy = await serving(play, serve, new, authority)
    tls: Block = {"ca": str(authority.file), "sni": "host"}
    routes: list[Block] = [
        {"name": name, "match": {"path": "/**", "host": f"{name}.test"}, "stage": "live"} for name in ("shop", "crm")
    ]
    proxy.install({"legacy": upstream(1), "new": {"url": f"https://localhost:{new.port}", "tls": tls}}, routes)

    assert [(await ask(proxy, host)).status for host in ("shop.test", "crm.test")] == [200, 502]
    assert [(event.route, event.unreachable) for event in told(proxy)] == [("crm", True)]


async def test_one_name_that_is_left_alone_is_told_by_its_name(
    play: Play, serve: Serve, behind: Behind, authority: Authority
) -> None:
    """The upstream itself is well, for metrics and judge; the log and the answer say under which name it is not."""
    ended = serves(authority, "old.test", ends=timedelta(days=-1))
    context = serves(authority, "shop.test")
    context.sni_callback = chooser({"old.test": ended})
    proxy = await serving(play, serve, await behind(context), authority)
    assert (await ask(proxy, "shop.test")).status == 200
    with structlog.testing.capture_logs() as said:
        for _ in range(5):
            assert (await ask(proxy, "old.test")).status == 502
    pool = proxy.pool("new")
    pool.sweep(0.0)

    opened = [event for event in said if event["event"] == "breaker_opened"]
    assert [(event["upstream"], event["host"], event["state"]) for event in opened] == [("new", "old.test", "open")]
    assert [state.breaker for state in proxy.listener.upstreams() if state.upstream == "new"] == [BreakerState.CLOSED]
    assert "upstream new as old.test failed too often" in check_problem(await ask(proxy, "old.test"), 503)
    assert [refusal.reason for refusal in proxy.listener.counters.take_refused()] == [Refused.BREAKER]


async def test_the_upstream_is_open_where_every_name_is(
    play: Play, serve: Serve, behind: Behind, authority: Authority
) -> None:
    """Or where the url's own is; a name that was never held says nothing of it."""
    new = await behind(serves(authority, "shop.test", "localhost"))
    proxy = await serving(play, serve, new, authority)
    for host in ("shop.test", "localhost", "made.up"):
        await ask(proxy, host)
    pool = proxy.pool("new")
    assert isinstance(pool, PoolByHost)
    shop, own = pool._named["shop.test"].breakers.whole, pool._named["localhost"].breakers.whole

    for states, shown in (("oc", "c"), ("co", "o"), ("oo", "o"), ("cc", "c")):
        shop.state, own.state = (BreakerState.OPEN if state == "o" else BreakerState.CLOSED for state in states)
        pool.sweep(0.0)
        expected = BreakerState.OPEN if shown == "o" else BreakerState.CLOSED
        assert (pool.breakers.whole.state, pool.rests_whole) == (expected, shown == "o"), states


def test_so_many_names_are_remembered() -> None:
    """The one whose handshake is the oldest is forgotten."""
    held = CertificateNames("own.test")
    for number in range(MOST):
        held.takes(f"n{number}.test")
    held.takes("n0.test")
    held.takes("late.test")

    assert [held.was_held(name) for name in ("n0.test", "n1.test", "n2.test", "late.test")] == [True, False, True, True]
    assert not held.lacks("n0.test")
    assert held.lacks("n1.test")
