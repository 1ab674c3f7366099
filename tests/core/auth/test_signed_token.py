from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from proxy.core.auth.refusal import Refusal
from proxy.core.auth.signed_token import _TEXTS, DEEPEST, LONGEST, SignedToken, read_token

HEADER = {"alg": "RS256", "kid": "one", "typ": "application/AT+jwt"}


def part(value: object) -> bytes:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=")


def token(header: object = HEADER, claims: object = {"sub": "ada"}, signature: bytes = b"sig") -> bytes:
    return b".".join((part(header), part(claims), part(signature)))


def test_a_token_is_taken_apart() -> None:
    """What it says of itself, what it claims, and what is signed; its type without case and prefix."""
    found = read_token(token())

    assert found == SignedToken(
        "RS256", "one", "at+jwt", {"sub": "ada"}, part(HEADER) + b"." + part({"sub": "ada"}), b"sig"
    )
    bare = read_token(token({"alg": "RS256"}))
    assert isinstance(bare, SignedToken)
    assert (bare.kid, bare.typ) == (None, "")


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_length_is_decoded(length: int) -> None:
    """base64url without padding ends in three ways."""
    found = read_token(token(signature=b"\xfb\xff\xfe\xfd"[:length]))
    assert isinstance(found, SignedToken)
    assert found.signature == b"\xfb\xff\xfe\xfd"[:length]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a.b",
        b"a.b.c.d",
        b"..",
        token(signature=b""),
        token() + b"=",
        b"$" + token(),
        token() + b"\n",
        token(signature=b"a")[:-1] + b"R",
        token(signature=b"ab")[:-1] + b"B",
        token(signature=b"a") + b"AAA",
        token(claims=b"[]"),
        token(claims=b"{"),
        token(claims=b"{}{}"),
        token(claims=b' {"a": 1}'),
        token(claims=b'{"a": 1, "a": 1}'),
        token(claims=b'{"a": NaN}'),
        token(claims=b'{"a": "\xff"}'),
        token(claims=b'{"a": "\\udc00"}'),
        token(claims=b'{"a": ' + b"9" * 5000 + b"}"),
        token(claims={"a": "x" * LONGEST}),
        token(header=b"null"),
    ],
)
def test_what_is_no_token_is_refused(text: bytes) -> None:
    """Whatever one reader or another might make of it."""
    assert read_token(text) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"alg": 1},
        {"alg": None},
        {"alg": "RS256", "kid": 1},
        {"alg": "RS256", "kid": None},
        {"alg": "RS256", "typ": 1},
        *({"alg": "RS256", name: "x"} for name in ("jwk", "jku", "x5u", "x5c", "crit", "b64", "enc", "zip", "cty")),
    ],
)
def test_a_header_that_asks_for_more_is_refused(header: object) -> None:
    """Keys that come along, extensions, other tokens inside."""
    assert read_token(token(header)) is Refusal.HEADER


def test_depth_is_bounded_and_width_is_not() -> None:
    """Brackets within texts are none."""
    deepest = b'{"a": ' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"
    assert isinstance(read_token(token(claims=deepest)), SignedToken)
    deeper = b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}"
    assert read_token(token(claims=deeper)) is Refusal.MALFORMED
    assert isinstance(read_token(token(claims={"a": [{}] * 50, "b": '["' * 60})), SignedToken)


@pytest.mark.parametrize("text", ['"' + '\\"' * 6000, '"' + '\\"' * 6000 + "\\", '\\"' * 6000, '"' + "a" * 12_000])
def test_a_text_that_does_not_end_is_read_once(text: str) -> None:
    """Depth is asked of what anybody may send: looked for from each of its quotes, the end would take seconds."""
    assert len(_TEXTS.findall(text)) == 1
    assert read_token(token(claims=b"{" + b"[" * (DEEPEST + 8) + text.encode())) is Refusal.MALFORMED


def test_characters_may_be_written_by_number() -> None:
    """As JSON may have them, if they are whole."""
    found = read_token(token(claims=b'{"sub": "\\u00e4 \\ud83d\\ude00"}'))
    assert isinstance(found, SignedToken)
    assert found.claims == {"sub": "ä 😀"}
