from __future__ import annotations

import base64

import pytest

from proxy.core.grants.token_hash import TokenHashes, read_key
from proxy.core.grants.token_request import Credentials, Proof
from proxy.core.secret import Secret

KEY = Secret(b"k" * 32)
HASHES = TokenHashes("aggregator", KEY)


def test_what_is_hashed_says_what_it_is() -> None:
    """Equal texts in other roles, of other providers, under other keys have other hashes."""
    text = Secret("same")
    one = Credentials(client_id="same", proof=Proof.BASIC, written=text)
    other = Credentials(client_id="same", proof=Proof.POST, written=text)
    found = {
        HASHES.token(text),
        HASHES.subject("same", text),
        HASHES.subject("sam", Secret("esame")),
        HASHES.credential(one),
        HASHES.credential(other),
        TokenHashes("other", KEY).token(text),
        TokenHashes("aggregator", Secret(b"l" * 32)).token(text),
    }
    assert len(found) == 7
    assert HASHES.token(text) == TokenHashes("aggregator", KEY).token(Secret("same"))


@pytest.mark.parametrize("text", [b"k" * 32, (b"k" * 32).hex().encode() + b"\n", base64.b64encode(b"k" * 32)])
def test_a_key_may_be_written_in_three_ways(text: bytes) -> None:
    """As it is, in hex, in base64."""
    assert read_key(text) == KEY


@pytest.mark.parametrize("text", [b"", b"short", b"k" * 31, b"00" * 31, base64.b64encode(b"k" * 31), b"\xff" * 40])
def test_what_is_no_key_is_none(text: bytes) -> None:
    """Of another length, however it is written."""
    assert read_key(text) is None
