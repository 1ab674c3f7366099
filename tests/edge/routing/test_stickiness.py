"""Requests that are tied to a side, on the wire: cookies, flows, reads after writes, pins, and the kill switch."""

from __future__ import annotations

from hashlib import sha256
from time import time

import pytest

from proxy.core.stickiness.signed import open_cohort, seal_cohort
from proxy.edge.routing.stickiness import TieMemory
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import always, once, sized
from tests.edge.tied import KEY, ROUTE, SHARED, both, carrying, cookies

ANONYMOUS: Block = {"cohort": ["header:T", "anonymous"]}
STATE: Block = {"stay": ["query:state", "cookie:sid"]}
WRITE = request(b"POST", b"/a", b"T: 1", body=b"x")
READ = get(b"/a", b"T: 1")
_KEY = sha256(KEY.encode()).digest()


async def test_an_anonymous_client_keeps_its_cohort(play: Play, serve: Serve) -> None:
    """Answers of both sides set the cookie, each for another cohort; who brings it stays, and is set none again."""
    sides = await both(play, serve, ANONYMOUS)
    seen = {}
    for _ in range(24):
        first = await sides.ask(get(b"/a"))
        jar = cookies(first)
        seen[jar[b"banyan_cohort"]] = first.body
        again = await sides.ask(get(b"/a", carrying(jar)))

        assert (again.body, cookies(again)) == (first.body, {})

    assert len(seen) == 24
    assert {*seen.values()} == {b"legacy", b"new"}


async def test_a_named_client_is_set_no_cookie(play: Play, serve: Serve) -> None:
    """Where another source is there, and on routes that do not ask, nothing is set."""
    sides = await both(play, serve, ANONYMOUS, {"name": "b", "match": "/b"})

    assert cookies(await sides.ask(READ)) == cookies(await sides.ask(get(b"/b"))) == {}


async def test_no_upstream_sees_the_cookies_and_no_log_names_them(play: Play, serve: Serve) -> None:
    """On every route of the table; what else stands in the field goes on as it was sent."""
    sides = await both(play, serve, ANONYMOUS, {"name": "b", "match": "/b"}, cookies=SHARED)
    value = cookies(await sides.ask(get(b"/a")))[b"banyan_cohort"]
    own = b"banyan_cohort=" + value
    for target in (b"/a", b"/b"):
        for field in (b"Cookie: " + own, b"Cookie: a=1; " + own + b"; banyan_side=x;b=2", b"COOKIE:" + own + b"; c=3"):
            await sides.ask(get(target, field, b"X: y"))
    received = [line for each in (*sides.legacy.peers, *sides.new.peers) for got in each.requests for line in got.lines]

    assert [each for each in received if b"banyan" in each] == []
    kept = {each for each in received if each[:6].lower() == b"cookie"}
    assert kept == {b"Cookie: a=1;b=2", b"COOKIE: c=3"}
    assert value not in b"".join(sides.proxy.raw_lines())


@pytest.mark.parametrize("change", ["tampered", "foreign", "ended", "nonsense", "none"])
async def test_a_cookie_that_is_not_ours_counts_as_absent(play: Play, serve: Serve, change: str) -> None:
    """Changed, signed with another key, out of time, or no such thing at all: a new cohort is set."""
    sides = await both(play, serve, ANONYMOUS, cookies=SHARED)
    good = seal_cohort(_KEY, bytes(16), time() + 170 * 86_400)
    values = {
        "tampered": (b"A" if good[:1] != b"A" else b"B") + good[1:],
        "foreign": seal_cohort(bytes(32), bytes(16), time() + 1000),
        "ended": seal_cohort(_KEY, bytes(16), time() - 1),
        "nonsense": b"%%%",
        "none": b"",
    }
    assert cookies(await sides.ask(get(b"/a", b"Cookie: banyan_cohort=" + good))) == {}

    found = cookies(await sides.ask(get(b"/a", b"Cookie: banyan_cohort=" + values[change])))

    opened = open_cohort(_KEY, found[b"banyan_cohort"], time())
    assert opened is not None
    assert opened[0] != bytes(16)


@pytest.mark.parametrize("others", [b"%b; banyan_cohort=forged", b"banyan_cohort=forged; %b", b"banyan_cohort=; %b"])
async def test_of_several_cookies_the_one_that_is_ours_counts(play: Play, serve: Serve, others: bytes) -> None:
    """Whoever may set cookies for another path or a domain above cannot hide a client's cohort; no cookie goes on."""
    sides = await both(play, serve, ANONYMOUS, cookies=SHARED)
    first = await sides.ask(get(b"/a"))
    own = b"banyan_cohort=" + cookies(first)[b"banyan_cohort"]
    again = await sides.ask(get(b"/a", b"Cookie: " + others % own))

    assert (again.body, cookies(again)) == (first.body, {})
    got = [each for side in (sides.legacy, sides.new) for peer in side.peers for each in peer.requests]
    assert [line for each in got for line in each.lines if b"banyan_cohort" in line] == []


async def test_a_side_cookie_that_holds_nothing_is_taken_away(play: Play, serve: Serve) -> None:
    """Forged, or forgotten by the kill switch: it is not verified again with every request; one that holds stays."""
    sides = await both(play, serve, STATE, cookies=SHARED)
    sides.move("canary", "100%")
    tied = await sides.ask(get(b"/a?state=one"))
    own = b"banyan_side=" + cookies(tied)[b"banyan_side"]

    assert cookies(await sides.ask(get(b"/a", b"Cookie: banyan_side=forged; " + own))) == {}
    gone = await sides.ask(get(b"/a", b"Cookie: banyan_side=forged"))
    assert gone.values(b"Set-Cookie") == [b"banyan_side=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"]
    anew = await sides.ask(get(b"/a?state=two", b"Cookie: banyan_side=forged"))
    assert [*cookies(anew)] == [b"banyan_side"]


async def test_a_cookie_is_renewed_after_half_its_time(play: Play, serve: Serve) -> None:
    """With the same cohort in it, so that nobody is drawn anew."""
    sides = await both(play, serve, ANONYMOUS, cookies={**SHARED, "days": 10})
    old = seal_cohort(_KEY, b"c" * 16, time() + 4 * 86_400)
    answer = await sides.ask(get(b"/a", b"Cookie: banyan_cohort=" + old))
    opened = open_cohort(_KEY, cookies(answer)[b"banyan_cohort"], time())

    assert opened is not None
    assert opened[0] == b"c" * 16
    assert opened[1] > time() + 9 * 86_400


async def test_a_client_behind_tls_gets_a_cookie_for_tls(play: Play, serve: Serve) -> None:
    """Also where a trusted peer says that the client speaks TLS."""
    sides = await both(play, serve, ANONYMOUS, trusted_proxies=["127.0.0.0/8"])
    plain = await sides.ask(get(b"/a"))
    secure = await sides.ask(get(b"/a", b"X-Forwarded-Proto: https"))

    assert not (plain.value(b"Set-Cookie") or b"").endswith(b"; Secure")
    assert (secure.value(b"Set-Cookie") or b"").endswith(b"; Secure")


async def test_reads_follow_the_last_write(play: Play, serve: Serve) -> None:
    """For as long as it says; other cohorts, and other routes that are not in the group, go by the draw."""
    sides = await both(
        play,
        serve,
        {"affinity": "1s", "group": "g"},
        {"affinity": "1s", "group": "g", "name": "b", "match": "/b"},
        {"affinity": "1s", "name": "c", "match": "/c"},
    )
    sides.move("canary", "0%")
    await sides.ask(WRITE)
    sides.move("live")

    assert [await sides.side(get(target, b"T: 1")) for target in (b"/a", b"/b", b"/c")] == [
        b"legacy",
        b"legacy",
        b"new",
    ]
    assert await sides.side(get(b"/a", b"T: 2")) == b"new"
    reasons = [line["reason"] for line in await sides.proxy.lines(5)]
    assert reasons == ["above_split", "affinity", "affinity", "stage", "stage"]
    while await sides.side(READ) != b"new":
        pass
    await sides.ask(WRITE)
    sides.move("shadow")
    assert await sides.side(READ) == b"new"


async def test_writes_do_not_follow_writes(play: Play, serve: Serve) -> None:
    """Or a busy cohort would never move; the next read follows the new side."""
    sides = await both(play, serve, {"affinity": "1m"})
    sides.move("canary", "0%")
    await sides.ask(WRITE)
    sides.move("canary", "100%")

    assert await sides.side(READ) == b"legacy"
    assert await sides.side(WRITE) == b"new"
    assert await sides.side(READ) == b"new"


async def test_a_flow_stays_where_its_first_request_went(play: Play, serve: Serve) -> None:
    """Over promotions and rollbacks, up to live and down to shadow; other flows go by the stage."""
    sides = await both(play, serve, STATE)
    sides.move("canary", "0%")
    old = get(b"/a/authorize?state=one", b"T: 1")
    assert await sides.side(old) == b"legacy"
    sides.move("live")
    assert await sides.side(get(b"/a/callback?code=7&state=one", b"T: 2")) == b"legacy"
    fresh = get(b"/a/authorize?state=two", b"T: 1")
    assert await sides.side(fresh) == b"new"
    for stage, split in (("canary", "0%"), ("shadow", ""), ("canary", "50%"), ("live", "")):
        sides.move(stage, split)
        assert [await sides.side(old), await sides.side(fresh)] == [b"legacy", b"new"]
    sides.move("complete")
    assert await sides.side(old) == b"new"


@pytest.mark.parametrize(
    ("line", "later"),
    [
        (b"Location: https://idp.example/auth?client=7&state=s%2F1#x", get(b"/a?state=s/1")),
        (b'Link: </a?state=p1>; rel="prev", </a?state=p2>; rel="next"', get(b"/a?state=p2")),
        (b"Set-Cookie: sid=abc; Path=/; HttpOnly", get(b"/a", b"Cookie: x=y; sid=abc")),
    ],
)
async def test_a_flow_stays_where_its_value_was_issued(play: Play, serve: Serve, line: bytes, later: bytes) -> None:
    """A redirect's parameter, a page's link, a session's cookie: who issued it gets it back."""
    sides = await both(play, serve, STATE, answer=lambda name: sized(name, line))
    sides.move("canary", "0%")
    await sides.ask(get(b"/a"))
    sides.move("live")

    assert await sides.side(later) == b"legacy"
    assert await sides.side(get(b"/a?state=other")) == b"new"


async def test_a_value_of_another_flow_is_left_where_it_is(play: Play, serve: Serve) -> None:
    """The first value of the list that is known decides; the other one keeps its own side."""
    sides = await both(play, serve, STATE)
    sides.move("canary", "0%")
    await sides.ask(get(b"/a?state=old"))
    sides.move("live")
    session = b"Cookie: sid=new"
    await sides.ask(get(b"/a", session))

    assert await sides.side(get(b"/a?state=old", session)) == b"legacy"
    assert await sides.side(get(b"/a", session)) == b"new"


async def test_another_replica_learns_by_the_cookie(play: Play, serve: Serve) -> None:
    """What was tied elsewhere holds here by the signed cookie; without it, or with another key, it does not."""
    sides = await both(play, serve, {**STATE, "affinity": "1m"}, cookies=SHARED)
    sides.move("canary", "0%")
    jar = cookies(await sides.ask(request(b"POST", b"/a?state=s", b"T: 1", body=b"x")))
    assert cookies(await sides.ask(get(b"/a?state=s", b"T: 1", carrying(jar)))) == {}
    other = await both(play, serve, {**STATE, "affinity": "1m"}, cookies=SHARED)
    other.move("live")

    assert await other.side(get(b"/a?state=s", b"T: 2")) == b"new"
    other.proxy.listener._shared.ties.marks.clear()
    assert await other.side(get(b"/a?state=s", b"T: 2", carrying(jar))) == b"legacy"
    assert await other.side(get(b"/a", b"T: 1", carrying(jar))) == b"legacy"
    stranger = await both(play, serve, {**STATE, "affinity": "1m"})
    stranger.move("live")
    assert await stranger.side(get(b"/a", b"T: 1", carrying(jar))) == b"new"


async def test_the_kill_switch_outranks_and_ends_them_all(play: Play, serve: Serve) -> None:
    """Killed, everything goes to legacy; afterwards no flow is sent back to where it was cut off."""
    pinned: Block = {**STATE, "affinity": "1m", "pin": {"new": ["1"]}}
    sides = await both(play, serve, pinned, pins={"header": ["127.0.0.0/8"]}, cookies=SHARED)
    sides.move("live")
    flow = get(b"/a?state=s", b"T: 2")
    jar = cookies(await sides.ask(flow))
    sides.move("canary", "0%")
    chosen = get(b"/a", b"X-Banyan-Side: new")
    assert [await sides.side(each) for each in (flow, READ, chosen)] == [b"new", b"new", b"new"]
    sides.proxy.listener.kill(on=True)
    killed = await sides.ask(get(b"/a?state=s", carrying(jar)))
    assert (killed.body, cookies(killed)) == (b"legacy", {})
    assert [await sides.side(each) for each in (flow, READ, chosen)] == [b"legacy", b"legacy", b"legacy"]
    sides.proxy.listener.kill(on=False)
    assert await sides.side(get(b"/a?state=s", carrying(jar), b"T: 2")) == b"legacy"
    assert [await sides.side(each) for each in (READ, chosen)] == [b"new", b"new"]


async def test_pinned_cohorts_are_where_they_are_pinned(play: Play, serve: Serve) -> None:
    """At any stage at which legacy is there; a choice of an allowed client outranks them."""
    sides = await both(play, serve, {"pin": {"new": ["1"], "legacy": ["2"]}}, pins={"header": ["127.0.0.2"]})
    other = get(b"/a", b"T: 2")
    for stage, split in (("legacy", ""), ("shadow", ""), ("canary", "0%"), ("canary", "100%"), ("live", "")):
        sides.move(stage, split)
        assert [await sides.side(READ), await sides.side(other)] == [b"new", b"legacy"]
    sides.move("complete")
    assert await sides.side(other) == b"new"


@pytest.mark.parametrize(
    ("source", "word", "side"),
    [("127.0.0.2", b"new", b"new"), ("127.0.0.3", b"new", b"legacy"), ("127.0.0.2", b"mars", b"legacy")],
)
async def test_a_side_is_chosen_by_allowed_clients_only(
    play: Play, serve: Serve, source: str, word: bytes, side: bytes
) -> None:
    """From others, and with another word, the field counts for nothing; no upstream ever sees it."""
    sides = await both(play, serve, {}, pins={"header": ["127.0.0.2"]})
    sides.move("legacy")
    client = await sides.proxy.client(source=source)
    answer = await client.ask(get(b"/a", b"X-Banyan-Side: " + word))

    assert answer.body == side
    (received,) = [each for peer in (*sides.legacy.peers, *sides.new.peers) for each in peer.requests]
    assert b"x-banyan-side" not in received.names


async def test_behind_a_trusted_proxy_the_clients_own_address_counts(play: Play, serve: Serve) -> None:
    """A load balancer that passes fields on does not make everybody an allowed client; nor does it reach upstreams."""
    sides = await both(play, serve, {}, pins={"header": ["10.1.0.0/16"]}, trusted_proxies=["127.0.0.0/8"])
    sides.move("legacy")
    field = b"X-Banyan-Side: new"

    assert await sides.side(get(b"/a", field, b"X-Forwarded-For: 203.0.113.7")) == b"legacy"
    assert await sides.side(get(b"/a", field, b"X-Forwarded-For: 10.1.2.3")) == b"new"
    names = [name for peer in (*sides.legacy.peers, *sides.new.peers) for got in peer.requests for name in got.names]
    assert b"x-banyan-side" not in names


async def test_a_flow_moves_with_a_fallback(play: Play, serve: Serve) -> None:
    """The side that answered in the end is the one that knows the flow."""
    new = await play(always(sized(b"new")))
    gone = await play(once())
    gone.stop_listening()
    for peer in gone.peers:
        peer.close()
    block: Block = {**ROUTE, **STATE, "split": "0%", "fallback": "other"}
    proxy = await serve(upstreams={"legacy": upstream(gone), "new": upstream(new)}, routes=[block])
    ask = get(b"/a?state=s")

    assert (await proxy.ask(ask)).body == b"new"
    assert (await proxy.ask(ask)).body == b"new"
    assert [(line["reason"], line["side"]) for line in await proxy.lines(2)] == [
        ("above_split", "new"),
        ("stays", "new"),
    ]


async def test_tables_without_ties_have_none(play: Play, serve: Serve) -> None:
    """Nothing stands before admission, and cookies of these names pass like any other."""
    sides = await both(play, serve, {})
    await sides.ask(get(b"/a", b"Cookie: banyan_cohort=x"))

    assert sides.proxy.listener.live.ties is None
    assert sides.proxy.listener.admission_limits is None
    assert any(
        each.has(b"Cookie: banyan_cohort=x")
        for peer in (*sides.legacy.peers, *sides.new.peers)
        for each in peer.requests
    )


def test_a_key_is_found_when_it_is_needed() -> None:
    """Once; a table that says its own needs none."""
    keys = iter([b"k" * 32])
    memory = TieMemory(find_key=lambda: next(keys))

    assert memory.key == memory.key == b"k" * 32
    assert not [*keys]
