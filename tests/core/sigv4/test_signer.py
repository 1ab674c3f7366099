"""Signatures are those that botocore makes of the same requests, and nothing of the secret shows."""

from __future__ import annotations

import hmac
import random
import string
from hashlib import sha256

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from proxy.core.secret import Secret
from proxy.core.sigv4.signer import NO_BODY, Signer, is_signed, payload_hash

STAMP = "20270131T235959Z"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ODD = "aZ09-_.~/!$'()*+,;:@%20%2F%2f%C3%A9%25"
PIECES = ["a", "b%20c", "..", ".", "", "%2e%2E", "d;e=f", "g+h", "~", "(x)", "%E3%81%82", "café".encode().hex()]


def drawn_path(dice: random.Random) -> str:
    """Segments of every sort, dots and empty ones too."""
    ends = dice.choice(["", "/"])
    return "/" + "/".join(dice.choice(PIECES) for _ in range(dice.randrange(6))) + ends


def drawn_query(dice: random.Random) -> str:
    """Repeated names, names without a value, empty pairs, odd characters."""
    if dice.random() < 0.2:
        return ""
    keys = ["a", "a", "b", "B", "a-b", "X-Amz-x", "%61", "", "é".encode().hex()]
    values = ["", "=", "=1", "=2", "=%20", "=a+b", "=a=b", "=%2f", "='"]
    return "?" + "&".join(dice.choice(keys) + dice.choice(values) for _ in range(dice.randrange(1, 6)))


def drawn_lines(dice: random.Random) -> list[bytes]:
    """Fields that are signed and fields that are not, with blanks within and around."""
    known = [b"Host", b"content-type", b"X-Amz-Target", b"x-amz-meta-a", b"X-AMZ-Meta-A", b"Accept", b"User-Agent"]
    some = [name for name in known[1:] if dice.random() < 0.6]
    lines = [b"Host: example.amazonaws.com:8443"]
    for name in some:
        words = [bytes(dice.choices(string.ascii_letters.encode(), k=3)) for _ in range(dice.randrange(4))]
        lines.append(name + b":" + dice.choice([b"", b" ", b"  \t"]) + dice.choice([b" ", b"   "]).join(words))
    old = [b"Authorization: Basic eDp5", b"X-Amz-Date: 20000101T000000Z", b"x-amz-security-token: old"]
    lines += [line for line in old if dice.random() < 0.3]
    dice.shuffle(lines)
    return lines


def expected(head: bytes, body: bytes, auth: type[SigV4Auth], *, token: str | None, service: str) -> str:
    """The signature that botocore makes of the signed head's own signed fields, and of the body."""
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    named = dict.fromkeys(signed_names(head))
    request = AWSRequest(method=method, url="http://example.amazonaws.com:8443" + target, data=body)
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() in named and name.lower() != "x-amz-content-sha256":
            request.headers.add_header(name, value)
    request.context["timestamp"] = STAMP
    signer = auth(Credentials(KEY, SECRET, token), service, "eu-west-1")
    return str(signer.signature(signer.string_to_sign(request, _canonical(signer, request, head)), request))


def _canonical(signer: SigV4Auth, request: AWSRequest, head: bytes) -> str:
    if isinstance(signer, S3SigV4Auth):
        request.headers["X-Amz-Content-SHA256"] = signer.payload(request)
    assert set(signer.signed_headers(signer.headers_to_sign(request)).split(";")) == set(signed_names(head))
    return str(signer.canonical_request(request))


def signed_names(head: bytes) -> list[str]:
    """Those of SignedHeaders."""
    return authorization(head).partition("SignedHeaders=")[2].partition(",")[0].split(";")


def authorization(head: bytes) -> str:
    """The one value of Authorization."""
    (found,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization:")]
    return found.decode("ascii")


@pytest.mark.parametrize("service", ["execute-api", "s3"])
@pytest.mark.parametrize("token", ["", "session+token/="])
def test_signatures_are_those_of_botocore(service: str, token: str) -> None:
    """Of 300 drawn requests each signature is the one that botocore makes of it."""
    dice = random.Random(f"{service}{token}")
    signer = Signer("eu-west-1", service, KEY, Secret(SECRET), Secret(token))
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    for _ in range(300):
        body = dice.randbytes(dice.choice([0, 0, 1, 100]))
        method = dice.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"])
        target = drawn_path(dice) + drawn_query(dice)
        head = b"\r\n".join([f"{method} {target} HTTP/1.1".encode(), *drawn_lines(dice), b"", b""])
        signed = signer.sign(head, payload_hash(body), STAMP)
        wanted = expected(signed, body, auth, token=token or None, service=service)
        assert authorization(signed).endswith(f"Signature={wanted}"), head


def test_every_character_of_a_path_is_encoded_as_botocore_does() -> None:
    """Whatever may stand in a target, percent-encoded already or not."""
    signer = Signer("eu-west-1", "lambda", KEY, Secret(SECRET))
    for character in [chr(code) for code in range(0x21, 0x7F) if chr(code) not in '?#"'] + [ODD]:
        head = f"GET /x{character}y HTTP/1.1\r\nHost: example.amazonaws.com:8443\r\n\r\n".encode()
        signed = signer.sign(head, NO_BODY, STAMP)
        wanted = expected(signed, b"", SigV4Auth, token=None, service="lambda")
        assert authorization(signed).endswith(wanted), character


def test_a_path_that_is_empty_is_the_root() -> None:
    """As a request without any path is signed."""
    signer = Signer("eu-west-1", "lambda", KEY, Secret(SECRET))
    heads = [b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % target for target in (b"?a=1", b"/?a=1")]
    assert authorization(signer.sign(heads[0], NO_BODY, STAMP)) == authorization(signer.sign(heads[1], NO_BODY, STAMP))


def test_other_lines_stay_as_they_are() -> None:
    """What is no part of a signature goes on byte for byte, in its order."""
    lines = [b"hOsT:h", b"X-Odd:  a \t b ", b"Accept: */*", b"x-request-id: 1"]
    head = b"\r\n".join([b"GET /a?b HTTP/1.1", *lines, b"", b""])
    signed = Signer("eu-west-1", "lambda", KEY, Secret(SECRET)).sign(head, NO_BODY, STAMP)
    assert signed.split(b"\r\n")[:5] == [b"GET /a?b HTTP/1.1", *lines]
    assert signed.endswith(b"\r\n\r\n")


def test_the_key_follows_the_day() -> None:
    """A signer that lives past midnight signs with the next day's key."""
    signer = Signer("eu-west-1", "lambda", KEY, Secret(SECRET))
    head = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    first = signer.sign(head, NO_BODY, STAMP)
    later = signer.sign(head, NO_BODY, "20270201T000000Z")
    fresh = Signer("eu-west-1", "lambda", KEY, Secret(SECRET)).sign(head, NO_BODY, "20270201T000000Z")
    assert later == fresh
    assert later != first


def test_a_payload_is_hashed() -> None:
    """SHA-256 in hex, also of nothing."""
    assert payload_hash(b"") == NO_BODY == sha256(b"").hexdigest().encode()
    assert payload_hash(b"x") == sha256(b"x").hexdigest().encode()


@pytest.mark.parametrize(
    ("authorization", "query", "signed"),
    [
        ([b"AWS4-HMAC-SHA256 Credential=a"], b"", True),
        ([b"aws4-ecdsa-p256-sha256 Credential=a"], b"", True),
        ([b"Bearer x"], b"", False),
        ([], b"", False),
        ([], b"a=1&X-Amz-Signature=00", True),
        ([], b"a=X-Amz-Signature=00", False),
    ],
)
def test_who_has_signed(authorization: list[bytes], query: bytes, signed: bool) -> None:  # noqa: FBT001 -- a case
    """A caller signs in Authorization, or in the query of a presigned URL."""
    assert is_signed(authorization, query) is signed


def test_nothing_of_the_secret_shows() -> None:
    """Neither the secret key nor a derived one is in the head or in what a signer prints as."""
    signer = Signer("eu-west-1", "lambda", KEY, Secret(SECRET))
    signed = signer.sign(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", NO_BODY, STAMP)
    derived = hmac.digest(b"AWS4" + SECRET.encode(), b"20270131", "sha256").hex()
    shown = repr(signer) + repr([getattr(signer, name) for name in Signer.__slots__]) + signed.decode()
    assert SECRET not in shown
    assert derived not in shown
