"""`auth:` of an upstream."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.blocks.identity.upstream_auth import read_part, read_token_url, read_visible
from proxy.core.secret import NO_TEXT, Secret
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    SigV4Scope,
    TokenSource,
    UpstreamAuth,
)
from proxy.core.upstream_auth.upstream_auth_policy import UpstreamAuthPolicy
from tests.config.given_files import FILE, problems, snapshot, told, warnings, with_routes
from tests.config.refusing import refusal

HERE = Path.cwd()
URL = "https://id.test/token"
SIGNED = "region: eu-west-1, service: execute-api, max_body: 1KiB, credentials: "
SCOPE = SigV4Scope(region="eu-west-1", service="execute-api", max_body=1024)
ROUTE = "name: rest, match: /**, stage: legacy"


def file(auth: str, *routes: str, url: str = "https://legacy.test") -> str:
    head = f"""\
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: {{url: "{url}", host: upstream{auth and ", auth: "}{auth}}}
  new: {{url: "http://127.0.0.1:3001"}}
"""
    return with_routes(*(routes or (ROUTE,)), head=head)


def auth_of(text: str) -> UpstreamAuth | None:
    return snapshot(text, {"SECRET": "hush-hush"}).upstreams["legacy"].auth


def test_without_auth_nothing_is_added() -> None:
    """No credential, no clerk and no step: plain upstreams pay nothing."""
    found = snapshot(FILE)
    assert found.upstreams["legacy"].auth is None
    assert (found.has_credentials, found.needs_clerk) == (False, False)
    assert found.routes[0].steps == ()


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("{bearer: {file: token}}", BearerFile(path=str(HERE / "token"))),
        ("{bearer: {file: /run/token}}", BearerFile(path="/run/token")),
        ("{google_identity: {audience: legacy}}", GoogleIdentity(audience="legacy")),
        (
            f'{{client_credentials: {{url: "{URL}", client_id: b, client_secret: "${{SECRET}}", scope: a b}}}}',
            ClientCredentials(url=URL, client_id="b", client_secret=Secret("hush-hush"), scope="a b"),
        ),
        (
            f'{{client_credentials: {{url: "{URL}", client_id: b, client_secret: "${{SECRET}}", audience: c}}}}',
            ClientCredentials(url=URL, client_id="b", client_secret=Secret("hush-hush"), audience="c"),
        ),
        (
            f'{{client_credentials: {{url: "{URL}", client_id: b, client_secret: "file:sec"}}}}',
            ClientCredentials(url=URL, client_id="b", client_secret=NO_TEXT, secret_file=str(HERE / "sec")),
        ),
    ],
)
def test_a_token_has_one_source(said: str, source: TokenSource) -> None:
    """A path begins at the folder of the file."""
    assert auth_of(file(said)) == UpstreamAuth(source=source)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("environment", AwsEnvironment()),
        ("chain", AwsChain()),
        ("file, file: aws", AwsFile(path=str(HERE / "aws"))),
        ("file, file: aws, profile: two", AwsFile(path=str(HERE / "aws"), profile="two")),
    ],
)
def test_signatures_have_credentials(said: str, source: TokenSource) -> None:
    """And what they are for."""
    assert auth_of(file(f"{{sigv4: {{{SIGNED}{said}}}}}")) == UpstreamAuth(source=source, sigv4=SCOPE)


def test_a_route_has_a_step_where_an_upstream_of_its_has_auth() -> None:
    """On whichever side; the others have none. There is a clerk, though there is no database."""
    other = "name: other, match: /other, stage: live, new: new, legacy: new"
    found = snapshot(file(f"{{sigv4: {{{SIGNED}environment}}}}", ROUTE, other))
    assert [route.steps for route in found.routes] == [(UpstreamAuthPolicy(max_body=1024),), ()]
    assert (found.has_database, found.has_credentials, found.needs_clerk) == (False, True, True)
    assert snapshot(file("{bearer: {file: /a}}")).routes[0].steps == (UpstreamAuthPolicy(),)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("¦{}", "is empty; say one of bearer, client_credentials, google_identity, sigv4"),
        (
            "{bearer: {file: a}, ¦google_identity: {audience: a}}",
            "and bearer exclude each other; take one out",
        ),
        ("{sigv4: {¦region: EU, service: a, max_body: 1KiB, credentials: chain}}", "must be a name of AWS"),
        (f"{{sigv4: {{{SIGNED}¦vault}}}}", "must be one of environment, file, chain"),
        (f"{{¦sigv4: {{{SIGNED}file}}}}", "is missing; name the file that holds the credentials"),
        (f"{{sigv4: {{{SIGNED}chain, ¦file: a}}}}", "has no meaning with credentials: chain; take it out"),
        (f"{{sigv4: {{{SIGNED}chain, ¦profile: a}}}}", "has no meaning with credentials: chain; take it out"),
    ],
)
def test_mistakes_are_told_at_their_place(said: str, message: str) -> None:
    """With what to write instead."""
    if "EU" in said:
        said = said.replace("¦region: EU", "region: ¦EU")
    (found,) = told(file(said))
    assert message in found


def test_signing_needs_a_bound() -> None:
    """A body is read whole before: without `max_body` the file is refused."""
    (found,) = problems(file("{sigv4: {region: a, service: b, credentials: chain}}"))
    assert "upstreams.legacy.auth.sigv4.max_body: is missing" in found


def test_a_secret_in_the_file_is_a_warning() -> None:
    """Whoever reads the file, or its history, has it."""
    said = f'{{client_credentials: {{url: "{URL}", client_id: b, client_secret: hush-hush}}}}'
    (found,) = warnings(file(said))
    assert "auth.client_credentials.client_secret: stands in the file" in found
    assert "hush" not in found


@pytest.mark.parametrize(
    ("url", "auth", "warned"),
    [
        ("http://legacy.test", "{bearer: {file: a}}", 1),
        ("https://legacy.test", "{bearer: {file: a}}", 0),
        ("http://127.0.0.1:9", "{bearer: {file: a}}", 0),
        ("http+unix:///run/a.sock", "{bearer: {file: a}}", 0),
        ("http://legacy.test", f"{{sigv4: {{{SIGNED}chain}}}}", 0),
        ("http://legacy.test", "", 0),
    ],
)
def test_a_token_in_the_clear_is_a_warning(url: str, auth: str, warned: int) -> None:
    """A signature is good for one request alone, a token for whoever reads it."""
    found = [each for each in warnings(file(auth, url=url)) if "in the clear" in each]
    assert len(found) == warned


@pytest.mark.parametrize(
    ("host", "route", "warned"),
    [
        ("", ROUTE, 1),
        ("", "name: rest, match: {host: '*.test', path: /**}, stage: legacy", 1),
        ("", "name: rest, match: {host: api.test, path: /**}, stage: legacy", 0),
        ("", "name: rest, match: /**, respond: {status: 204}", 0),
        ("host: upstream, ", ROUTE, 0),
    ],
)
def test_who_calls_does_not_name_what_is_called_as_banyan(host: str, route: str, warned: int) -> None:
    """A signature or token would go to whichever service of a front end the client's Host names."""
    text = file("{bearer: {file: a}}", route).replace("host: upstream, ", host)
    assert len([each for each in warnings(text) if "choose the Host" in each]) == warned


POLICY = """\
auth:
  members: {issuer: "https://id.test", audience: a, algorithms: [ES256], keys: {url: "https://id.test/jwks"}}
auth_default: members
"""
BEARER = "{bearer: {file: a}}"
OTHER = "name: other, match: /other, stage: legacy"


def checked(route: str, auth: str = BEARER) -> str:
    """A file with a policy that some route asks."""
    return file(auth, route, OTHER).replace("upstreams:", POLICY + "upstreams:", 1)


@pytest.mark.parametrize(
    "said", ["auth: ¦anonymous", "auth: ¦{by: members, enforce: false}", "new: legacy, legacy: new, auth: ¦anonymous"]
)
def test_anybody_is_not_called_for_as_banyan_unsaid(said: str) -> None:
    """On either side, and where nothing is enforced; with a reason it is taken."""
    (found,) = told(checked(f"{ROUTE}, {said}"))
    assert "anybody may call legacy through it as Banyan; write auth: and a policy, or lends_identity: and why" in found
    said = said.replace("¦", "")
    assert problems(checked(f"{ROUTE}, {said}"))
    taken = snapshot(checked(f"{ROUTE}, {said}, lends_identity: a public list"))
    assert UpstreamAuthPolicy() in taken.routes[0].steps


def test_off_loopback_a_file_without_policies_says_it_too() -> None:
    """Who calls is anybody there; on loopback it is this machine."""
    text = file(BEARER)
    assert snapshot(text).routes
    reached = text.replace("127.0.0.1:8080", "0.0.0.0:8080")
    (found,) = problems(reached)
    assert "routes[0]: anybody may call legacy through it as Banyan" in found
    assert snapshot(reached.replace(ROUTE, f"{ROUTE}, lends_identity: a closed network")).routes


@pytest.mark.parametrize(
    ("route", "auth"),
    [
        (ROUTE, BEARER),
        ("name: rest, match: /**, respond: {status: 204}, auth: anonymous", BEARER),
        (f"{ROUTE}, auth: anonymous", ""),
        ("name: rest, match: /**, stage: complete, new: free, auth: anonymous", BEARER),
    ],
)
def test_whom_a_policy_checks_is_called_for(route: str, auth: str) -> None:
    """And nothing is lent where Banyan answers itself, to an upstream without `auth`, or beyond a way back."""
    text = checked(route, auth).replace("upstreams:", "upstreams:\n  free: {url: 'http://127.0.0.1:1'}", 1)
    assert snapshot(text).routes


def test_one_mistake_makes_one_problem() -> None:
    """Who has to say why anybody may call at all is told of that first."""
    text = checked(f"{ROUTE}, auth: anonymous").replace("127.0.0.1:8080", "0.0.0.0:8080")
    (found,) = problems(text)
    assert "write allow_anonymous: and why" in found
    (found,) = problems(text.replace("auth: anonymous", "auth: anonymous, allow_anonymous: x"))
    assert "lends_identity: and why" in found


def test_a_reason_for_nothing_is_taken_out() -> None:
    """It was forgotten there; where callers are checked it may stay, as `enforce` is turned on and off by itself."""
    (found,) = told(checked(f"{ROUTE}, auth: anonymous, ¦lends_identity: x", ""))
    assert "lends_identity: is a reason for nothing: none of its upstreams has auth; take it out" in found
    assert snapshot(checked(f"{ROUTE}, lends_identity: x")).routes


@pytest.mark.parametrize("url", ["https://id.test", "http://id.test:8080/a?b=c"])
def test_a_token_endpoint_is_a_url(url: str) -> None:
    """Of either scheme."""
    assert read_token_url(url) == url


@pytest.mark.parametrize(
    "url", ["id.test/token", "ftp://id.test", "https://", "https://a:b/", "https://a/ b", "https://a:0", 1]
)
def test_what_is_no_url_is_refused(url: object) -> None:
    """Without repeating it: it may hold what is nobody's business."""
    assert refusal(read_token_url, url) == "must be a url such as https://id.example.com/token | got "


def test_a_token_endpoint_holds_no_user() -> None:
    """There are keys for who asks."""
    assert "client_id" in refusal(read_token_url, "https://user:hush@id.test/token")


def test_texts_are_visible() -> None:
    """What goes into a field or a form."""
    assert read_visible("a b") == "a b"
    for wrong in ("", "a\nb", "ä", 1):
        assert refusal(read_visible, wrong) == "must be a text of visible characters | got "


def test_names_of_aws_are_in_lower_case() -> None:
    """Regions and services."""
    assert read_part("eu-west-1") == "eu-west-1"
    assert "must be a name of AWS in lower case" in refusal(read_part, "EU")
