"""Upstreams with `auth`, over the wire: as whom they are called, and what they are never sent.

Long: one step, and all its cases share their upstreams and their tokens.
"""

from __future__ import annotations

import asyncio
import time

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import AwsEnvironment, BearerFile, IssuedToken, TokenSource, source_key
from proxy.link.token_messages import TokenRefused, UpstreamTokens, token_message
from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.scripted import Peer, Scripted
from tests.edge.signature_check import signer_of

BANYAN, CALLER = "AKBANYAN", "AKCALLER"
SECRETS = {BANYAN: "banyans-secret-key", CALLER: "callers-secret-key"}
FILE = "/run/banyan/token"
BEARER: Block = {"bearer": {"file": FILE}}
SIGV4: Block = {
    "sigv4": {"region": "eu-west-1", "service": "execute-api", "credentials": "environment", "max_body": "1KiB"}
}
FOREVER = 4e9


async def ok(peer: Peer) -> None:
    """Takes what comes."""
    while await peer.next_request() is not None:
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


async def unauthorized(peer: Peer) -> None:
    """Takes nothing."""
    while await peer.next_request() is not None:
        await peer.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


def tell(proxy: Proxy, source: TokenSource, text: str, *, ends: float = FOREVER, access_key: str = "") -> None:
    """As the clerk does; an empty text: its source has none."""
    token = IssuedToken(token=Secret(text), issued=time.time() - 1000, ends=ends, access_key=access_key)
    message = token_message(source_key(source), token if text else None, (1, 0, 0))
    proxy.listener.hear_tokens(UpstreamTokens([message]))


def tell_bearer(proxy: Proxy, text: str, *, ends: float = FOREVER) -> None:
    tell(proxy, BearerFile(path=FILE), text, ends=ends)


def tell_aws(proxy: Proxy) -> None:
    tell(proxy, AwsEnvironment(), SECRETS[BANYAN], access_key=BANYAN)


def authorizations(message: Message) -> list[bytes]:
    return [line.partition(b": ")[2] for line in message.lines if line.lower().startswith(b"authorization")]


def request(*lines: bytes, target: bytes = b"/a", method: bytes = b"GET", body: bytes = b"") -> bytes:
    length = (b"Content-Length: %d" % len(body),) if body else ()
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, target), b"Host: api.test", *lines, *length, b"", body])


def waiting(proxy: Proxy, name: str = "legacy") -> int:
    credential = proxy.pool(name).credential
    return 0 if credential is None else credential.waiting


async def one(serve: Serve, legacy: Scripted, auth: Block, **more: object) -> Proxy:
    return await serve(upstreams={"legacy": upstream(legacy, auth=auth, **more)})


# -- tokens ----------------------------------------------------------------------------------------------------------


async def test_the_callers_authorization_is_replaced(play: Play, serve: Serve) -> None:
    """Whatever the caller sent, however often and in whatever case: the upstream sees Banyan's, once."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    tell_bearer(proxy, "banyans")
    for lines in ((), (b"Authorization: Bearer x",), (b"AUTHORIZATION: Basic eDp5", b"authorization: Bearer y")):
        assert (await proxy.ask(request(*lines))).status == 200
        assert authorizations(legacy.requests[-1]) == [b"Bearer banyans"]


async def test_another_token_takes_over_between_two_requests(play: Play, serve: Serve) -> None:
    """On the same connections, without a new table."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    for text in ("one", "two"):
        tell_bearer(proxy, text)
        await proxy.ask(request())
    assert [authorizations(each) for each in legacy.requests] == [[b"Bearer one"], [b"Bearer two"]]


async def test_a_token_that_has_ended_is_never_sent(play: Play, serve: Serve) -> None:
    """503 with Retry-After, on that upstream alone, and the next token ends it."""
    legacy, new = await play(ok), await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy, auth=BEARER), "new": upstream(new)},
        routes=[REST, {"name": "moved", "match": "/moved", "stage": "live"}],
    )
    tell_bearer(proxy, "old", ends=time.time())
    refused = await proxy.ask(request())
    assert (refused.status, refused.value(b"retry-after")) == (503, b"2")
    assert b"no token" in refused.body
    assert (await proxy.ask(request(target=b"/moved"))).status == 200
    assert legacy.requests == []
    tell_bearer(proxy, "next")
    assert (await proxy.ask(request())).status == 200
    counted = proxy.listener.counters.take_step_answers()
    assert [(each.reason, each.count) for each in counted if each.count] == [("no_upstream_token", 1)]


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_where_a_token_has_ended_the_other_side_steps_in(play: Play, serve: Serve, method: bytes) -> None:
    """Nothing was sent, so `fallback` acts as after a failed connect, whatever the method; nobody has failed."""
    legacy, new = await play(ok), await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "new": upstream(new, auth=BEARER)},
        routes=[{**REST, "stage": "live", "fallback": "legacy"}],
    )
    tell_bearer(proxy, "old", ends=time.time())
    answer = await proxy.ask(request(b"Authorization: Bearer callers", method=method, body=b"x" * (method == b"POST")))
    assert answer.status == 200
    assert (len(new.requests), authorizations(legacy.requests[0])) == (0, [b"Bearer callers"])
    (line,) = await proxy.lines(1)
    assert (line["side"], line["fallback"]) == ("legacy", True)
    _, failures = proxy.counted()
    assert failures == []
    assert [each.reason for each in proxy.listener.counters.take_refused()] == ["no_upstream_token"]

    tell_bearer(proxy, "next")
    assert (await proxy.ask(request(method=method))).status == 200
    assert authorizations(new.requests[0]) == [b"Bearer next"]


async def test_a_first_token_that_does_not_come_is_no_503_where_the_other_side_may_step_in(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for first: a start moves nobody to the other side."""
    monkeypatch.setattr("proxy.edge.steps.upstream_auth_step.WITHIN", 0.05)
    legacy, new = await play(ok), await play(ok)
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "new": upstream(new, auth=BEARER)},
        routes=[{**REST, "stage": "live", "fallback": "legacy"}],
    )
    assert (await proxy.ask(request())).status == 200
    assert (len(legacy.requests), len(new.requests)) == (1, 0)


async def test_where_the_other_side_may_not_step_in_it_is_503(play: Play, serve: Serve) -> None:
    """A fallback after other things says nothing of a token that is not there; nor does one that lacks its own."""
    legacy, new = await play(ok), await play(ok)
    for auth, after in (({}, ["failure"]), ({"auth": BEARER}, ["connect"])):
        proxy = await serve(
            upstreams={"legacy": upstream(legacy, **auth), "new": upstream(new, auth=BEARER)},
            routes=[{**REST, "stage": "live", "fallback": {"to": "legacy", "after": after}}],
        )
        tell_bearer(proxy, "old", ends=time.time())
        answer = await proxy.ask(request())
        assert (answer.status, answer.value(b"retry-after")) == (503, b"2")
    assert legacy.requests + new.requests == []


async def test_a_source_that_fails_leaves_the_token_of_before(play: Play, serve: Serve) -> None:
    """Until it ends."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    tell_bearer(proxy, "old")
    tell_bearer(proxy, "")
    assert (await proxy.ask(request())).status == 200
    assert authorizations(legacy.requests[-1]) == [b"Bearer old"]


async def test_the_first_requests_wait_for_the_first_token(play: Play, serve: Serve) -> None:
    """A start costs no client a 503; once a source has said that it has none, nobody waits."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    asked = asyncio.ensure_future(proxy.ask(request()))
    await proxy.until(lambda: waiting(proxy))
    assert legacy.requests == []
    tell_bearer(proxy, "first")
    assert (await asked).status == 200
    assert authorizations(legacy.requests[-1]) == [b"Bearer first"]


async def test_without_any_token_nobody_waits_twice(play: Play, serve: Serve) -> None:
    """The first word of the source, that there is none, ends all waits."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    asked = asyncio.ensure_future(proxy.ask(request()))
    await proxy.until(lambda: waiting(proxy))
    tell_bearer(proxy, "")
    assert (await asked).status == 503
    assert (await proxy.ask(request())).status == 503
    assert legacy.requests == []


async def test_a_token_that_ends_while_its_request_waits_is_not_sent(play: Play, serve: Serve) -> None:
    """For a connection: what counts is the moment of sending."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await gate.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    legacy = await play(slow)
    proxy = await one(serve, legacy, BEARER, connections=1)
    tell_bearer(proxy, "old")
    first = asyncio.ensure_future(proxy.ask(request()))
    await proxy.until(lambda: legacy.requests)
    second = asyncio.ensure_future(proxy.ask(request()))
    await proxy.until(lambda: proxy.pool().waiting)
    tell_bearer(proxy, "short", ends=time.time() - 1)
    gate.set()
    assert (await first).status == 200
    refused = await second
    assert (refused.status, refused.value(b"retry-after")) == (503, b"2")
    assert len(legacy.requests) == 1
    tell_bearer(proxy, "next")
    assert (await proxy.ask(request())).status == 200


async def test_a_refused_token_is_told_to_the_clerk(play: Play, serve: Serve) -> None:
    """By its mark; the client gets the upstream's 401."""
    told: list[object] = []
    legacy = await play(unauthorized)
    proxy = await one(serve, legacy, BEARER)
    proxy.listener._steps._kinds[2]._clerk.tell = told.append  # type: ignore[attr-defined]
    tell_bearer(proxy, "banyans")
    assert (await proxy.ask(request())).status == 401
    mark = IssuedToken(token=Secret("banyans"), issued=0).mark
    assert told == [TokenRefused(source_key(BearerFile(path=FILE)), mark)]


async def test_a_reload_does_not_send_one_upstreams_token_to_another(play: Play, serve: Serve) -> None:
    """The same name at another place with another source begins without a token."""
    legacy, other = await play(ok), await play(ok)
    proxy = await one(serve, legacy, BEARER)
    tell_bearer(proxy, "banyans")
    proxy.install({"legacy": upstream(other, auth={"bearer": {"file": "/run/other"}})}, [REST])
    tell(proxy, BearerFile(path="/run/other"), "")
    assert (await proxy.ask(request())).status == 503
    assert other.requests == []


async def test_upstreams_without_auth_get_the_callers_own(play: Play, serve: Serve) -> None:
    """Also on a route whose other side has some; and after a fallback each side has been sent its own."""
    legacy = await play(ok)
    upstreams = {"legacy": upstream(legacy), "new": upstream(1, auth=BEARER)}
    route: Block = {"name": "all", "match": "/**", "stage": "live", "fallback": "legacy"}
    proxy = await serve(upstreams=upstreams, routes=[route])
    tell_bearer(proxy, "banyans")
    assert (await proxy.ask(request(b"Authorization: Bearer callers"))).status == 200
    assert authorizations(legacy.requests[-1]) == [b"Bearer callers"]


# -- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "lines", "body"),
    [
        (b"GET", b"/", (), b""),
        (b"GET", b"/a%20b/../c//d/%E3%81%82;x=(1)?b=2&a=1&a=0&c&=&d=%2F", (), b""),
        (b"POST", b"/policies", (b"Content-Type:  application/json ;  charset=utf-8 ",), b'{"a": 1}'),
        (b"PUT", b"/x", (b"X-Amz-Target: a", b"x-amz-target:  b   c", b"X-Amz-Date: 20000101T000000Z"), b"\x00\xff"),
        (b"DELETE", b"/x?X-Amz-Algorithm=none", (b"Authorization: Basic eDp5", b"x-amz-security-token: t"), b""),
    ],
)
async def test_requests_are_signed(
    play: Play, serve: Serve, method: bytes, target: bytes, lines: tuple[bytes, ...], body: bytes
) -> None:
    """As a server finds that signs each anew with botocore."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4)
    tell_aws(proxy)
    assert (await proxy.ask(request(*lines, target=target, method=method, body=body))).status == 200
    assert signer_of(legacy.requests[0], SECRETS) == BANYAN
    assert legacy.requests[0].body == body
    assert legacy.requests[0].target == target


async def test_a_chunked_body_is_signed_whole(play: Play, serve: Serve) -> None:
    """By its payload, however it came."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4)
    tell_aws(proxy)
    client = await proxy.client()
    await client.send(b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n")
    await client.send(b"1\r\nc\r\n0\r\n\r\n")
    assert (await client.response()).status == 200
    assert signer_of(legacy.requests[0], SECRETS) == BANYAN
    assert legacy.requests[0].body == b"abc"


async def test_a_body_over_the_bound_is_refused(play: Play, serve: Serve) -> None:
    """413, and nothing is sent."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4)
    tell_aws(proxy)
    assert (await proxy.ask(request(method=b"POST", body=b"x" * 1025))).status == 413
    assert legacy.requests == []


async def test_the_upstreams_own_host_is_signed(play: Play, serve: Serve) -> None:
    """Where the upstream is to see it: the signature is over what is sent."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4, host="upstream")
    tell_aws(proxy)
    assert (await proxy.ask(request())).status == 200
    assert signer_of(legacy.requests[0], SECRETS) == BANYAN
    assert legacy.requests[0].value(b"host") == b"127.0.0.1:%d" % legacy.port


def signed_by_caller(body: bytes = b"") -> list[bytes]:
    """What botocore sends for its own caller, as lines."""
    made = AWSRequest("POST", "http://api.test/a?b=1", data=body, headers={"Host": "api.test", "X-Amz-Meta": "1"})
    SigV4Auth(Credentials(CALLER, SECRETS[CALLER]), "execute-api", "eu-west-1").add_auth(made)
    return [f"{name}: {value}".encode() for name, value in made.headers.items() if name != "Host"]


@pytest.mark.parametrize("host", ["preserve", "upstream"])
async def test_what_its_caller_has_signed_goes_as_it_came(play: Play, serve: Serve, host: str) -> None:
    """Line by line, its Host too; its body is not bounded, since nobody has to hash it."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4, host=host)
    tell_aws(proxy)
    body = b"x" * 3000
    lines = signed_by_caller(body)
    assert (await proxy.ask(request(*lines, target=b"/a?b=1", method=b"POST", body=body))).status == 200
    sent = legacy.requests[0]
    assert signer_of(sent, SECRETS) == CALLER
    assert sent.lines[: len(lines) + 2] == [b"Host: api.test", *lines, b"Content-Length: 3000"]


async def test_a_presigned_url_goes_as_it_came(play: Play, serve: Serve) -> None:
    """Its signature stands in the query, and a second one would make it wrong."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4)
    tell_aws(proxy)
    made = AWSRequest("GET", "http://api.test/a?b=1")
    SigV4QueryAuth(Credentials(CALLER, SECRETS[CALLER]), "execute-api", "eu-west-1").add_auth(made)
    target = made.url.removeprefix("http://api.test").encode()
    assert (await proxy.ask(request(target=target))).status == 200
    assert legacy.requests[0].target == target
    assert authorizations(legacy.requests[0]) == []


async def test_a_callers_signature_is_no_token(play: Play, serve: Serve) -> None:
    """To an upstream that wants a bearer token it is an Authorization like any other."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, BEARER)
    tell_bearer(proxy, "banyans")
    await proxy.ask(request(*signed_by_caller(), target=b"/a?b=1", method=b"POST"))
    assert authorizations(legacy.requests[0]) == [b"Bearer banyans"]


async def test_a_401_to_the_callers_own_signature_is_the_callers(play: Play, serve: Serve) -> None:
    """No credential of Banyan's is renewed for it."""
    told: list[object] = []
    legacy = await play(unauthorized)
    proxy = await one(serve, legacy, SIGV4)
    proxy.listener._steps._kinds[2]._clerk.tell = told.append  # type: ignore[attr-defined]
    tell_aws(proxy)
    await proxy.ask(request(*signed_by_caller(), target=b"/a?b=1", method=b"POST"))
    assert told == []
    await proxy.ask(request())
    assert len(told) == 1


async def test_the_other_side_is_asked_with_its_own(play: Play, serve: Serve) -> None:
    """After a fallback the request is signed for who answers, its body read before."""
    legacy = await play(ok)
    upstreams = {"legacy": upstream(legacy, auth=SIGV4), "new": upstream(1, auth=BEARER)}
    route: Block = {"name": "all", "match": "/**", "stage": "live", "fallback": "legacy"}
    proxy = await serve(upstreams=upstreams, routes=[route])
    key = source_key(AwsEnvironment()), source_key(BearerFile(path=FILE))
    tokens = [
        IssuedToken(token=Secret(SECRETS[BANYAN]), issued=0, ends=FOREVER, access_key=BANYAN),
        IssuedToken(token=Secret("banyans"), issued=0, ends=FOREVER),
    ]
    told = [token_message(each, token, (1, 0, 0)) for each, token in zip(key, tokens, strict=True)]
    proxy.listener.hear_tokens(UpstreamTokens(told))
    assert (await proxy.ask(request(method=b"POST", body=b"abc"))).status == 200
    assert signer_of(legacy.requests[0], SECRETS) == BANYAN
    assert legacy.requests[0].body == b"abc"


async def test_nothing_of_a_secret_is_logged(play: Play, serve: Serve) -> None:
    """Not by a request that was sent, nor by one that was not."""
    legacy = await play(ok)
    proxy = await one(serve, legacy, SIGV4)
    tell_aws(proxy)
    await proxy.ask(request(b"Authorization: Bearer callers-hush"))
    await proxy.lines(1)
    logged = b"".join(proxy.written())
    for secret in (SECRETS[BANYAN], "callers-hush", "Signature="):
        assert secret.encode() not in logged


async def test_what_a_kill_has_moved_is_not_signed_for_a_body_that_nobody_has_read(play: Play, serve: Serve) -> None:
    """While its request waited for the other side's first token: 503, and the retry is read and signed."""
    legacy = await play(ok)
    upstreams = {"legacy": upstream(legacy, auth=SIGV4), "new": upstream(1, auth=BEARER)}
    proxy = await serve(upstreams=upstreams, routes=[{"name": "all", "match": "/**", "stage": "live"}])
    tell_aws(proxy)
    asked = asyncio.ensure_future(proxy.ask(request(method=b"POST", body=b"abc")))
    await proxy.until(lambda: waiting(proxy, "new"))
    proxy.listener.kill(on=True)
    tell_bearer(proxy, "banyans")

    assert (await asked).status == 503
    assert legacy.requests == []
    assert (await proxy.ask(request(method=b"POST", body=b"abc"))).status == 200
    assert signer_of(legacy.requests[0], SECRETS) == BANYAN
