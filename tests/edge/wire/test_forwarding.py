from __future__ import annotations

import re

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, Scripted, always, sized

HEX_32 = re.compile(rb"[0-9a-f]{32}")
TRACEPARENT = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
CLAIMS = (
    b"X-Forwarded-For: 6.6.6.6",
    b"x-forwarded-for: 7.7.7.7",
    b"Forwarded: for=1.1.1.1;host=evil",
    b"X-Real-IP: 8.8.8.8",
    b"X-Forwarded-Host: evil",
    b"X-Forwarded-Proto: https",
    b"X-Forwarded-Port: 443",
    b"X_Forwarded_For: 6.6.6.6",
    b"X-Original-URL: /admin",
    b"True-Client-IP: 9.9.9.9",
)


async def _asked(play: Play, serve: Serve, *lines: bytes, **top: object) -> tuple[Message, Message]:
    """What the upstream got, and the answer."""
    legacy = await play(always(sized(b"hi")))
    answer = await (await serve(legacy, **top)).ask(get(b"/x?y", *lines))
    return legacy.requests[0], answer


async def test_an_untrusted_peers_claims_are_replaced(play: Play, serve: Serve) -> None:
    """What a client says of where it comes from is dropped; what the proxy saw takes its place (HD05, HD06, HD10)."""
    asked, _ = await _asked(play, serve, *CLAIMS)

    assert asked.values(b"X-Forwarded-For") == [b"127.0.0.1"]
    assert asked.values(b"X-Forwarded-Proto") == [b"http"]
    assert asked.values(b"X-Forwarded-Host") == [b"a"]
    assert not {b"forwarded", b"x-real-ip", b"x-forwarded-port", b"x_forwarded_for", b"true-client-ip"} & {*asked.names}
    assert not re.search(rb"6\.6|7\.7|1\.1\.1\.1|8\.8|9\.9|evil|admin", asked.head)


async def test_a_trusted_peers_chain_is_continued(play: Play, serve: Serve) -> None:
    """Behind a trusted proxy its chain stays and its own address is appended; its other fields pass as they are."""
    asked, _ = await _asked(play, serve, *CLAIMS[:6], trusted_proxies=["127.0.0.0/8"])

    assert asked.values(b"X-Forwarded-For") == [b"6.6.6.6, 7.7.7.7, 127.0.0.1"]
    assert asked.values(b"X-Forwarded-Proto") == [b"https"]
    assert asked.values(b"X-Forwarded-Host") == [b"evil"]
    assert asked.values(b"Forwarded") == [b"for=1.1.1.1;host=evil"]
    assert asked.values(b"X-Real-IP") == [b"8.8.8.8"]


async def test_a_trusted_peer_that_says_nothing_is_described(play: Play, serve: Serve) -> None:
    """Without fields of its own a trusted peer gets those of any client."""
    asked, _ = await _asked(play, serve, trusted_proxies=["127.0.0.1"])

    assert asked.values(b"X-Forwarded-For") == [b"127.0.0.1"]
    assert asked.values(b"X-Forwarded-Proto") == [b"http"]
    assert asked.values(b"X-Forwarded-Host") == [b"a"]


async def test_trust_is_the_peers_address(play: Play, serve: Serve) -> None:
    """Of two clients of one listener only the one in `trusted_proxies` is believed."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy, trusted_proxies=["127.0.0.2"])
    for source in ("127.0.0.1", "127.0.0.2"):
        client = await proxy.client(source=source)
        await client.ask(get(b"/", b"X-Forwarded-For: 6.6.6.6"))

    assert [received.value(b"X-Forwarded-For") for received in legacy.requests] == [b"127.0.0.1", b"6.6.6.6, 127.0.0.2"]


async def test_a_request_id_is_given_and_told_to_both_sides(play: Play, serve: Serve) -> None:
    """Upstream and client get the same new id, 32 hex digits, and another for each request."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    answers = [await client.ask(get(b"/", b"X-Request-Id: mine")) for _ in range(3)]
    ids = [answer.value(b"X-Request-Id") for answer in answers]

    assert ids == [received.value(b"X-Request-Id") for received in legacy.requests]
    assert len({*ids}) == 3
    assert all(given_id is not None and HEX_32.fullmatch(given_id) for given_id in ids)


@pytest.mark.parametrize("sent", [b"abc-123", b"a" * 128, b"01J8:x/y+z=@"])
async def test_a_trusted_peers_request_id_is_kept(play: Play, serve: Serve, sent: bytes) -> None:
    """A token of a trusted proxy goes to upstream, client and log."""
    asked, answer = await _asked(play, serve, b"X-Request-Id: " + sent, trusted_proxies=["127.0.0.1"])

    assert (asked.value(b"X-Request-Id"), answer.value(b"X-Request-Id")) == (sent, sent)


@pytest.mark.parametrize("sent", [b"a" * 129, b"a b", b"", b'"quoted"', b"<script>"])
async def test_a_trusted_peers_request_id_must_be_a_token(play: Play, serve: Serve, sent: bytes) -> None:
    """What does not look like an id is replaced, whoever sent it."""
    asked, answer = await _asked(play, serve, b"X-Request-Id: " + sent, trusted_proxies=["127.0.0.1"])
    given = asked.value(b"X-Request-Id")

    assert given is not None
    assert HEX_32.fullmatch(given)
    assert answer.value(b"X-Request-Id") == given


async def test_an_upstreams_own_request_id_is_left_alone(play: Play, serve: Serve) -> None:
    """An id in the answer is the upstream's; there is one such field, not two."""
    legacy = await play(always(sized(b"hi", b"X-Request-Id: theirs")))

    assert (await (await serve(legacy)).ask(get())).values(b"X-Request-Id") == [b"theirs"]


async def test_a_trace_is_begun(play: Play, serve: Serve) -> None:
    """Without a traceparent a new one goes up, not sampled, and without the state of any other."""
    asked, _ = await _asked(play, serve, b"tracestate: a=1")
    found = TRACEPARENT.fullmatch(asked.value(b"traceparent") or b"")

    assert found is not None
    assert found[3] == b"00"
    assert asked.value(b"tracestate") is None


async def test_a_trace_passes_unmodified(play: Play, serve: Serve) -> None:
    """A valid traceparent goes on as it is, so that the upstream's parent is the client's span; tracestate too."""
    trace, parent = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"
    asked, _ = await _asked(
        play, serve, b"traceparent: 00-" + trace + b"-" + parent + b"-01", b"tracestate: a=1,b=2", b"Tracestate: c=3"
    )
    found = TRACEPARENT.fullmatch(asked.value(b"traceparent") or b"")

    assert found is not None
    assert found.groups() == (trace, parent, b"01")
    assert asked.values(b"tracestate") == [b"a=1,b=2", b"c=3"]


@pytest.mark.parametrize(
    "sent",
    [
        b"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        b"nonsense",
    ],
)
async def test_an_invalid_trace_is_begun_anew(play: Play, serve: Serve, sent: bytes) -> None:
    """What the standard forbids is not continued, and its state is dropped."""
    asked, _ = await _asked(play, serve, b"traceparent: " + sent, b"tracestate: a=1")
    (given,) = asked.values(b"traceparent")

    assert TRACEPARENT.fullmatch(given)
    assert b"4bf92f3577b34da6a3ce929d0e0e4736" not in given.lower()
    assert asked.value(b"tracestate") is None


async def _rewriting(play: Play, serve: Serve, *lines: bytes, mode: str = "upstream") -> tuple[Proxy, Scripted]:
    """A proxy whose upstream speaks of itself by its own name; NAME in `lines` stands for it."""

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            name = b"127.0.0.1:%d" % legacy.port
            await peer.send(sized(b"hi", *[line.replace(b"NAME", name) for line in lines], status=b"302 Found"))

    legacy = await play(script)
    block: Block = upstream(legacy, host=mode)
    return await serve(upstreams={"legacy": block}, routes=[REST]), legacy


async def test_with_host_upstream_the_upstream_sees_its_own_name(play: Play, serve: Serve) -> None:
    """`host: upstream` replaces Host in its place; the client's stays in X-Forwarded-Host."""
    proxy, legacy = await _rewriting(play, serve)
    await proxy.ask(request(b"GET", b"/", b"X-After: 1"))

    assert legacy.requests[0].lines[:2] == [b"Host: 127.0.0.1:%d" % legacy.port, b"X-After: 1"]
    assert legacy.requests[0].value(b"X-Forwarded-Host") == b"a"


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (b"Location: http://NAME/next?a=b#c", b"Location: http://a/next?a=b#c"),
        (b"location:HTTPS://NAME", b"location: http://a"),
        (b"Location: //NAME/next", b"Location: //a/next"),
        (b"Content-Location: http://NAME/doc", b"Content-Location: http://a/doc"),
        (b"Location: /relative", b"Location: /relative"),
        (b"Location: http://elsewhere/?u=http://NAME/", b"Location: http://elsewhere/?u=http://NAME/"),
        (b"Location: http://NAME.evil/", b"Location: http://NAME.evil/"),
        (b"Set-Cookie: a=1; Domain=127.0.0.1; Path=/", b"Set-Cookie: a=1; Domain=a; Path=/"),
        (b"Set-Cookie: a=1; domain=.127.0.0.1", b"Set-Cookie: a=1; domain=.a"),
        (b"Set-Cookie: a=1; Domain=elsewhere", b"Set-Cookie: a=1; Domain=elsewhere"),
        (b"Set-Cookie: a=127.0.0.1", b"Set-Cookie: a=127.0.0.1"),
        (b"X-Location: http://NAME/", b"X-Location: http://NAME/"),
        (b'Link: <http://NAME/>; rel="next"', b'Link: <http://NAME/>; rel="next"'),
    ],
)
async def test_with_host_upstream_its_name_is_said_as_the_public_one(
    play: Play, serve: Serve, sent: bytes, seen: bytes
) -> None:
    """Location, Content-Location and a cookie's Domain that name the upstream are rewritten; nothing else is."""
    proxy, legacy = await _rewriting(play, serve, sent)
    answer = await proxy.ask(get())

    assert answer.has(seen.replace(b"NAME", b"127.0.0.1:%d" % legacy.port))


async def test_with_host_preserve_nothing_is_rewritten(play: Play, serve: Serve) -> None:
    """Without `host: upstream` the upstream knows the public name, and its answer is not touched."""
    lines = (b"Location: http://NAME/next", b"Set-Cookie: a=1; Domain=127.0.0.1")
    proxy, legacy = await _rewriting(play, serve, *lines, mode="preserve")
    answer = await proxy.ask(get())

    assert answer.value(b"Location") == b"http://127.0.0.1:%d/next" % legacy.port
    assert answer.value(b"Set-Cookie") == b"a=1; Domain=127.0.0.1"


async def test_a_client_without_a_name_for_us_gets_no_empty_one(play: Play, serve: Serve) -> None:
    """HTTP/1.0 without Host: there is no public name to put in the upstream's place."""
    proxy, legacy = await _rewriting(play, serve, b"Location: http://NAME/next")
    answer = await proxy.ask(b"GET / HTTP/1.0\r\n\r\n")

    assert answer.value(b"Location") == b"http://127.0.0.1:%d/next" % legacy.port


async def test_a_route_that_asks_for_a_managed_field_believes_trusted_peers_only(play: Play, serve: Serve) -> None:
    """A predicate on X-Forwarded-Proto never matches by the word of a client that nobody trusts."""
    routes: list[Block] = [
        {
            "name": "https",
            "match": {"path": "/x", "headers": {"X-Forwarded-Proto": "https"}},
            "respond": {"status": 200, "body": "https"},
        },
        {"name": "rest", "match": "/**", "respond": {"status": 200, "body": "other"}},
    ]
    legacy = await play(always(sized(b"hi")))
    claim = get(b"/x", b"X-Forwarded-Proto: https")

    believed = await (await serve(legacy, routes=routes, trusted_proxies=["127.0.0.1"])).ask(claim)
    ignored = await (await serve(legacy, routes=routes)).ask(claim)

    assert (believed.body, ignored.body) == (b"https", b"other")


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ((b"X-Forwarded-Proto: https", b"X-Forwarded-Host: crm.example"), b"https://crm.example/next"),
        ((b"X-Forwarded-Proto: https, http",), b"https://a/next"),
        ((b"X-Forwarded-Host: crm.example:8443, inner",), b"http://crm.example:8443/next"),
        ((b"X-Forwarded-Proto: gopher", b"X-Forwarded-Host: not a host"), b"http://a/next"),
    ],
)
async def test_behind_a_trusted_proxy_the_public_name_is_what_it_says(
    play: Play, serve: Serve, said: tuple[bytes, ...], seen: bytes
) -> None:
    """A TLS terminator's clients are sent back to https and the host they asked for; nobody else's word counts."""
    proxy, legacy = await _rewriting(play, serve, b"Location: http://NAME/next")
    untrusted = await proxy.ask(get(b"/", *said))
    proxy.install({"legacy": upstream(legacy, host="upstream")}, [REST], trusted_proxies=["127.0.0.1"])
    trusted = await proxy.ask(get(b"/", *said))

    assert untrusted.value(b"Location") == b"http://a/next"
    assert trusted.value(b"Location") == seen
