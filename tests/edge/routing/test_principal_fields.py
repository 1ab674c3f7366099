"""What clients send by the names of `principal:`, over the wire: it never arrives, on no kind of route.

The names are `X-Member`, of the subject, and `X-Scopes`. Each spelling is one head or one trailer section; upstreams
may read any of them as one of the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from proxy.core.auth.principal import Principal
from proxy.core.auth.principal_policy import PrincipalField, RoutePrincipal
from proxy.core.http.headers import spelled
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import Verdict
from proxy.edge.steps.principal_step import MemberNumbers, PrincipalStep
from tests.edge.auth.guarded import ORDERS, guarded
from tests.edge.auth.issuer import bearer
from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Scripted, always, echo, sized, then_close

FIELDS: Block = {"fields": {"X-Member": "sub", "X-Scopes": "scope"}}
OWNED: Final = {b"xmember", b"xscopes"}
FALLBACK: Block = {"to": "legacy", "after": ["connect", "failure", "5xx"]}
UNSHADOWED: Block = {"shadow": {"sample": "0%"}}
ROUTES: list[Block] = [
    {"name": "plain", "match": "/plain", "stage": "legacy"},
    {"name": "other", "match": "/other", "stage": "complete"},
    {"name": "live", "match": "/live", "stage": "live", **UNSHADOWED},
    {
        "name": "canary",
        "match": "/canary",
        "stage": "canary",
        "split": "50%",
        "cohort": "header:T",
        "shadow": {"sample": "0%"},
    },
    {"name": "shadow", "match": "/shadow", "stage": "shadow", "shadow": {"second": "0%"}},
    {"name": "closed", "match": "/closed", "respond": {"status": 403}},
    {"name": "tunnel", "match": "/tunnel", "stage": "legacy", "upgrades": ["websocket"]},
]
NAMES: Final = [
    *(b"X-Member", b"x-member", b"X-MEMBER", b"x-MEMBER", b"X-mEmBeR"),
    *(b"X_Member", b"x_member", b"X_MEMBER", b"X.Member", b"x.member", b"X-Member.", b"X-Member-", b"X-Member_"),
    *(b"-X-Member", b"_X-Member", b"X--Member", b"X-_Member", b"X__Member", b"XMember", b"X-Mem-Ber"),
    *(b"X!Member", b"X#Member", b"X$Member", b"X%Member", b"X&Member", b"X'Member", b"X*Member", b"X+Member"),
    *(b"X^Member", b"X`Member", b"X|Member", b"X~Member", b"x_scopes", b"X.SCOPES"),
]
"""Taken by the parser, and dropped."""
HEADS: Final = {
    **{name.decode(): (name + b": mallory",) for name in NAMES},
    "empty value": (b"X-Member:",),
    "blanks around the value": (b"X-Member: \t mallory \t ",),
    "twice": (b"X-Member: mallory", b"x_member: mallory"),
    "nominated": (b"Connection: X-Member", b"X-Member: mallory"),
    "nominated in another spelling": (b"X-Member: mallory", b"Connection: close, x_member"),
    "nominated as what is added": (b"Connection: X-Member, X-Scopes",),
    "beside what vouches for it": (b"Forwarded: for=192.0.2.1", b"X-Forwarded-For: 192.0.2.1", b"X-Member: mallory"),
    "folded into another": (b"X-Other: a", b" X-Member: mallory"),
}
REFUSED: Final = {
    "blank before the colon": b"X-Member : mallory",
    "tab before the colon": b"X-Member\t: mallory",
    "blank in the name": b"X Member: mallory",
    "NUL behind the name": b"X-Member\x00: mallory",
    "soft hyphen": b"X\xadMember: mallory",
    "hyphen of Unicode": "X\u2010Member: mallory".encode(),
    "small k of Unicode": "X-\u212aember: mallory".encode(),
    "bare CR": b"X-Other: a\rX-Member: mallory",
    "NUL as the end of a line": b"X-Other: a\x00X-Member: mallory",
}
"""Refused by the parser, with all that came with them."""


async def before_two(play: Play, serve: Serve, **top: object) -> tuple[Proxy, Scripted, Scripted]:
    """A proxy with all kinds of routes before two upstreams; what is shadowed is recorded."""
    legacy, new = await play(echo), await play(echo)
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    proxy = await serve(upstreams=upstreams, routes=ROUTES, principal=FIELDS, leniency=["bare_lf", "obs_fold"], **top)
    proxy.listener.shadows.recorder = Pairs()
    return proxy, legacy, new


def owned(message: Message) -> list[bytes]:
    """The fields and trailers that an upstream may take for one of those."""
    return [line for line in (*message.lines, *message.trailers) if spelled(line.partition(b":")[0]) in OWNED]


async def ask_all(proxy: Proxy, lines: tuple[bytes, ...]) -> None:
    """These lines on every kind of route, for cohorts of both sides of the canary."""
    for path in (b"/plain", b"/other", b"/live", b"/shadow", b"/closed"):
        await proxy.ask(get(path, *lines))
    for tenant in (b"a", b"b", b"c", b"d"):
        await proxy.ask(get(b"/canary", b"T: " + tenant, *lines))
    await proxy.ask(request(b"GET", b"/plain", *lines, version=b"1.0"))
    await proxy.ask(request(b"GET", b"http://a/plain", *lines))


@pytest.mark.parametrize("trusted", [[], ["127.0.0.0/8"]], ids=["stranger", "trusted proxy"])
@pytest.mark.parametrize("lines", HEADS.values(), ids=HEADS.keys())
async def test_no_spelling_arrives(play: Play, serve: Serve, lines: tuple[bytes, ...], trusted: list[str]) -> None:
    """Neither at the side that answers nor in the shadow's copy, whoever sends it."""
    proxy, legacy, new = await before_two(play, serve, trusted_proxies=trusted)
    await ask_all(proxy, lines)
    await proxy.until(lambda: len(legacy.requests) + len(new.requests) == 11)

    assert {each.target for each in new.requests} >= {b"/other", b"/live", b"/shadow", b"/canary"}
    assert [line for each in (*legacy.requests, *new.requests) for line in owned(each)] == []


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_no_name_is_refused(play: Play, serve: Serve, line: bytes) -> None:
    """With 400, and nothing goes upstream."""
    proxy, legacy, new = await before_two(play, serve)

    assert (await proxy.ask(get(b"/plain", line))).status == 400
    assert (legacy.requests, new.requests) == ([], [])


async def test_a_bare_line_feed_makes_it_a_field_that_is_dropped(play: Play, serve: Serve) -> None:
    """Where lines may end so."""
    proxy, legacy, _ = await before_two(play, serve)
    await proxy.ask(b"GET /plain HTTP/1.1\r\nHost: a\r\nX-Other: a\nX-Member: mallory\r\n\r\n")

    assert (owned(legacy.requests[0]), legacy.requests[0].value(b"X-Other")) == ([], b"a")


@pytest.mark.parametrize("name", NAMES)
async def test_no_trailer_arrives(play: Play, serve: Serve, name: bytes) -> None:
    """In no spelling, on a route of either side; others do."""
    proxy, legacy, new = await before_two(play, serve)
    chunks = b"1\r\nx\r\n0\r\n%b: mallory\r\nX-Sum: 1\r\n\r\n" % name
    for path in (b"/plain", b"/other"):
        head = request(b"POST", path, b"Transfer-Encoding: chunked", b"TE: trailers", b"Trailer: " + name)
        await proxy.ask(head + chunks)

    assert [owned(each) for each in (*legacy.requests, *new.requests)] == [[], []]
    assert [each.trailers for each in (*legacy.requests, *new.requests)] == [(b"X-Sum: 1",)] * 2


async def test_none_arrives_with_an_upgrade(play: Play, serve: Serve) -> None:
    """A tunnel begins with a head like any other."""
    proxy, legacy, _ = await before_two(play, serve)
    upgrade = (b"Connection: Upgrade, X-Member", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    await proxy.ask(get(b"/tunnel", *upgrade, key, b"X-Member: mallory", b"x_scopes: all"))

    assert legacy.requests[0].value(b"Upgrade") == b"websocket"
    assert owned(legacy.requests[0]) == []


async def test_a_table_without_the_block_passes_them(play: Play, serve: Serve) -> None:
    """They are Banyan's by configuration alone; a reload makes them so for connections that are open."""
    legacy = await play(echo)
    proxy = await serve(legacy)
    client = await proxy.client()
    await client.ask(get(b"/", b"X-Member: ada"))
    proxy.install({"legacy": upstream(legacy)}, [{**ROUTES[0], "match": "/**"}], principal=FIELDS)
    await client.ask(get(b"/", b"X-Member: ada"))

    assert [owned(each) for each in legacy.requests] == [[b"X-Member: ada"], []]


# -- GHSA-7r4p-vjf4-gxv4 -----------------------------------------------------------------------------------------------
#
# Caddy copied fields from its authority's answer, and where that had none the client's own stayed.

SETS = (PrincipalField(name="X-Member", claim="sub"), PrincipalField(name="X-Scopes", claim="scope"))
CLAIMED = (b"X-Member: mallory", b"x_scopes: all", b"Authorization: Bearer t")


def known(proxy: Proxy, principal: Principal | None) -> None:
    """From now on every request of every route is this principal's."""

    def finds(request: Request) -> Verdict:
        request.principal = principal
        return None

    step = PrincipalStep(RoutePrincipal(sets=SETS), MemberNumbers(ClerkLink(Path())))
    for bound in proxy.listener.live.bound:
        bound.admission = (finds, decide, step)


ADA = Principal("members", "ada", "https://id", {"sub": "ada", "scope": "read"}, 2e9)
NO_SCOPE = Principal("members", "ada", "https://id", {"sub": "ada"}, 2e9)


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        (ADA, [b"X-Member: ada", b"X-Scopes: read"]),
        (NO_SCOPE, [b"X-Member: ada"]),
        (Principal("members", "a\r\nX-Scopes: all", "https://id", {"scope": ""}, 2e9), []),
        (None, []),
    ],
    ids=["all claims", "a claim less", "none that can be written", "nobody"],
)
async def test_the_upstream_has_what_was_verified_alone(
    play: Play, serve: Serve, principal: Principal | None, told: list[bytes]
) -> None:
    """GHSA-7r4p: where a value is missing the field is, whatever the client has sent; both sides are told the same."""
    proxy, legacy, new = await before_two(play, serve)
    known(proxy, principal)
    await ask_all(proxy, CLAIMED)
    await proxy.until(lambda: len(legacy.requests) + len(new.requests) == 11)

    assert [owned(each) for each in (*legacy.requests, *new.requests)] == [told] * 11


async def test_the_fields_survive_no_failure(play: Play, serve: Serve) -> None:
    """GHSA-7r4p, on the paths of errors: a repeat, and the other side instead of one that failed, have the same."""
    legacy, new = await play(then_close(b"")), await play(always(sized(b"", status=b"503 No")))
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    route: Block = {"name": "a", "match": "/**", "stage": "live", "effects": "safe", "fallback": FALLBACK}
    proxy = await serve(upstreams=upstreams, routes=[route], principal=FIELDS)
    known(proxy, ADA)
    answer = await proxy.ask(get(b"/", *CLAIMED))

    assert answer.status >= 500
    assert new.requests
    assert legacy.requests
    told = [owned(each) for each in (*legacy.requests, *new.requests)]
    assert told == [[b"X-Member: ada", b"X-Scopes: read"]] * len(told)


async def test_the_next_request_on_a_connection_is_its_own_caller_s(play: Play, serve: Serve) -> None:
    """The same head twice, for two principals: what was remembered of the first head is the client's alone."""
    legacy = await play(echo)
    proxy = await serve(legacy, principal=FIELDS)
    client = await proxy.client()
    for principal in (ADA, None, NO_SCOPE):
        known(proxy, principal)
        await client.ask(get(b"/", *CLAIMED))

    assert [owned(each) for each in legacy.requests] == [
        [b"X-Member: ada", b"X-Scopes: read"],
        [],
        [b"X-Member: ada"],
    ]


async def test_a_token_s_claims_arrive_and_the_token_does_not(play: Play, serve: Serve, tmp_path: Path) -> None:
    """With a policy that checks it; who calls anonymously, or is let through unchecked, is nobody."""
    routes: list[Block] = [
        ORDERS,
        {**ORDERS, "name": "open", "match": "/open", "auth": "anonymous"},
        {**ORDERS, "name": "counted", "match": "/counted", "auth": {"by": ["members"], "enforce": False}},
    ]
    guard = await guarded(play, serve, tmp_path, routes=routes, principal=FIELDS)
    token = bearer(guard.issuer.token(sub="ada", scope="read write"))
    told = [b"X-Member: ada", b"X-Scopes: read write"]
    for target, lines in [
        (b"/orders/7", (token,)),
        (b"/open", (token,)),
        (b"/counted", (token,)),
        (b"/counted", (b"Authorization: Bearer forged",)),
    ]:
        await guard.ask(*lines, b"x_member: mallory", target=target)

    assert [owned(each) for each in guard.legacy.requests] == [told, [], told, []]
    assert guard.legacy.requests[0].value(b"Authorization") is None
