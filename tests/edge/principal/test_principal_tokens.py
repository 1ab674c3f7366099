"""Tokens by which upstreams know who calls, as a library that is not ours reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.principal import Principal
from proxy.core.auth.signed_principal import SignedPrincipal, encoded, key_set_of
from proxy.core.secret import Secret
from proxy.edge.principal import principal_tokens
from proxy.edge.principal.principal_tokens import PrincipalTokens, signing_by
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from tests.config.given_files import snapshot
from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import always, echo, sized, then_close

KEYS: dict[Algorithm, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey] = {
    Algorithm.ES256: ec.generate_private_key(ec.SECP256R1()),
    Algorithm.EDDSA: ed25519.Ed25519PrivateKey.generate(),
    Algorithm.RS256: rsa.generate_private_key(65537, 2048),
}
ADA = Principal("members", "ada", "https://id", {"client_id": "app", "scope": "read"}, 2e9)
EVE = Principal("members", "eve", "https://id", {}, 2e9)


def written(path: Path, algorithm: Algorithm = Algorithm.ES256) -> str:
    """A file with a key of ours."""
    pem = KEYS[algorithm].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem)
    return str(path)


def block(key: str, *publish: str) -> Block:
    return {
        "token": {
            "field": "X-Principal",
            "issuer": "https://banyan",
            "key": key,
            "publish": list(publish),
            "audiences": {"new": "https://new"},
        }
    }


def said(key: str, *publish: str) -> SignedPrincipal:
    text = "version: 1\nlisten: :1\nupstreams: {legacy: {url: 'http://a'}, new: {url: 'http://b'}}\n"
    text += f"principal: {json.dumps(block(key, *publish))}\nroutes: [{{name: a, match: /a, stage: legacy}}]\n"
    found = snapshot(text).principal.signed
    assert found is not None
    return found


def read(line: bytes, signed: SignedPrincipal) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, checked by the key set that upstreams fetch."""
    name, _, token = line.partition(b": ")
    assert name == b"X-Principal"
    keys = KeySet.import_key_set(json.loads(key_set_of(signed.published)))
    found = jwt.decode(token.strip().decode(), keys, algorithms=[each.value for each in KEYS])
    return dict(found.header), dict(found.claims)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", KEYS)
def test_an_upstream_reads_it_by_the_published_key(tmp_path: Path, algorithm: Algorithm) -> None:
    """With keys of each kind: the signature holds, and the claims are this caller's for this upstream."""
    signed = said(written(tmp_path / "key.pem", algorithm))
    header, claims = read(PrincipalTokens(signed, lambda: 1000.0).line(ADA, "new"), signed)

    assert (header["alg"], header["typ"], header["kid"]) == (algorithm.value, "at+jwt", signed.signer.kid)
    assert (claims["sub"], claims["aud"], claims["client_id"], claims["scope"]) == ("ada", "https://new", "app", "read")
    assert (claims["iss"], claims["iat"], claims["exp"]) == ("https://banyan", 1000, 1060)


def test_a_key_that_was_not_published_signs_nothing(tmp_path: Path) -> None:
    """What another key has signed under the same name is refused by who reads it."""
    signed = said(written(tmp_path / "key.pem"))
    line = PrincipalTokens(signed).line(ADA, "new")
    forged = signing_by(signed.signer)
    start, _, _ = line.strip().rpartition(b".")
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    by_other = type(signed.signer)(kid=signed.signer.kid, algorithm=Algorithm.ES256, pem=Secret(other))
    token = start.partition(b": ")[2]
    bad = b"X-Principal: %b.%b\r\n" % (token, encoded(signing_by(by_other)(token)))
    good = b"X-Principal: %b.%b\r\n" % (token, encoded(forged(token)))

    assert read(good, signed)[1]["sub"] == "ada"
    with pytest.raises(BadSignatureError):
        read(bad, signed)


def test_a_token_is_sent_again_for_half_of_its_minute(tmp_path: Path) -> None:
    """One signature for a caller and an upstream; an upstream always has half a minute left. Each has its own id."""
    now = [1000.0]
    tokens = PrincipalTokens(said(written(tmp_path / "key.pem")), lambda: now[0])
    first = tokens.line(ADA, "new")
    now[0] += 29.9

    assert tokens.line(ADA, "new") == first
    assert tokens.line(ADA, "legacy") != first
    assert tokens.line(EVE, "new") != first
    assert tokens.signed == 3

    now[0] += 0.2
    second = tokens.line(ADA, "new")

    assert (second != first, tokens.signed) == (True, 4)
    now[0] -= 3600.0  # a clock that was set back
    assert tokens.line(ADA, "new") not in (first, second)


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers without end take no memory without end: who comes back later is signed for anew."""
    monkeypatch.setattr(principal_tokens, "KEPT", 2)
    tokens = PrincipalTokens(said(written(tmp_path / "key.pem")), lambda: 1000.0)
    callers = [Principal("members", f"c{number}", "https://id", {}, 2e9) for number in range(6)]
    for each in (*callers, callers[0]):
        tokens.line(each, "new")

    assert tokens.signed == 7


# -- over the wire -----------------------------------------------------------------------------------------------------


def called_by(proxy: Proxy, principal: Principal | None) -> None:
    """All requests from now on."""

    def finds(request: Request) -> None:
        request.principal = principal

    for bound in proxy.listener.live.bound:
        bound.admission = (finds, decide)


def audience(message: Message, signed: SignedPrincipal) -> str:
    value = message.value(b"X-Principal")
    assert value is not None
    return str(read(b"X-Principal: " + value, signed)[1]["aud"])


async def test_each_side_has_a_token_of_its_own(play: Play, serve: Serve, tmp_path: Path) -> None:
    """Neither can pass the other's on as its caller's; a client's own is dropped, and nobody has none."""
    key = written(tmp_path / "key.pem")
    signed = said(key)
    legacy, new = await play(echo), await play(echo)
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    route: Block = {"name": "a", "match": "/**", "stage": "shadow", "shadow": {"second": "0%"}}
    proxy = await serve(upstreams=upstreams, routes=[route], principal=block(key))
    proxy.listener.shadows.recorder = pairs = Pairs()
    called_by(proxy, ADA)
    await proxy.ask(get(b"/", b"x_principal: mallory"))
    pair = await pairs.next()

    assert (audience(legacy.requests[0], signed), audience(new.requests[0], signed)) == ("legacy", "https://new")
    assert [name for name, _ in pair.request.fields if name.lower() == b"x-principal"] == []

    called_by(proxy, None)
    await proxy.ask(get(b"/", b"X-PRINCIPAL: mallory"))
    await pairs.next()

    assert [each.requests[1].value(b"X-Principal") for each in (legacy, new)] == [None, None]


async def test_a_fallback_has_the_token_of_its_side(play: Play, serve: Serve, tmp_path: Path) -> None:
    """The side that is asked instead is another audience."""
    key = written(tmp_path / "key.pem")
    legacy, new = await play(always(sized(b"legacy"))), await play(then_close())
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    route: Block = {"name": "a", "match": "/**", "stage": "complete", "fallback": "legacy"}
    proxy = await serve(upstreams=upstreams, routes=[route], principal=block(key))
    called_by(proxy, ADA)
    answer = await proxy.ask(get(b"/"))

    assert answer.body == b"legacy"
    assert (audience(new.requests[0], said(key)), audience(legacy.requests[0], said(key))) == ("https://new", "legacy")


async def test_a_reload_changes_the_key_without_a_gap(play: Play, serve: Serve, tmp_path: Path) -> None:
    """The next key is published while the old one signs; then it signs, and the old one is still published."""
    old, new = written(tmp_path / "old.pem"), written(tmp_path / "new.pem", Algorithm.RS256)
    before, after = said(old, new), said(new, old)
    legacy = await play(echo)
    upstreams = {"legacy": upstream(legacy), "new": upstream(legacy)}
    route: Block = {"name": "a", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams=upstreams, routes=[route], principal=block(old, new))
    called_by(proxy, ADA)
    await proxy.ask(get(b"/"))
    proxy.install(upstreams, [route], principal=block(new, old))
    called_by(proxy, ADA)
    await proxy.ask(get(b"/"))
    kids = [
        read(b"X-Principal: " + (each.value(b"X-Principal") or b""), signed)[0]["kid"]
        for each in legacy.requests
        for signed in (before, after)
    ]

    assert kids == [before.signer.kid] * 2 + [after.signer.kid] * 2
