"""`auth:` at the top and of a route."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.auth_policy import ClaimIs, JwtPolicy, RouteAuth
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import ClaimHolds
from proxy.core.routing.route import RateLimit
from proxy.core.routing.snapshot import Snapshot
from tests.config.given_files import FILE, problems, snapshot

URL = "https://id.example.com/jwks"
HEAD = """\
version: 1
listen: 127.0.0.1:8080
upstreams: {legacy: {url: "http://127.0.0.1:3000"}}
"""
POLICY = f"issuer: https://id, audience: orders, algorithms: [RS256], keys: {{ url: '{URL}' }}"
EC = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "one"}


def file(auth: str = "auth: members", policy: str = POLICY, more: str = "", head: str = HEAD) -> str:
    """One policy, and a route with these keys."""
    return (
        f"{head}{more}auth:\n  members: {{ {policy} }}\nroutes:\n  - {{ name: a, match: /a, stage: legacy, {auth} }}\n"
    )


def step(auth: str, **parts: str) -> RouteAuth:
    (found,) = snapshot(file(auth, **parts)).routes[0].steps
    assert isinstance(found, RouteAuth)
    return found


def test_without_the_block_nothing_is_asked() -> None:
    """No route has to say anything."""
    found = snapshot(FILE)

    assert (dict(found.auth), dict(found.key_sets), found.routes[0].steps) == ({}, {}, ())
    assert found.limits.failed_checks == RateLimit(requests=20, seconds=1.0)


def test_a_policy_has_what_the_file_says_and_defaults() -> None:
    """One text stands for a list of it."""
    assert dict(snapshot(file()).auth) == {
        "members": JwtPolicy(
            name="members",
            issuer="https://id",
            audience=frozenset({"orders"}),
            algorithms=frozenset({Algorithm.RS256}),
            source=URL,
        )
    }


def test_everything_that_is_said_of_a_policy_arrives() -> None:
    """Each key once."""
    policy = (
        f"issuer: https://id, audience: [orders, cart], algorithms: [ES256, EdDSA], keys: {{ url: '{URL}' }}, "
        "leeway: 5m, typ: application/AT+JWT, scopes: [a, b], subject: client_id, forward_token: true, "
        'claims: { tenant: acme, level: ["2", "3"], "https://x/y": true }'
    )
    assert snapshot(file(policy=policy)).auth["members"] == JwtPolicy(
        name="members",
        issuer="https://id",
        audience=frozenset({"orders", "cart"}),
        algorithms=frozenset({Algorithm.ES256, Algorithm.EDDSA}),
        source=URL,
        leeway=300.0,
        typ="at+jwt",
        scopes=frozenset({"a", "b"}),
        claims=(
            ClaimIs("tenant", frozenset({"acme"})),
            ClaimIs("level", frozenset({"2", "3"})),
            ClaimIs("https://x/y"),
        ),
        subject="client_id",
        forward_token=True,
    )


@pytest.mark.parametrize("auth", ["auth: members", "auth: [members]", "auth: { by: members }", "auth: {by: [members]}"])
def test_a_route_names_its_policies_in_four_ways(auth: str) -> None:
    """All of them mean the same."""
    assert step(auth) == RouteAuth(policies=("members",))


def test_a_route_may_ask_for_more() -> None:
    """Scopes, claims, and what becomes of the token; or nothing at all yet."""
    auth = "auth: { by: members, scopes: x, claims: { a: b }, enforce: false, forward_token: true }"
    assert step(auth) == RouteAuth(
        policies=("members",),
        scopes=frozenset({"x"}),
        claims=(ClaimIs("a", frozenset({"b"})),),
        enforce=False,
        forward_token=True,
    )


def test_a_default_holds_where_a_route_says_nothing() -> None:
    """And `anonymous` is no step."""
    text = (
        file("auth: anonymous", more="auth_default: members\n") + "  - { name: b, match: /b, respond: {status: 200} }\n"
    )
    first, second = snapshot(text).routes

    assert (first.steps, second.steps) == ((), (RouteAuth(policies=("members",)),))
    both = file("", more="auth_default: { by: [members], scopes: [a] }\n")
    assert snapshot(both).routes[0].steps == (RouteAuth(policies=("members",), scopes=frozenset({"a"})),)


def loaded(text: str, place: Path) -> Snapshot:
    found = load_text(text, str(place / "routes.yaml"), {})
    assert isinstance(found, Loaded), found
    return found.snapshot


def refused(text: str, place: Path) -> list[str]:
    found = load_text(text, str(place / "routes.yaml"), {})
    assert isinstance(found, list)
    return [str(each) for each in found]


def test_a_key_set_in_a_file_comes_with_the_table(tmp_path: Path) -> None:
    """Its public keys, once for all policies that name it; another file is another revision."""
    keys = tmp_path / "jwks.json"
    text = file(policy="issuer: https://id, audience: orders, algorithms: [ES256], keys: { file: jwks.json }")
    revisions = set()
    for kid in ("one", "two"):
        keys.write_text(json.dumps({"keys": [{**EC, "kid": kid, "x5c": ["AA"]}]}))
        found = loaded(text, tmp_path)
        revisions.add(found.revision)
        members = found.auth["members"]
        assert isinstance(members, JwtPolicy)
        assert members.source == "file:jwks.json"
        assert json.loads(found.key_sets["file:jwks.json"]) == {"keys": [{**EC, "kid": kid}]}
    assert len(revisions) == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "keys.file: its file cannot be used: it is no JSON"),
        ('{"keys": []}', "keys.file: its file cannot be used: no key of it can be used"),
        (json.dumps({"keys": [EC, {**EC, "d": "AA"}]}), "keys.file: its file holds what is no key for this: key 'one'"),
        (
            json.dumps({"keys": [{**EC, "crv": "P-384"}]}),
            "algorithms[0]: ES256 is made by no key of jwks.json; its keys",
        ),
        (json.dumps({"keys": [{**EC, "crv": "P-1"}]}), "key 'one' is of a curve that is not known"),
        (json.dumps({"keys": [{**EC, "alg": "RS256"}]}), "of jwks.json; its keys make nothing"),
    ],
)
def test_a_key_set_that_cannot_be_used_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    """With the file that names it, at its place."""
    (tmp_path / "jwks.json").write_text(content)
    policy = "issuer: https://id, audience: orders, algorithms: [ES256], keys: { file: jwks.json }"
    (found,) = refused(file(policy=policy), tmp_path)
    assert f"auth.members.{complaint}" in found or complaint in found
    assert ":5:" in found


def test_a_key_set_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A policy without keys would refuse everybody."""
    policy = "issuer: https://id, audience: orders, algorithms: [ES256], keys: { file: jwks.json }"
    (found,) = refused(file(policy=policy), tmp_path)
    assert "auth.members.keys.file: the file" in found


OTHER = f"{POLICY} }}\n  other: {{ {POLICY}"


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"policy": POLICY.replace("audience: orders, ", "")}, "5:3: auth.members.audience: is missing"),
        ({"policy": POLICY.replace("orders", "[]")}, "auth.members.audience: must name at least one"),
        ({"policy": POLICY.replace("[RS256]", "[]")}, "auth.members.algorithms: must name at least one"),
        ({"policy": POLICY.replace("RS256", "HS256")}, "auth.members.algorithms[0]: HS256 is made with a secret"),
        ({"policy": POLICY.replace("RS256", "none")}, "auth.members.algorithms[0]: none is no signature"),
        ({"policy": POLICY.replace("RS256", "RS255")}, "auth.members.algorithms[0]: must be one of RS256"),
        ({"policy": POLICY.replace(URL, "file:///x")}, "auth.members.keys.url: must be the URL of a key set"),
        ({"policy": POLICY.replace(URL, "http://[")}, "auth.members.keys.url: must be the URL of a key set"),
        ({"policy": POLICY.replace(f"url: '{URL}'", "")}, "auth.members.keys: must say one of url and file"),
        ({"policy": POLICY + ", leeway: 6m"}, "auth.members.leeway: must be at most 300s"),
        ({"policy": POLICY + ", typ: 'at jwt'"}, "auth.members.typ: must be what the header of a token says"),
        ({"policy": POLICY + ", typ: 1"}, "auth.members.typ: must be what the header of a token says"),
        ({"policy": POLICY + ", scopes: ['a b']"}, "auth.members.scopes[0]: must be one scope"),
        ({"policy": POLICY + ", claims: { a: false }"}, "auth.members.claims.a: a claim cannot be asked to be absent"),
        ({"policy": POLICY.replace("https://id,", "'',")}, "auth.members.issuer: must be text on one line"),
        ({"auth": "auth: member"}, 'routes[0].auth: there is no policy "member" in auth; did you mean members?'),
        ({"auth": "auth: zzz"}, "in auth; add it below auth, or write anonymous"),
        ({"auth": "auth: [members, zzz]"}, 'routes[0].auth[1]: there is no policy "zzz"'),
        ({"auth": "auth: { by: [members, zzz] }"}, 'routes[0].auth.by[1]: there is no policy "zzz"'),
        ({"auth": "auth: [members, members]"}, "routes[0].auth[1]: members stands twice"),
        ({"auth": "auth: [members, anonymous]"}, "routes[0].auth[1]: anonymous is anybody"),
        ({"auth": "auth: { by: anonymous, scopes: x }"}, "routes[0].auth.by: anonymous is anybody"),
        ({"auth": "auth: []"}, "routes[0].auth: must name at least one policy"),
        ({"auth": "auth: true"}, "routes[0].auth: must be a name in auth"),
        ({"auth": ""}, "7:5: routes[0]: does not say who may call it"),
        ({"policy": OTHER}, "6:3: auth.other: no route asks it"),
        ({"auth": "auth: members, allow_anonymous: x"}, "routes[0].allow_anonymous: is a reason for nothing"),
        (
            {"more": "allow_anonymous: x\n"},
            "4:1: allow_anonymous: is a reason for nothing: auth_default is not anonymous",
        ),
        ({"more": "auth_default: zzz\n"}, '4:15: auth_default: there is no policy "zzz"'),
    ],
)
def test_what_cannot_be_meant_is_refused(parts: dict[str, str], complaint: str) -> None:
    """By line and column."""
    found = [each for each in problems(file(**parts)) if complaint in each]
    assert len(found) == 1, problems(file(**parts))


def test_a_policy_is_not_called_anonymous() -> None:
    """It would be taken for nobody."""
    text = file("auth: anonymous").replace("  members:", "  anonymous:")
    assert any("auth.anonymous: is what a route says that anybody may call" in each for each in problems(text))


def test_a_policy_that_no_route_asks_is_refused() -> None:
    """It protects nothing."""
    (found,) = problems(file("auth: anonymous"))
    assert "5:3: auth.members: no route asks it" in found


OPEN = HEAD.replace("127.0.0.1:8080", ":8080")


def test_anybody_may_call_off_loopback_for_a_reason() -> None:
    """That stands beside it, on the route or at the top; with policies or without."""
    bare = OPEN + "routes:\n  - { name: a, match: /a, stage: legacy, auth: anonymous%s }\n"
    (found,) = problems(bare % "")
    assert "routes[0].auth: anybody may call it, from other machines too; write allow_anonymous" in found
    assert snapshot(bare % ", allow_anonymous: health checks").routes[0].steps == ()

    default = OPEN + "auth_default: anonymous\n%sroutes:\n  - { name: a, match: /a, stage: legacy }\n"
    (found,) = problems(default % "")
    assert "auth_default: anybody may call it" in found
    assert snapshot(default % "allow_anonymous: a balancer checks\n").routes[0].steps == ()


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", '"[::1]:8080"', "unix:/run/banyan.sock"])
def test_on_loopback_no_reason_is_needed(listen: str) -> None:
    """Nobody else can come."""
    text = OPEN.replace(":8080", listen, 1) + "routes:\n  - { name: a, match: /a, stage: legacy, auth: anonymous }\n"
    assert snapshot(text).routes[0].steps == ()


def test_what_is_wrong_with_auth_itself_is_told_once() -> None:
    """A route that names a policy is not blamed for it."""
    found = problems(file(policy="issuer: 7"))
    assert not [each for each in found if ": routes[" in each]
    found = problems(HEAD + "auth: 7\nroutes:\n  - { name: a, match: /a, stage: legacy, auth: members }\n")
    assert any(": auth: " in each for each in found)


def test_routes_and_cohorts_may_go_by_claims() -> None:
    """Whose names the table knows; every policy is asked then, whether a route names it or not."""
    match = "match: { path: /a, jwt: { tenant: [acme, b], role: true } }, cohort: jwt:sub"
    text = file("auth: anonymous").replace("match: /a", match)
    found = snapshot(text)
    (route,) = found.routes

    assert route.predicates == (
        ClaimHolds(ClaimIs("tenant", frozenset({"acme", "b"}))),
        ClaimHolds(ClaimIs("role")),
    )
    assert route.cohort == (CohortSource(SourceKind.JWT, "sub"),)
    assert found.claims_read == {"tenant", "role", "sub"}
    assert b"authorization" in found.fields


@pytest.mark.parametrize(
    ("match", "where"), [("match: { path: /a, jwt: { a: b } }", "match.jwt"), ("match: /a, cohort: jwt:a", "cohort")]
)
def test_claims_need_a_policy(match: str, where: str) -> None:
    """Nobody would verify them."""
    (found,) = problems(HEAD + f"routes:\n  - {{ name: a, stage: legacy, {match} }}\n")
    assert f"routes[0].{where}: reads claims, and there is no policy that verifies a token" in found


def test_two_routes_that_take_one_claim_are_a_conflict() -> None:
    """As with any condition."""
    routes = "".join(
        f"  - {{ name: {name}, match: {{ path: /a, jwt: {{ a: [{values}] }} }}, stage: legacy, auth: anonymous }}\n"
        for name, values in (("a", "one, two"), ("b", "two, three"))
    )
    text = file("auth: members")
    (found,) = problems(text[: text.index("  - {")] + routes)
    assert "takes requests that" in found
