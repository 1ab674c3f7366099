"""`auth` of a route, over the wire: who passes, as whom, and what the others are told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import Key

from proxy.core.auth.principal import Principal
from proxy.edge.routing.request import Request
from proxy.link.messages import KeySet, KeySets, StepAnswerDelta
from tests.edge.auth.guarded import ORDERS, Guarded, guarded
from tests.edge.auth.issuer import DROPPED, ISSUER, Issuer, bearer, ec, ed, rsa
from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.proxy import Block
from tests.edge.raw_client import get

Start = Callable[..., Awaitable[Guarded]]
CLOSED: Block = {"name": "orders", "match": "/orders/**", "respond": {"status": 200, "body": "hello"}}


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    async def run(**more: Any) -> Guarded:  # noqa: ANN401 -- by name
        return await guarded(play, serve, tmp_path, **more)

    return run


def orders_with(auth: object) -> list[Block]:
    return [{**ORDERS, "auth": auth}]


@pytest.mark.parametrize(
    "key",
    [
        *(rsa("one", f"{family}{size}") for family in ("RS", "PS") for size in (256, 384, 512)),
        ec("one"),
        ed("one"),
        ed("one", "EdDSA"),
    ],
    ids=lambda key: key[1],
)
async def test_every_algorithm_works(start: Start, key: tuple[str, str, Key]) -> None:
    """By a key of its kind."""
    orders = await start(issuer=Issuer(key))
    assert (await orders.shows(orders.issuer.token())).status == 200


async def test_without_a_token_one_is_asked_for(start: Start) -> None:
    """401, with no word of an error, as RFC 6750 section 3.1 has it; another scheme is no token."""
    orders = await start()
    for line in (b"X-A: b", b"Authorization: Basic YTpi", b"Authorization: Bearer", b"Authorization: Bearer  "):
        answer = await orders.ask(line)
        check_problem(answer, 401)
        assert answer.values(b"WWW-Authenticate") == [b'Bearer realm="banyan"']
    assert orders.legacy.requests == []
    assert orders.proxy.listener.counters.take_step_answers() == [StepAnswerDelta("orders", "no_token", 4)]


async def test_the_log_says_who_calls(start: Start) -> None:
    """The policy, and the subject that it has verified, within a bound; no byte of the token."""
    orders = await start()
    for subject in ("ada", "a" * 1000):
        token = orders.issuer.token(sub=subject)
        assert (await orders.shows(token)).status == 200
    lines = await orders.proxy.lines(2)
    assert [line["steps"] for line in lines] == [{"auth": "members: ada"}, {"auth": "members: " + "a" * 200}]


@pytest.mark.parametrize("enforced", [True, False])
async def test_the_log_says_what_a_refused_token_claims(start: Start, enforced: bool) -> None:  # noqa: FBT001
    """Marked as what nobody has verified: an operator sees which audience, or which key, is not the one he expects."""
    orders = await start(routes=orders_with({"by": "members", "enforce": enforced}))
    token = orders.issuer.token(aud="another", header={"kid": "x"})
    await orders.shows(token)
    (line,) = await orders.proxy.lines(1)
    claims = f'unverified: iss "{ISSUER}", kid "x", aud "another", sub "ada"'
    assert line["steps"] == {"auth": claims if enforced else f"not enforced: wrong_audience; {claims}"}
    assert token.rpartition(b".")[2].decode() not in json.dumps(line)


async def test_a_known_caller_without_the_scope_is_not_logged_as_unverified(start: Start) -> None:
    """His token is good, and is not enough: the line says both."""
    orders = await start(routes=orders_with({"by": "members", "scopes": "b"}))
    assert (await orders.shows(orders.issuer.token(scope="a"))).status == 403
    (line,) = await orders.proxy.lines(1)

    assert line["steps"]["auth"].startswith(f'refused, verified: iss "{ISSUER}", kid "')
    assert line["steps"]["auth"].endswith('sub "ada"')


async def test_the_log_says_no_claims_of_what_nobody_reads(start: Start) -> None:
    """No token, or text that is none."""
    orders = await start()
    await orders.ask()
    await orders.shows(b"text")
    assert [line.get("steps") for line in await orders.proxy.lines(2)] == [None, None]


async def test_the_name_of_the_scheme_has_no_case(start: Start) -> None:
    """RFC 9110 section 11.1."""
    orders = await start()
    for scheme in (b"bearer", b"BEARER", b"bEaReR "):
        assert (await orders.ask(b"Authorization: " + scheme + b" " + orders.issuer.token())).status == 200


@pytest.mark.parametrize("forward", ["no", "policy", "route"])
async def test_a_token_that_was_read_goes_no_further(start: Start, forward: str) -> None:
    """Unless the policy or the route says so; all else goes on as it came."""
    policy = {"forward_token": True} if forward == "policy" else {}
    auth: object = {"by": "members", "forward_token": True} if forward == "route" else "members"
    orders = await start(routes=orders_with(auth), policy=policy)
    line = bearer(orders.issuer.token())
    await orders.ask(b"X-A: b", line, b"X-C: d")
    (sent,) = orders.legacy.requests

    assert (line in sent.lines) == (forward != "no")
    assert [sent.value(name) for name in (b"X-A", b"X-C", b"Host")] == [b"b", b"d", b"a"]


async def test_where_no_policy_reads_it_authorization_goes_on(start: Start) -> None:
    """As before: it is between the client and its upstream."""
    open_: Block = {"name": "open", "match": "/open", "stage": "legacy", "auth": "anonymous"}
    orders = await start(routes=[ORDERS, open_])
    for line in (b"Authorization: Basic YTpi", b"Authorization: Bearer whatever"):
        assert (await orders.ask(line, target=b"/open")).status == 200
        assert line in orders.legacy.requests[-1].lines


async def test_a_step_knows_who_calls(start: Start) -> None:
    """Whom the policy has verified, for the steps behind it; anonymous is nobody."""
    open_: Block = {"name": "open", "match": "/open", "stage": "legacy", "auth": "anonymous"}
    orders = await start(routes=[ORDERS, open_])
    seen: list[Principal | None] = []

    def looks(request: Request) -> None:
        seen.append(request.principal)

    for bound in orders.proxy.listener.live.bound:
        bound.admission = (*bound.admission[:1], looks, *bound.admission[1:]) if bound.admission else ()
    token = orders.issuer.token(tenant="acme")
    await orders.shows(token)
    await orders.ask(target=b"/open")
    (principal,) = seen

    assert principal is not None
    assert (principal.policy, principal.subject, principal.issuer) == ("members", "ada", ISSUER)
    assert principal.claims["tenant"] == "acme"
    assert principal.expires == principal.claims["exp"]


async def test_an_answer_of_banyan_s_own_is_guarded_too(start: Start) -> None:
    """`respond` asks for a token as any route does."""
    orders = await start(routes=[{**CLOSED, "auth": "members"}])
    assert (await orders.ask()).status == 401
    answer = await orders.shows(orders.issuer.token())
    assert (answer.status, answer.body) == (200, b"hello")


async def test_what_is_not_enforced_passes_and_is_counted(start: Start) -> None:
    """As it came, token and all; the log says what would have been."""
    orders = await start(routes=orders_with({"by": "members", "enforce": False}))
    bad, good = bearer(orders.issuer.token(aud="cart")), bearer(orders.issuer.token())
    for lines in ((), (bad,), (good,), (good, good)):
        assert (await orders.ask(*lines)).status == 200
        assert [line for line in orders.legacy.requests[-1].lines if line.startswith(b"Authorization")] == list(lines)
    counters = orders.proxy.listener.counters

    assert counters.take_step_answers() == []
    assert sorted(delta.reason for delta in counters.take_step_passes()) == [
        "no_token",
        "two_authorization_fields",
        "wrong_audience",
    ]
    notes = [str(line.get("steps")) for line in await orders.proxy.lines(4)]
    assert any("not enforced: wrong_audience; unverified: iss " in note for note in notes)


async def test_a_default_holds_for_routes_that_say_nothing(start: Start) -> None:
    """And not for those that do."""
    plain: Block = {"name": "orders", "match": "/orders/**", "stage": "legacy"}
    open_: Block = {"name": "open", "match": "/open", "stage": "legacy", "auth": "anonymous"}
    orders = await start(routes=[plain, open_], auth_default="members")

    assert (await orders.ask()).status == 401
    assert (await orders.shows(orders.issuer.token())).status == 200
    assert (await orders.ask(target=b"/open")).status == 200


async def test_of_several_policies_the_first_that_takes_it(start: Start, tmp_path: Path) -> None:
    """Both may be of one issuer; a token that both take is the first one's."""
    issuer = Issuer()
    first, second = issuer.policy(tmp_path, audience="orders"), issuer.policy(tmp_path, audience="cart")
    route: Block = {**ORDERS, "auth": {"by": ["a", "b"], "forward_token": True}}
    orders = await start(issuer=issuer, routes=[route], auth={"a": first, "b": second})

    for audience in ("orders", "cart", ["orders", "cart"]):
        assert (await orders.shows(issuer.token(aud=audience))).status == 200
    await orders.refuses(issuer.token(aud="other"), "wrong_audience")


async def test_what_a_claim_has_to_be(start: Start) -> None:
    """Text, one of several, a member of a list, a number, true or false, or just there; 403 otherwise."""
    claims: Block = {"tenant": ["acme", "globex"], "level": "3", "staff": "true", "email": True}
    orders = await start(routes=orders_with({"by": "members", "claims": claims}))
    good: dict[str, Any] = {"tenant": ["x", "globex"], "level": 3, "staff": True, "email": None}

    assert (await orders.shows(orders.issuer.token(**good))).status == 200
    for other in ({"tenant": "initech"}, {"level": 3.5}, {"staff": "yes"}, {"email": DROPPED}, {"tenant": {"acme": 1}}):
        answer = await orders.shows(orders.issuer.token(**{**good, **other}))
        assert answer.status == 403
        assert answer.value(b"WWW-Authenticate") == b'Bearer realm="banyan", error="insufficient_scope"'


@pytest.mark.parametrize("scopes", [{"scope": "a b"}, {"scope": DROPPED, "scp": ["b", "a"]}, {"scope": "b  a x"}])
async def test_scopes_of_policy_and_route_are_added(start: Start, scopes: dict[str, Any]) -> None:
    """All of them are needed, as `scope` or as `scp` says them."""
    orders = await start(routes=orders_with({"by": "members", "scopes": "b"}), policy={"scopes": ["a"]})

    assert (await orders.shows(orders.issuer.token(**scopes))).status == 200
    for other in ("a", "b", "ab", "", 7, ["c"], DROPPED):
        answer = await orders.shows(orders.issuer.token(scope=other))
        assert answer.status == 403
        assert answer.value(b"WWW-Authenticate") == b'Bearer realm="banyan", error="insufficient_scope", scope="a b"'


async def test_a_forger_does_not_learn_which_scopes_are_asked_for(start: Start) -> None:
    """403 is for tokens that are verified."""
    orders = await start(routes=orders_with({"by": "members", "scopes": "secret"}))
    await orders.refuses(orders.issuer.token()[:-8] + b"AAAAAAAA", "bad_signature")


async def test_without_a_key_set_nobody_is_called_a_forger(start: Start, tmp_path: Path) -> None:
    """503 and when to come back, until the set is there; another one follows; an empty one takes it away again."""
    issuer = Issuer()
    url = "https://id.example.com/jwks"
    auth = {"members": issuer.policy(tmp_path, keys={"url": url})}
    orders = await start(issuer=issuer, auth=auth)
    token = issuer.token()
    jwks, listener = json.dumps(issuer.jwks).encode(), orders.proxy.listener

    for document, status in ((b"", 503), (jwks, 200), (b"", 503), (jwks, 200)):
        listener.callers.hear_keys(KeySets([KeySet(url, document)]))
        answer = await orders.shows(token)
        assert answer.status == status
        if status == 503:
            check_problem(answer, 503)
            assert answer.value(b"Retry-After") == b"1"
            assert answer.values(b"WWW-Authenticate") == []


async def test_an_address_that_fails_too_often_is_looked_at_no_more(start: Start) -> None:
    """429 before a signature is computed, for new tokens of that address; those that were good still pass."""
    orders = await start(limits={"failed_checks": "3/h"})
    known, bad = orders.issuer.token(), orders.issuer.token()[:-8] + b"AAAAAAAA"
    assert (await orders.shows(known)).status == 200
    for _ in range(3):
        await orders.refuses(bad, "bad_signature")
    computed = orders.check.signatures

    for token in (bad, orders.issuer.token(jti="new"), b"x"):
        answer = await orders.shows(token)
        check_problem(answer, 429)
        assert 1000 < int(answer.value(b"Retry-After") or 0) <= 1200
    assert (await orders.shows(known)).status == 200
    assert orders.check.signatures == computed
    assert (await orders.ask()).status == 401

    client = await orders.proxy.client(source="127.0.0.2")
    assert (await client.ask(get(b"/orders/7", bearer(orders.issuer.token(jti="other"))))).status == 200


async def test_a_token_is_known_behind_policies_of_other_issuers(start: Start, tmp_path: Path) -> None:
    """Whichever policy of the route has found it good: it is not verified anew, and passes where others have failed."""
    (tmp_path / "b").mkdir()
    ours, theirs = Issuer(ed("one")), Issuer(ed("two"))
    other = "https://partners.example.com"
    auth = {"a": ours.policy(tmp_path), "b": theirs.policy(tmp_path / "b", issuer=other)}
    routes: list[Block] = [{**ORDERS, "auth": ["a", "b"]}]
    orders = await start(issuer=ours, routes=routes, auth=auth, limits={"failed_checks": "1/h"})
    tokens = (ours.token(), theirs.token(iss=other))
    assert [(await orders.shows(token)).status for token in tokens] == [200, 200]

    assert (await orders.shows(b"x")).status == 401
    assert [(await orders.shows(token)).status for token in (*tokens, *tokens)] == [200] * 4
    assert orders.check.signatures == 2


async def test_failed_checks_of_ipv6_are_those_of_its_network(start: Start) -> None:
    """A client has 2^64 addresses there, and would never fail twice from one."""
    orders = await start(limits={"failed_checks": "1/h"}, trusted_proxies=["127.0.0.1"])
    bad = bearer(orders.issuer.token(aud="cart"))

    async def of(address: bytes) -> int:
        return (await orders.ask(b"X-Forwarded-For: " + address, bad)).status

    assert [await of(b"2001:db8:0:1::%d" % number) for number in range(3)] == [401, 429, 429]
    assert await of(b"2001:db8:0:2::1") == 401


async def test_the_address_is_the_client_s_behind_a_trusted_proxy(start: Start) -> None:
    """One client behind a balancer does not stand for all of them."""
    orders = await start(limits={"failed_checks": "1/h"}, trusted_proxies=["127.0.0.1"])
    bad = bearer(orders.issuer.token(aud="cart"))

    async def of(address: bytes, line: bytes) -> int:
        return (await orders.ask(b"X-Forwarded-For: " + address, line)).status

    assert [await of(b"10.0.0.1", bad) for _ in range(2)] == [401, 429]
    assert await of(b"10.0.0.2", bad) == 401
    assert await of(b"10.0.0.3", bearer(orders.issuer.token())) == 200


async def test_what_an_honest_client_lacks_is_no_failed_check(start: Start) -> None:
    """No token, too few scopes, no key set: none of them counts against the address."""
    orders = await start(routes=orders_with({"by": "members", "scopes": "x"}), limits={"failed_checks": "1/h"})
    for number in range(3):
        assert (await orders.ask()).status == 401
        assert (await orders.shows(orders.issuer.token(jti=number))).status == 403


async def test_failed_checks_outlive_a_reload(start: Start) -> None:
    """That leaves their rate as it was; another rate begins anew."""
    orders = await start(limits={"failed_checks": "1/h"})
    await orders.refuses(orders.issuer.token(aud="cart"), "wrong_audience")
    orders.install(limits={"failed_checks": "1/h"})
    assert (await orders.shows(orders.issuer.token(jti="new"))).status == 429
    orders.install(limits={"failed_checks": "2/h"})
    assert (await orders.shows(orders.issuer.token(jti="new"))).status == 200
