"""Tokens that a forger would send, each over the wire: none of them passes, and none is told why.

Long: each attack is a test of its own, and they are read as one list.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from tests.edge.auth.guarded import Guarded, guarded
from tests.edge.auth.issuer import DROPPED, Issuer, bearer, ec, part, rsa, signed
from tests.edge.conftest import Play, Serve

Start = Callable[..., Awaitable[Guarded]]


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    """Starts a proxy whose route takes tokens of one issuer; many failures are allowed, as tests make many."""

    async def run(**more: Any) -> Guarded:  # noqa: ANN401 -- by name
        more.setdefault("limits", {"failed_checks": "1000/s"})
        return await guarded(play, serve, tmp_path, **more)

    return run


async def test_a_good_token_passes(start: Start) -> None:
    """So that what follows is refused for what is wrong with it alone."""
    orders = await start()
    assert (await orders.shows(orders.issuer.token())).status == 200


async def test_alg_none(start: Start) -> None:
    """Unsigned, in any capitals, with an empty signature and with any."""
    orders = await start()
    for name in ("none", "None", "NONE", "nOnE"):
        under = part({"alg": name, "kid": "one", "typ": "at+jwt"}) + b"." + part(orders.issuer.claims())
        await orders.refuses(under + b".", "malformed_token")
        await orders.refuses(under + b".AAAA", "wrong_algorithm")


async def test_hs256_with_the_public_key(start: Start) -> None:
    """The public key taken for a shared secret (CVE-2015-9235), in each form in which one has it."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    assert isinstance(key, RSAKey)
    forms = [key.as_pem(private=False), key.as_der(private=False), json.dumps(orders.issuer.jwks).encode()]
    for secret in (*forms, forms[0].strip()):
        under = part({"alg": "HS256", "kid": "one", "typ": "at+jwt"}) + b"." + part(orders.issuer.claims())
        mac = hmac.new(secret, under, hashlib.sha256).digest()
        await orders.refuses(under + b"." + part(mac), "wrong_algorithm")


@pytest.mark.parametrize("kid", ["../../../../dev/null", "/etc/passwd", "one/../one", "one\0", "ONE", ""])
async def test_kid_as_a_path(start: Start, kid: str) -> None:
    """It names a key of the set, letter by letter, or none."""
    orders = await start()
    await orders.refuses(orders.issuer.token(header={"kid": kid}), "unknown_key")


@pytest.mark.parametrize("kid", [1, 0, 1.5, True, ["one"], {"kid": "one"}, None])
async def test_kid_as_a_number(start: Start, kid: object) -> None:
    """Or as anything that is no text."""
    orders = await start()
    await orders.refuses(orders.issuer.token(header={"kid": kid}), "forbidden_token_header")


async def test_kid_as_sql(start: Start) -> None:
    """It is asked of nobody."""
    orders = await start()
    await orders.refuses(orders.issuer.token(header={"kid": "x' UNION SELECT 'secret';--"}), "unknown_key")


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
async def test_an_embedded_key(start: Start, name: str) -> None:
    """A key that comes with the token, or its address, is believed nowhere (CVE-2018-0114); whoever has signed it."""
    orders = await start()
    own = RSAKey.generate_key(2048)
    value: object = {
        "jwk": own.as_dict(private=False),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/key.pem",
        "x5c": ["MIIB"],
    }[name]
    header = {"alg": "RS256", "kid": "one", "typ": "at+jwt", name: value}
    forged = signed(own, "RS256", part(header), part(orders.issuer.claims()))

    await orders.refuses(forged, "forbidden_token_header")
    await orders.refuses(orders.issuer.token(header={name: value}), "forbidden_token_header")


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["urn:example:x"], [], "exp"])
async def test_crit(start: Start, crit: object) -> None:
    """An extension that has to be understood is none that is."""
    orders = await start()
    await orders.refuses(orders.issuer.token(header={"crit": crit, "exp": 1}), "forbidden_token_header")


@pytest.mark.parametrize("crit", [{"crit": ["b64"]}, {}])
async def test_b64_false(start: Start, crit: dict[str, object]) -> None:
    """A payload that is not encoded (RFC 7797), declared rightly or not."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt", "b64": False, **crit})

    await orders.refuses(orders.issuer.token(header={"b64": False, **crit}), "forbidden_token_header")
    await orders.refuses(signed(key, "RS256", header, b"plain"), "malformed_token")


async def test_the_key_of_another_issuer(start: Start, tmp_path: Path) -> None:
    """Who may sign for one issuer may not sign for another, though this proxy knows both."""
    here, there = Issuer(rsa("one")), Issuer(ec("two"))
    other = {**there.policy(tmp_path / ".."), "issuer": "https://other.example"}
    other["keys"] = {"file": there.written(tmp_path, "other.json")}
    auth = {"members": here.policy(tmp_path), "partners": other}
    both = {"name": "orders", "match": "/orders/**", "stage": "legacy", "auth": ["members", "partners"]}
    orders = await start(issuer=here, routes=[both], auth=auth)

    assert (await orders.shows(there.token(iss="https://other.example"))).status == 200
    await orders.refuses(there.token(), "wrong_algorithm")
    await orders.refuses(there.token(header={"kid": "one"}), "wrong_algorithm")
    await orders.refuses(here.token(iss="https://other.example"), "wrong_algorithm")
    await orders.refuses(here.token(iss="https://third.example"), "wrong_issuer")


async def test_a_key_of_the_same_name_elsewhere(start: Start, tmp_path: Path) -> None:
    """The same `kid` and algorithm in another issuer's set is another key."""
    here, there = Issuer(rsa("one")), Issuer(("one", "RS256", RSAKey.generate_key(2048)))
    orders = await start(issuer=here)
    await orders.refuses(there.token(), "bad_signature")


async def test_an_id_token_as_access_token(start: Start) -> None:
    """Where the policy asks for at+jwt, what a login gave to an app opens nothing; nor do tokens for other ends."""
    orders = await start(policy={"typ": "at+jwt"})

    assert (await orders.shows(orders.issuer.token())).status == 200
    assert (await orders.shows(orders.issuer.token(header={"typ": "application/AT+JWT"}))).status == 200
    for typ in ("JWT", DROPPED, "", "id+jwt"):
        await orders.refuses(orders.issuer.token(header={"typ": typ}, nonce="n", at_hash="h"), "wrong_token_type")


@pytest.mark.parametrize("typ", ["logout+jwt", "dpop+jwt", "secevent+jwt", "token-introspection+jwt"])
async def test_a_token_for_another_end(start: Start, typ: str) -> None:
    """Explicitly typed for something else (RFC 8725 section 3.11), under a policy that asks for no type."""
    orders = await start()
    await orders.refuses(orders.issuer.token(header={"typ": typ}), "wrong_token_type")


async def test_expired(start: Start) -> None:
    """Beyond the leeway; within it, it passes."""
    orders = await start(policy={"leeway": "30s"})
    await orders.refuses(orders.issuer.token(exp=int(time()) - 31), "token_expired")
    await orders.refuses(orders.issuer.token(exp=-1), "token_expired")
    assert (await orders.shows(orders.issuer.token(exp=int(time()) - 5))).status == 200


async def test_not_yet(start: Start) -> None:
    """Before its time, less the leeway."""
    orders = await start(policy={"leeway": "30s"})
    await orders.refuses(orders.issuer.token(nbf=int(time()) + 60), "token_not_yet_valid")
    await orders.refuses(orders.issuer.token(nbf="now"), "token_not_yet_valid")
    assert (await orders.shows(orders.issuer.token(nbf=int(time()) + 5))).status == 200


@pytest.mark.parametrize("exp", ["1e308", "1e999", "9" * 400, "99999999999", "true", '"9999999999"', "null", "[]"])
async def test_a_huge_end(start: Start, exp: str) -> None:
    """Beyond a year, beyond every number, or none at all: such a token would be good for ever."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    claims = json.dumps({**orders.issuer.claims(), "exp": "EXP"}).replace('"EXP"', exp)
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt"})

    await orders.refuses(signed(key, "RS256", header, part(claims)), "token_without_end")


async def test_no_end(start: Start) -> None:
    """`exp` is needed, though RFC 7519 does not ask for it."""
    orders = await start()
    await orders.refuses(orders.issuer.token(exp=DROPPED), "token_without_end")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
async def test_a_number_that_json_has_not(start: Start, number: str) -> None:
    """Python would read it; it compares with nothing."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    claims = json.dumps({**orders.issuer.claims(), "exp": "EXP"}).replace('"EXP"', number)
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt"})

    await orders.refuses(signed(key, "RS256", header, part(claims)), "malformed_token")


@pytest.mark.parametrize("audience", ["other", "Orders", "orders ", "", None, 7, DROPPED, {"orders": True}])
async def test_a_wrong_audience(start: Start, audience: object) -> None:
    """MadeElsewhere for somebody else, or for nobody."""
    orders = await start()
    await orders.refuses(orders.issuer.token(aud=audience), "wrong_audience")


async def test_a_list_of_audiences(start: Start) -> None:
    """One of them is enough, if all are texts."""
    orders = await start()
    assert (await orders.shows(orders.issuer.token(aud=["cart", "orders"]))).status == 200
    for audience in (["cart"], [], ["orders", 7], [["orders"]]):
        await orders.refuses(orders.issuer.token(aud=audience), "wrong_audience")


async def test_two_sub(start: Start) -> None:
    """Well signed, and one reader would see Ada, another Eve."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    claims = json.dumps(orders.issuer.claims())[:-1] + ', "sub": "eve"}'
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt"})
    await orders.refuses(signed(key, "RS256", header, part(claims)), "malformed_token")

    nested = json.dumps(orders.issuer.claims())[:-1] + ', "act": {"sub": "a", "sub": "b"}}'
    await orders.refuses(signed(key, "RS256", header, part(nested)), "malformed_token")


async def test_two_alg(start: Start) -> None:
    """In its header too."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    for header in (
        '{"alg": "none", "alg": "RS256", "kid": "one"}',
        '{"alg": "RS256", "kid": "one", "\\u0061lg": "none"}',
    ):
        await orders.refuses(signed(key, "RS256", part(header), part(orders.issuer.claims())), "malformed_token")


@pytest.mark.parametrize("member", ["alg", "kid"])
async def test_a_header_without(start: Start, member: str) -> None:
    """Without an algorithm it is none; without a `kid` it passes while only one key can be meant."""
    orders = await start()
    token = orders.issuer.token(header={member: DROPPED})
    if member == "alg":
        await orders.refuses(token, "forbidden_token_header")
        return
    assert (await orders.shows(token)).status == 200

    orders.issuer.keys["two"] = rsa("two")[1:]
    orders.install()
    await orders.refuses(orders.issuer.token("one", header={"kid": DROPPED}), "token_without_kid")
    assert (await orders.shows(orders.issuer.token("two"))).status == 200


async def test_padding(start: Start) -> None:
    """base64url as JWTs have it, in its one spelling: no padding, blank, line break, other alphabet, or spare bit."""
    orders = await start()
    token = orders.issuer.token()
    header, claims, signature = token.split(b".")
    for other in (
        token + b"=",
        token + b"==",
        header + b"==." + claims + b"." + signature,
        header + b". " + claims + b"." + signature,
        token.replace(b".", b"%2E"),
        header + b"." + claims + b"+/." + signature,
        header + b"." + claims + b"." + signature[:-1] + bytes([signature[-1] + 1]),
        token + b"." + signature,
        header + b"." + claims,
        header + b".." + signature,
        b".." + signature,
        b"..",
        b"a",
        b"\xff\xfe." + claims + b"." + signature,
    ):
        await orders.refuses(other, "malformed_token")


async def test_bytes_that_are_no_text(start: Start) -> None:
    """UTF-8 alone, with no mark before it, and no half characters."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt"})
    claims = json.dumps(orders.issuer.claims())
    for raw in (
        claims.encode("utf-16"),
        b"\xef\xbb\xbf" + claims.encode(),
        claims.replace("ada", "\xe4").encode("latin-1"),
        claims.replace("ada", "\\ud800").encode(),
        f"[{claims}]".encode(),
        b'"a"',
        b"{}x",
        b"",
    ):
        await orders.refuses(signed(key, "RS256", header, part(raw)), "malformed_token")


async def test_100_kib(start: Start) -> None:
    """Where the bounds of heads allow it, no token is longer than 16 KiB: it is not even read."""
    orders = await start(limits={"failed_checks": "1000/s", "field": "200KiB", "head_size": "300KiB"})
    await orders.refuses(orders.issuer.token(padding="x" * 100_000), "malformed_token")
    assert orders.check.signatures == 0


async def test_depth_100000(start: Start) -> None:
    """As deep as fits, and deeper than anything honest."""
    orders = await start(limits={"failed_checks": "1000/s", "field": "400KiB", "head_size": "400KiB"})
    _, key = orders.issuer.keys["one"]
    header = part({"alg": "RS256", "kid": "one", "typ": "at+jwt"})
    for depth in (100_000, 5000, 40):
        claims = json.dumps(orders.issuer.claims())[:-1] + ', "deep": ' + "[" * depth + "]" * depth + "}"
        await orders.refuses(signed(key, "RS256", header, part(claims)), "malformed_token")
    wide = orders.issuer.token(wide=[[] for _ in range(50)], text="[" * 50)
    assert (await orders.shows(wide)).status == 200


async def test_nested(start: Start) -> None:
    """A token within a token, or one that is encrypted."""
    orders = await start()
    _, key = orders.issuer.keys["one"]
    header = part({"alg": "RS256", "kid": "one", "cty": "JWT"})
    await orders.refuses(signed(key, "RS256", header, part(orders.issuer.token())), "malformed_token")
    await orders.refuses(orders.issuer.token(header={"cty": "JWT"}), "forbidden_token_header")
    await orders.refuses(orders.issuer.token(header={"zip": "DEF"}), "forbidden_token_header")
    await orders.refuses(
        b".".join([part({"alg": "dir", "enc": "A256GCM"}), b"", b"AA", b"AA", b"AA"]), "malformed_token"
    )


@pytest.mark.parametrize("other", [b"Authorization: Bearer x", b"authorization: Basic YTpi", b"AUTHORIZATION:"])
async def test_two_authorization_fields(start: Start, other: bytes) -> None:
    """Which of them an upstream would read nobody knows: refused, whatever the other one is."""
    orders = await start()
    good = bearer(orders.issuer.token())
    for lines in ((good, other), (other, good), (good, good)):
        answer = await orders.ask(*lines)
        assert answer.status == 400
        assert answer.value(b"WWW-Authenticate") == b'Bearer realm="banyan", error="invalid_request"'
    assert orders.legacy.requests == []


async def test_a_token_in_the_query(start: Start) -> None:
    """It is not looked for there, where logs and histories keep it (RFC 9700 section 4.3.2)."""
    orders = await start()
    answer = await orders.ask(target=b"/orders/7?access_token=" + orders.issuer.token())
    assert answer.status == 401
    assert answer.value(b"WWW-Authenticate") == b'Bearer realm="banyan"'


async def test_another_byte_of_the_signature(start: Start) -> None:
    """Or of what is signed."""
    orders = await start()
    token = orders.issuer.token()
    header, _, signature = token.split(b".")
    other = part({**orders.issuer.claims(), "sub": "eve"})
    await orders.refuses(header + b"." + other + b"." + signature, "bad_signature")
    await orders.refuses(token[:-20] + (b"B" if token[-20:-19] == b"A" else b"A") + token[-19:], "bad_signature")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 200])
async def test_signatures_of_other_lengths(start: Start, size: int) -> None:
    """Zeros of any length, as in CVE-2022-21449, by ES256."""
    orders = await start(issuer=Issuer(ec("one")))
    under = orders.issuer.token().rpartition(b".")[0]
    await orders.refuses(under + b"." + part(bytes(size)), "bad_signature" if size else "malformed_token")


async def test_an_algorithm_that_the_key_is_not_for(start: Start) -> None:
    """The policy allows both; the key says which one it is for (RFC 8725 section 3.1)."""
    issuer = Issuer(rsa("one"), ec("two"))
    orders = await start(issuer=issuer, policy={"algorithms": ["RS256", "ES256"]})
    _, key = issuer.keys["one"]
    header = part({"alg": "ES256", "kid": "one", "typ": "at+jwt"})
    await orders.refuses(signed(key, "RS256", header, part(issuer.claims())), "wrong_algorithm")
    header = part({"alg": "RS512", "kid": "one", "typ": "at+jwt"})
    await orders.refuses(signed(key, "RS512", header, part(issuer.claims())), "wrong_algorithm")


@pytest.mark.parametrize("subject", ["", None, 7, ["ada"], DROPPED])
async def test_nobody(start: Start, subject: object) -> None:
    """A token has to say who calls."""
    orders = await start()
    await orders.refuses(orders.issuer.token(sub=subject), "token_without_subject")


async def test_an_issuer_like_ours(start: Start) -> None:
    """Letter by letter."""
    orders = await start()
    for issuer in ("https://id.example.com/", "HTTPS://id.example.com", None, ["https://id.example.com"], DROPPED):
        await orders.refuses(orders.issuer.token(iss=issuer), "wrong_issuer")


async def test_a_secret_key_in_a_key_set_is_refused_with_the_file(tmp_path: Path) -> None:
    """A symmetric key would let every reader of the set sign."""
    from proxy.config.load import load_text

    issuer = Issuer()
    policy = issuer.policy(tmp_path)
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [OctKey.generate_key(256).as_dict()]}))
    table = {
        "version": 1,
        "listen": "127.0.0.1:0",
        "upstreams": {"legacy": {"url": "http://127.0.0.1:1"}},
        "auth": {"members": policy},
        "routes": [{"name": "a", "match": "/", "stage": "legacy", "auth": "members"}],
    }
    found = load_text(json.dumps(table), "routes.yaml", {})
    assert isinstance(found, list)
    assert "auth.members.keys.file: its file cannot be used: no key of it can be used: key 1 is symmetric" in str(
        found[0]
    )
