from __future__ import annotations

import json

import pytest

from proxy.core.auth.public_keys import MOST_BYTES, MOST_KEYS, PublicKeys, read_public_keys

RSA = {"kty": "RSA", "kid": "r1", "n": "abc", "e": "AQAB", "use": "sig", "alg": "RS256"}
EC = {"kty": "EC", "kid": "e1", "crv": "P-256", "x": "abc", "y": "def", "key_ops": ["verify"]}
OKP = {"kty": "OKP", "crv": "Ed25519", "x": "abc"}


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def kept(found: PublicKeys | str) -> list[dict[str, str]]:
    assert isinstance(found, PublicKeys)
    keys: list[dict[str, str]] = json.loads(found.jwks)["keys"]
    assert len(keys) == found.count
    return keys


def test_public_keys_are_kept_by_their_known_members() -> None:
    """What says which key it is stays; certificates, addresses and whatever else a document holds do not."""
    found = read_public_keys(document(RSA | {"x5u": "http://elsewhere", "x5c": ["MII"], "more": 1}, EC, OKP))

    assert kept(found) == [RSA, {name: value for name, value in EC.items() if name != "key_ops"}, OKP]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ({"kty": "oct", "k": "c2VjcmV0"}, "key 2 is symmetric: whoever reads the key set could sign with it"),
        (RSA | {"d": "x"}, "key 'r1' is private, and can be read by everybody: its owner has to replace it"),
        (EC | {"d": "x"}, "key 'e1' is private, and can be read by everybody: its owner has to replace it"),
        ({"kty": "PQ", "kid": "q"}, "key 'q' is of a kind that is not known"),
        (EC | {"crv": "P-999"}, "key 'e1' is of a curve that is not known"),
        (OKP | {"crv": "X25519"}, "key 2 is of a curve that is not known"),
        ({"kty": ["RSA"]}, "key 2 is of a kind that is not known"),
        ({"kty": "RSA", "n": "abc"}, "key 2 is not whole"),
        (RSA | {"kid": 7}, "key 2 is not whole"),
        (RSA | {"use": "enc"}, "key 'r1' is not for signatures"),
        (EC | {"key_ops": ["sign"]}, "key 'e1' is not for signatures"),
        (EC | {"key_ops": "verify"}, "key 'e1' is not for signatures"),
        ("a text", "key 2 is no object"),
    ],
)
def test_other_keys_are_refused_and_told(key: object, why: str) -> None:
    """A key that is private, symmetric, unknown, broken or for something else is left out, and the others stay."""
    found = read_public_keys(document(OKP, key))

    assert kept(found) == [OKP]
    assert isinstance(found, PublicKeys)
    assert found.refused == (why,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"<html>", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"\xff", "it is no JSON"),
        (b"[]", "it is no key set: it has no list of keys"),
        (b'{"keys": {}}', "it is no key set: it has no list of keys"),
        (b'{"keys": [], "keys": []}', "it says keys twice in one object"),
        (b'{"keys": []}', "no key of it can be used: there is none"),
        (
            document({"kty": "oct"}),
            "no key of it can be used: key 1 is symmetric: whoever reads the key set could sign with it",
        ),
        (document(*[OKP] * (MOST_KEYS + 1)), f"it has more than {MOST_KEYS} keys"),
        (b" " * (MOST_BYTES + 1), f"it has more than {MOST_BYTES} bytes"),
    ],
)
def test_what_is_no_key_set_is_said(text: bytes, why: str) -> None:
    """A document that leaves no key takes the place of nothing."""
    assert read_public_keys(text) == why
