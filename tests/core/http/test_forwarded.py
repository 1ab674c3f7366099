from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.forwarded import (
    client_of,
    client_within,
    forget_managed,
    is_trusted,
    said_request_id,
    take_managed,
    trusted_lines,
)
from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.http.via import NAME as PASSED
from proxy.core.http.via import entry_of

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "2001:db8::/32", "fe80::/10")))
PEER = "10.0.0.1"


def request(*fields: bytes, host: bytes = b"Host: crm.example:8080") -> RequestHead:
    head = RequestReader(frozenset()).read(b"\r\n".join([b"GET / HTTP/1.1", host, *fields, b"", b""]))
    assert isinstance(head, RequestHead)
    return head


def chain(*values: bytes) -> RequestHead:
    return request(*[b"X-Forwarded-For: " + value for value in values])


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("2001:db8::7", True),
        ("::ffff:10.1.2.3", True),
        ("fe80::1%eth0", True),
        ("11.0.0.1", False),
        ("::1", False),
        ("::ffff:11.0.0.1", False),
        ("", False),
        ("10.0.0.1:80", False),
        ("unix:", False),
        ("localhost", False),
    ],
)
def test_trust_is_a_matter_of_networks(address: str, trusted: bool) -> None:  # noqa: FBT001 (a table's column)
    """IPv4 within IPv6 is the same peer, a zone changes nothing, and what is no address is never trusted."""
    assert is_trusted(address, TRUSTED) is trusted


def test_nobody_is_trusted_by_default() -> None:
    """Without networks there is no trusted peer."""
    assert not is_trusted("127.0.0.1", ())


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ([b"203.0.113.7"], "203.0.113.7"),
        ([b"6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        ([b"6.6.6.6, 203.0.113.7, 10.0.0.9,10.0.0.8"], "203.0.113.7"),
        ([b"6.6.6.6", b"203.0.113.7", b"10.0.0.9"], "203.0.113.7"),
        ([b"10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        ([b"203.0.113.7, "], "203.0.113.7"),
        ([b", ,"], PEER),
        ([], PEER),
        ([b"203.0.113.7:4711"], "203.0.113.7"),
        ([b"[2001:db9::7]:4711"], "2001:db9::7"),
        ([b"[2001:db9::7]"], "2001:db9::7"),
        ([b"2001:DB9::0:7"], "2001:db9::7"),
        ([b"::ffff:203.0.113.7"], "203.0.113.7"),
        ([b"6.6.6.6, unknown"], PEER),
        ([b"6.6.6.6, unknown, 10.0.0.9"], "10.0.0.9"),
        ([b"6.6.6.6, _hidden:80"], PEER),
        ([b"fe80::1%\xe9\x1b[31m, 10.0.0.9"], "fe80::1"),
        ([b"203.0.113.7 evil"], PEER),
        ([b"\xa0203.0.113.7"], PEER),
        ([b"0x7f.1, 010.0.0.1"], PEER),
    ],
    ids=[
        "one",
        "client's own word",
        "through trusted proxies",
        "several fields",
        "all trusted",
        "empty member",
        "only commas",
        "no field",
        "port",
        "IPv6 port",
        "IPv6 brackets",
        "IPv6 spelling",
        "IPv4 in IPv6",
        "no address",
        "no address behind a proxy",
        "obfuscated",
        "hostile zone",
        "junk behind",
        "blank of another script",
        "octal",
    ],
)
def test_the_client_is_the_right_most_address_that_nobody_vouches_for(values: list[bytes], client: str) -> None:
    """R7: what stands left of it is the client's own word, and what is no address ends the chain."""
    assert client_of(chain(*values), PEER, TRUSTED) == client


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"10.0.0.9", b"fe80::1%\xff", b"1.2.3.4"]), max_size=4))
def test_the_client_is_always_plain_text(values: list[bytes]) -> None:
    """Whatever a chain holds, what is logged and drawn by is an address in ASCII."""
    head = request()
    head.fields = {b"x-forwarded-for": values}
    client = client_of(head, PEER, TRUSTED)

    assert client.isascii()
    assert set(client) <= set("0123456789abcdef.:")


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ([], [b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Proto: http", b"X-Forwarded-Host: crm.example:8080"]),
        (
            [b"x-forwarded-for: 203.0.113.7", b"X-Forwarded-For: 10.0.0.9", b"X-Forwarded-For:"],
            [
                b"X-Forwarded-For: 203.0.113.7, 10.0.0.9, 10.0.0.1",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: crm.example:8080",
            ],
        ),
        (
            [b"X-Forwarded-Proto: gopher", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: public.example"],
            [b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: public.example"],
        ),
        (
            [b"Forwarded: for=203.0.113.7", b"X-Real-IP: 203.0.113.7", b"X-Request-Id: 7", b"X_Real_IP: 6.6.6.6"],
            [
                b"X-Forwarded-For: 10.0.0.1",
                b"X-Forwarded-Proto: http",
                b"X-Forwarded-Host: crm.example:8080",
                b"Forwarded: for=203.0.113.7",
                b"X-Real-IP: 203.0.113.7",
            ],
        ),
    ],
    ids=["nothing said", "chain", "said before", "others pass"],
)
def test_a_trusted_peers_word_passes_and_its_address_is_appended(fields: list[bytes], lines: list[bytes]) -> None:
    """Rule 2: each field stands once, the peer's own word last; aliases and the request id are not among them."""
    assert trusted_lines(request(*fields), PEER.encode(), b"http") == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"7", True),
        (b"Root=1-67891233-abcdef012345678912345678", True),
        (b"a" * 128, True),
        (b"a" * 129, False),
        (b"", False),
        (b"a b", False),
        (b'a"b', False),
        (b"a\xff", False),
        (b"a\x1bb", False),
    ],
)
def test_a_request_id_is_kept_when_it_is_a_plain_token(value: bytes, kept: bool) -> None:  # noqa: FBT001 (a table's column)
    """R30: what would need quoting in a log is not taken over, from nobody."""
    assert said_request_id(request(b"X-Request-Id: " + value)) == (value if kept else b"")


def test_without_a_request_id_there_is_none_to_keep() -> None:
    """A request without the field gets an id of Banyan's own."""
    assert said_request_id(request()) == b""


def test_an_untrusted_peers_managed_fields_are_forgotten() -> None:
    """Predicates and cohorts see none of them, while fields of the client's own stay."""
    head = request(b"X-Forwarded-Proto: https", b"X-Real-IP: 1.1.1.1", b"Idempotency-Key: 7")

    forget_managed(head)

    assert head.fields == {b"idempotency-key": [b"7"]}


def test_a_head_that_is_refused_names_its_client_all_the_same() -> None:
    """Only the C parser took it: its lines are read for the one field."""
    raw = b"GET /\xfc HTTP/1.1\r\nHost: a\r\nx-forwarded-FOR: 203.0.113.7\r\nNo-Colon\r\n\r\n"

    assert client_within(raw, PEER, TRUSTED) == "203.0.113.7"
    assert client_within(b"GET / HTTP/1.1\r\n\r\n", PEER, TRUSTED) == PEER


@pytest.mark.parametrize("trusted", [True, False])
def test_the_mark_and_the_id_are_read_before_managed_fields_go(trusted: bool) -> None:  # noqa: FBT001 - a table's column
    """Whoever sent them; what a stranger said otherwise is forgotten."""
    entry = entry_of(7, "orders")
    head = request(PASSED + b": " + entry, b"X-Request-Id: mine", b"X-Forwarded-For: 203.0.113.7")
    take_managed(head, trusted=trusted)

    assert head.passed == (entry,)
    assert head.said_id == b"mine"
    assert bool(head.fields.get(b"x-forwarded-for")) is trusted


def test_a_request_without_a_mark_has_passed_nobody() -> None:
    """Nor does it say an id."""
    head = request()
    take_managed(head, trusted=True)

    assert (head.passed, head.said_id) == ((), b"")
