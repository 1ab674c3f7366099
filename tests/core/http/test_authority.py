from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.authority import normal_host, split_authority


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        (b"a", b"a", b""),
        (b"crm.example.com", b"crm.example.com", b""),
        (b"crm.example.com:8080", b"crm.example.com", b"8080"),
        (b"legacy_1:65535", b"legacy_1", b"65535"),
        (b"a:", b"a", b""),
        (b"192.0.2.7:80", b"192.0.2.7", b"80"),
        (b"[::1]", b"[::1]", b""),
        (b"[2001:db8::7]:8443", b"[2001:db8::7]", b"8443"),
        (b"[::ffff:192.0.2.7]", b"[::ffff:192.0.2.7]", b""),
    ],
)
def test_a_valid_authority_is_split(value: bytes, host: bytes, port: bytes) -> None:
    """Host and port come out as they were written; an absent port is empty."""
    assert split_authority(value) == (host, port)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b":80",
        b"a, b",
        b"a,b",
        b"a b",
        b"user@a",
        b"a/b",
        b"a#b",
        b"a?b",
        b"a\\b",
        b"%61",
        b"a%00",
        b"a\xe9",
        b"a\x00",
        b"a\n",
        b"a:65536",
        b"a:123456",
        b"a:-1",
        b"a:+8",
        b"a:8a",
        b"a:80:80",
        b"::1",
        b"[::1",
        b"::1]",
        b"[]",
        b"[:::]",
        b"[1::2::3]",
        b"[::1%eth0]",
        b"[v1.a]",
        b"[a]",
        b"[::1]a",
    ],
)
def test_what_could_be_read_as_another_host_is_refused(value: bytes) -> None:
    """A list, user information, percent-encoding, a scope, an odd port or no name at all is no authority (RT03)."""
    assert split_authority(value) is None
    assert normal_host(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"LEGACY.example.:80", "legacy.example"),
        (b"legacy.example", "legacy.example"),
        (b"Legacy.Example:", "legacy.example"),
        (b"a..", "a."),
        (b".", ""),
        (b"[2001:DB8::7]:80", "[2001:db8::7]"),
    ],
    ids=["RT25", "plain", "empty port", "two dots", "only a dot", "address"],
)
def test_spellings_of_one_host_compare_equal(value: bytes, expected: str) -> None:
    """Case, port and one trailing dot do not make another host."""
    assert normal_host(value) == expected


@given(st.binary(max_size=30) | st.from_regex(rb"[a-z\[\]:.0-9]{0,20}", fullmatch=True))
def test_what_was_split_can_be_put_together_again(value: bytes) -> None:
    """No byte of a valid authority is lost, and its host holds nothing that ends a host."""
    parts = split_authority(value)

    if parts is not None:
        host, port = parts
        assert value in (host, host + b":" + port)
        assert not set(host) & set(b"@/?#\\, \t\r\n%")
