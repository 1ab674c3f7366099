"""What an upstream is asked with, put into heads."""

from __future__ import annotations

from proxy.core.secret import Secret
from proxy.core.sigv4.signer import NO_BODY, Signer, payload_hash
from proxy.core.upstream_auth.credential import Credential, UpstreamCredentials
from proxy.core.upstream_auth.token_source import AwsEnvironment, BearerFile, IssuedToken, SigV4Scope, UpstreamAuth

BEARER = UpstreamAuth(source=BearerFile(path="/run/token"))
SCOPE = SigV4Scope(region="eu-west-1", service="execute-api", max_body=1000)
SIGNED = UpstreamAuth(source=AwsEnvironment(), sigv4=SCOPE)
HEAD = b"GET /a HTTP/1.1\r\nHost: h\r\nauthorization: Basic eA==\r\nAccept: */*\r\nAUTHORIZATION:x\r\n\r\n"


def token(text: str, ends: float = 2000.0) -> IssuedToken:
    return IssuedToken(token=Secret(text), issued=1000.0, ends=ends)


def test_a_token_takes_the_place_of_the_callers() -> None:
    """Every line of Authorization goes, in whatever case, and one comes; all else stays."""
    credential = Credential(BEARER)
    credential.adopt(token("abc"))
    assert credential.apply(HEAD, b"", 1500.0) == (
        b"GET /a HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nAuthorization: Bearer abc\r\n\r\n"
    )
    assert not credential.signs


def test_a_request_is_signed_at_the_moment_of_sending() -> None:
    """By the wall clock, with what its source gave."""
    credential = Credential(SIGNED)
    credential.adopt(
        IssuedToken(token=Secret("key"), issued=1000.0, ends=2000.0, access_key="AKID", session=Secret("s"))
    )
    signer = Signer("eu-west-1", "execute-api", "AKID", Secret("key"), Secret("s"))
    assert credential.signs
    assert credential.apply(HEAD, NO_BODY, 0.5) == signer.sign(HEAD, NO_BODY, "19700101T000000Z")
    assert credential.apply(HEAD, NO_BODY, 61.0) == signer.sign(HEAD, NO_BODY, "19700101T000101Z")
    assert credential.apply(HEAD, NO_BODY, 61.9) == signer.sign(HEAD, NO_BODY, "19700101T000101Z")


def test_fields_are_authorized_as_heads_are() -> None:
    """For who asks with a client that takes fields: probes, and the clerk."""
    fields = [("Host", "h"), ("authorization", "Basic eA=="), ("X-A", "b: c")]
    bearer = Credential(BEARER)
    bearer.adopt(token("abc"))
    sent = [("Host", "h"), ("X-A", "b: c"), ("Authorization", "Bearer abc")]
    assert bearer.fields_with(("GET", "/a"), fields, b"x", 1500.0) == sent
    signed = Credential(SIGNED)
    signed.adopt(IssuedToken(token=Secret("key"), issued=1000.0, ends=2000.0, access_key="AKID"))
    head = b"PUT /a HTTP/1.1\r\nHost: h\r\nX-A: b: c\r\n\r\n"
    wanted = signed.apply(head, payload_hash(b"x"), 61.0)
    got = signed.fields_with(("PUT", "/a"), fields, b"x", 61.0)
    assert [f"{name}: {value}".encode() for name, value in got] == wanted[:-4].split(b"\r\n")[1:]


def test_a_token_that_has_ended_is_not_good() -> None:
    """Nor is one that never was; and a source that has none to give leaves the old one as it is."""
    credential = Credential(BEARER)
    assert not credential.is_good(0.0)
    assert credential.mark == ""
    credential.adopt(token("abc"))
    assert credential.is_good(1997.9)
    assert not credential.is_good(1998.0)
    credential.adopt(None)
    assert credential.is_good(1997.9)
    assert credential.mark == token("abc").mark


def test_the_first_outcome_is_heard_once() -> None:
    """By whoever waits for it, whether there is a token or none."""
    heard: list[int] = []
    credential = Credential(BEARER)
    credential.await_first(lambda: heard.append(1))
    assert (credential.was_asked, credential.waiting) == (False, 1)
    credential.adopt(None)
    credential.adopt(token("abc"))
    assert heard == [1]
    assert (credential.was_asked, credential.waiting) == (True, 0)


def test_upstreams_with_the_same_auth_share_a_credential() -> None:
    """And a table that keeps it keeps the token; one that comes later gets what is known."""
    credentials = UpstreamCredentials()
    first = credentials.of(BEARER)
    assert credentials.of(UpstreamAuth(source=BearerFile(path="/run/token"))) is first
    credentials.adopt({first.key: token("abc")})
    credentials.follow([BEARER])
    assert credentials.of(BEARER) is first
    credentials.follow([])
    later = credentials.of(BEARER)
    assert later is not first
    assert later.is_good(1500.0)


def test_tokens_of_others_are_not_taken() -> None:
    """A credential takes those of its own source alone."""
    credentials = UpstreamCredentials()
    other = credentials.of(SIGNED)
    credentials.adopt({credentials.of(BEARER).key: token("abc")})
    assert not other.was_asked
    assert not other.is_good(1500.0)


def test_nothing_of_a_token_shows() -> None:
    """In what a credential holds."""
    credential = Credential(BEARER)
    credential.adopt(token("hush-hush"))
    assert "hush-hush" not in repr([getattr(credential, name) for name in Credential.__slots__])
