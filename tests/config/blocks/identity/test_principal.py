"""`principal:` at the top."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey, JWKRegistry, KeySet

from proxy.config.load import Loaded, load_text
from proxy.core.auth.member_lookup import MemberLookup
from proxy.core.auth.principal_policy import NOBODY_TOLD, PrincipalField, PrincipalPolicy, RoutePrincipal
from tests.config.given_files import FILE, snapshot, warnings, with_routes

FIELDS = "principal: {fields: {X-Member: sub, X-Scopes: scope}}\n"
ANYWHERE = "principal: {fields: {X-Member: sub, %s: email}}\n"


def problems(text: str) -> list[str]:
    found = load_text(text, "routes.yaml", {})
    return [] if isinstance(found, Loaded) else [str(each) for each in found]


def test_without_the_block_nobody_is_told() -> None:
    """And no name is Banyan's."""
    found = snapshot(FILE)

    assert found.principal == NOBODY_TOLD
    assert found.routes[0].steps == ()


def test_fields_have_the_values_of_claims() -> None:
    """In the order of the file; without a policy of `auth` there is no step, since nobody is ever known."""
    found = snapshot(FILE + FIELDS)
    sets = (PrincipalField(name="X-Member", claim="sub"), PrincipalField(name="X-Scopes", claim="scope"))

    assert found.principal == PrincipalPolicy(sets=sets)
    assert found.principal.owned == {b"xmember", b"xscopes"}
    assert found.routes[0].steps == ()


def test_fields_that_nobody_sets_are_a_warning() -> None:
    """They are dropped all the same, which may be meant."""
    (warning,) = warnings(FILE + FIELDS)

    assert warning.startswith("routes.yaml:8:1: principal: no policy checks who calls")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("X-Forwarded-For", "is a field that Banyan or HTTP gives a meaning already"),
        ("x_request_id", "is a field that Banyan or HTTP gives a meaning already"),
        ("X-Banyan-Saw", "is a field that Banyan or HTTP gives a meaning already"),
        ("Host", "is a field that Banyan or HTTP gives a meaning already"),
        ("Authorization", "is a field that Banyan or HTTP gives a meaning already"),
        ("X-Auth-Token", "is taken for a client's own credentials or conditions"),
        ("If-Range", "is taken for a client's own credentials or conditions"),
        ("x.member", "reads as X-Member to some upstreams; take one out"),
    ],
)
def test_a_name_that_means_something_is_refused(name: str, says: str) -> None:
    """At its place: file, line and column of the name."""
    (problem,) = problems(FILE + ANYWHERE % name)

    assert problem.startswith(f"routes.yaml:8:37: principal.fields.{name}: {says}")


@pytest.mark.parametrize(
    "said", ["{'a b': sub}", "{'-': sub}", "{X-Member: ''}", "{X-Member: [a]}", "{X-Member: 'a b'}"]
)
def test_names_and_claims_are_words(said: str) -> None:
    """What is neither is refused."""
    assert len(problems(FILE + f"principal: {{fields: {said}}}\n")) == 1


@pytest.mark.parametrize(
    "route",
    [
        'name: a, match: {path: /a, headers: {X_Member: "7"}}, stage: legacy',
        'name: a, match: /a, stage: canary, split: 5%, cohort: "header:x-member"',
    ],
)
def test_a_route_cannot_ask_for_what_no_client_can_send(route: str) -> None:
    """It would never be found, or be one cohort for all."""
    (problem,) = problems(with_routes(route) + FIELDS)

    assert "which no client can send: principal has Banyan set X-Member" in problem
    assert problem.startswith("routes.yaml:7:5: ")


def test_a_shadow_cannot_replace_them() -> None:
    """The other side is told of the same caller."""
    carry = 'shadow: {credentials: {replace: {X-Member: "test", Authorization: "Bearer x"}}}'
    (problem,) = problems(with_routes(f"name: a, match: /a, stage: shadow, {carry}") + FIELDS)

    assert "routes[0].shadow: replaces a field of principal" in problem


def test_other_routes_and_shadows_are_as_ever() -> None:
    """What they name is not Banyan's."""
    carry = 'shadow: {credentials: {replace: {Authorization: "Bearer x"}}}'

    route = f'name: a, match: /a, stage: shadow, cohort: "header:x-tenant", {carry}'

    assert problems(with_routes(route) + FIELDS) == []


def test_a_block_without_fields_owns_nothing() -> None:
    """As if it were not there."""
    assert snapshot(FILE + "principal: {}\n").principal == NOBODY_TOLD


def test_routes_that_check_callers_have_the_step(tmp_path: Path) -> None:
    """One that anybody may call has nobody to tell of, and one that Banyan answers tells nobody."""
    (tmp_path / "jwks").write_text(
        json.dumps(KeySet([ECKey.generate_key("P-256", {"kid": "1"})]).as_dict(private=False))
    )
    policy = f"{{issuer: https://id, audience: a, algorithms: [ES256], keys: {{file: {tmp_path}/jwks}}}}"
    text = with_routes(
        "name: a, match: /a, stage: legacy",
        "name: b, match: /b, stage: legacy, auth: anonymous",
        "name: c, match: /c, respond: {status: 403}",
    )
    found = snapshot(text + FIELDS + f"auth: {{members: {policy}}}\nauth_default: members\n").routes
    told = [[each for each in route.steps if isinstance(each, RoutePrincipal)] for route in found]

    assert told == [[RoutePrincipal(sets=snapshot(FILE + FIELDS).principal.sets)], [], []]


# -- token -----------------------------------------------------------------------------------------------------------


PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def pem(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder of keys."""
    keys: dict[str, PrivateKey] = {
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate(),
        "rsa": rsa.generate_private_key(65537, 2048),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "small": rsa.generate_private_key(65537, 1024),
    }
    for name, key in keys.items():
        (tmp_path / name).write_bytes(pem(key))
    (tmp_path / "public").write_bytes(
        keys["ed"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "text").write_text("not a key")
    return tmp_path


def token(keys: Path, rest: str) -> str:
    return FILE + f"principal: {{token: {{field: X-Principal, issuer: https://banyan, {rest}}}}}\n".replace(
        "DIR", str(keys)
    )


@pytest.mark.parametrize(("name", "algorithm"), [("ec", "ES256"), ("ed", "EdDSA"), ("rsa", "RS256")])
def test_a_token_is_signed_by_the_key_in_the_file(keys: Path, name: str, algorithm: str) -> None:
    """Its algorithm is the key's, its name the thumbprint; the public half is a JWK without anything private."""
    policy = snapshot(token(keys, f"key: DIR/{name}, audiences: {{new: https://new}}")).principal
    signed = policy.signed
    assert signed is not None
    (published,) = (json.loads(each) for each in signed.published)

    assert policy.owned == {b"xprincipal"}
    assert (signed.signer.algorithm, signed.audiences) == (algorithm, {"new": "https://new"})
    assert (published["kid"], published["alg"], published["use"]) == (signed.signer.kid, algorithm, "sig")
    assert published.keys() & {"d", "p", "q", "dp", "dq", "qi"} == set()
    assert JWKRegistry.import_key(published).thumbprint() == signed.signer.kid
    assert "BEGIN" not in repr(policy)


def test_a_key_that_everybody_can_read_is_a_warning(keys: Path) -> None:
    """Who has it is whomever he says."""
    said = []
    for mode in (0o644, 0o600):
        (keys / "ec").chmod(mode)
        found = load_text(token(keys, "key: DIR/ec"), str(keys / "routes.yaml"), {})
        assert isinstance(found, Loaded), found
        said.append([each for each in found.warnings if "everybody on this machine can read the file (644)" in each])
    assert [len(each) for each in said] == [1, 0]


def test_other_keys_are_published_as_well(keys: Path) -> None:
    """Private or public: the next one, and the one before."""
    signed = snapshot(token(keys, "key: DIR/ec, publish: [DIR/public, DIR/rsa]")).principal.signed
    assert signed is not None

    assert [json.loads(each)["kty"] for each in signed.published] == ["EC", "OKP", "RSA"]


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("key: DIR/gone", "token.key: the file is not there"),
        (
            "key: DIR/text",
            "token.key: the file does not hold a private key in PEM, without a password; make one: openssl",
        ),
        ("key: DIR/public", "token.key: the file does not hold a private key in PEM"),
        (
            "key: DIR/p384",
            "token.key: the file must hold an EC key on P-256, an Ed25519 key, or an RSA key of at least",
        ),
        ("key: DIR/small", "token.key: the file must hold an EC key on P-256"),
        ("key: DIR/ec, publish: [DIR/rsa, DIR/text]", "token.publish[1]: the file does not hold"),
        ("key: DIR/ed, publish: [DIR/public]", "token.publish[0]: the file holds a key that stands here already"),
        (
            "key: DIR/ec, audiences: {newer: a}",
            'token.audiences.newer: there is no upstream "newer"; did you mean new?',
        ),
        (
            "key: DIR/ec, audiences: {mars: a}",
            'token.audiences.mars: there is no upstream "mars"; name one of upstreams',
        ),
        (
            "key: DIR/ec, audiences: {new: 'a b'}",
            "token.audiences.new: must be a name such as https://banyan.example.com",
        ),
    ],
)
def test_a_key_or_an_audience_that_cannot_be_is_refused(keys: Path, rest: str, says: str) -> None:
    """At its place; nothing of what the file holds is repeated."""
    (problem,) = problems(token(keys, rest))

    assert f"principal.{says}" in problem
    assert problem.startswith("routes.yaml:8:")
    assert "not a key" not in problem


@pytest.mark.parametrize(("name", "says"), [("x_member", "reads as X-Member"), ("Who", ""), ("Cookie", "is a field")])
def test_the_token_s_field_is_one_of_them(keys: Path, name: str, says: str) -> None:
    """It has to be free, and unlike the others; the problem stands at its value."""
    text = FILE + f"principal: {{token: {{field: {name}, issuer: a, key: {keys}/ec}}, fields: {{X-Member: sub}}}}\n"
    found = problems(text)

    assert bool(found) == bool(says)
    assert all(each.startswith("routes.yaml:8:28: principal.token.field: " + says) for each in found)


# -- lookup ----------------------------------------------------------------------------------------------------------


def test_a_number_is_asked_for_by_a_url() -> None:
    """With its defaults, or what is said; its field is Banyan's, and it takes a clerk without any database."""
    found = snapshot(FILE + "principal: {lookup: {field: X-Number, url: 'http://members/{sub}'}}\n")
    said = "{field: X-Number, url: 'https://m/?of={sub}', member: number, keep: 1m, keep_absent: 5s}"

    assert found.principal.lookup == MemberLookup(name="X-Number", url="http://members/{sub}")
    assert (found.principal.owned, found.needs_clerk, found.has_database) == (frozenset({b"xnumber"}), True, False)
    assert snapshot(FILE + f"principal: {{lookup: {said}}}\n").principal.lookup == MemberLookup(
        name="X-Number", url="https://m/?of={sub}", member="number", keep=60.0, keep_absent=5.0
    )


@pytest.mark.parametrize(
    "url",
    [
        "members/{sub}",
        "http://members/",
        "http://{sub}/",
        "http://members/{sub}/{sub}",
        "http://a:b@members/{sub}",
        "ftp://members/{sub}",
        "http://members/{sub}#a",
        "http://mémbers/{sub}",
    ],
)
def test_a_url_has_a_place_for_the_subject(url: str) -> None:
    """One, behind the host, and nobody's password."""
    (problem,) = problems(FILE + f"principal: {{lookup: {{field: X-Number, url: '{url}'}}}}\n")

    assert "principal.lookup.url: must be a URL with {sub} in its path or query" in problem


def test_the_number_s_field_is_one_of_them() -> None:
    """It has to be unlike the others; the problem stands at its value."""
    said = "principal: {lookup: {field: x_member, url: 'http://m/{sub}'}, fields: {X-Member: sub}}\n"
    (problem,) = problems(FILE + said)

    assert problem.startswith("routes.yaml:8:29: principal.lookup.field: reads as X-Member")
