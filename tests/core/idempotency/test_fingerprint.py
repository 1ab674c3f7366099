"""What tells two requests with one key apart, and what a key belongs to."""

from __future__ import annotations

import pytest

from proxy.core.idempotency.fingerprint import MOST_READ, content_of, fingerprint, record_of
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind

JSON = b"application/json; charset=utf-8"
TENANT = CohortSource(SourceKind.HEADER, "x-tenant")


def of(body: bytes = b"{}", query: bytes = b"", path: bytes = b"/pay", kind: bytes = JSON) -> bytes:
    return fingerprint(b"POST", path, query, kind, body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1, "b": [1, 2]}', b'{"b":[1,2],\n"a":1}'),
        (b'{"a": "\\u00e9"}', '{"a": "é"}'.encode()),
        (b"[1.0, 100, 0, 0.5, -3]", b"[1, 1e2, -0.0, 5e-1, -3.00]"),
        (b"[12345678901234567890123456789012345]", b"[12345678901234567890123456789012345.0]"),
        (b'{"a": {"y": null, "x": true}}', b'{"a": {"x": true, "y": null}}'),
    ],
)
def test_json_that_means_the_same_is_the_same(one: bytes, other: bytes) -> None:
    """Order of members, blanks, escapes and the way to write a number do not count."""
    assert content_of(JSON, one) == content_of(b"application/vnd.pay+json", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": 1}', b'{"a": 2}'),
        (b'{"a": 1}', b'{"a": "1"}'),
        (b"[1, 2]", b"[2, 1]"),
        (b"[12345678901234567890123456789012345]", b"[12345678901234567890123456789012346]"),
        (b'{"a": 1, "a": 2}', b'{"a": 2}'),
        (b"[-1]", b"[1]"),
        (b"[10]", b"[1]"),
        (b'{"a": ', b'{"a":'),
        (b"[1e99999999999999999999]", b"[1e99999999999999999998]"),
        (b"[" * 100_000, b"[" * 99_999),
    ],
)
def test_json_that_means_something_else_is_another(one: bytes, other: bytes) -> None:
    """Values, their types and the order of a list count; what cannot be read counts as it stands."""
    assert content_of(JSON, one[:MOST_READ]) != content_of(JSON, other[: MOST_READ - 1])


def test_other_bodies_are_bytes() -> None:
    """Of another type, or longer than is read."""
    long = b" " * MOST_READ + b"{}"

    assert content_of(b"text/plain", b"{ }") == b"{ }"
    assert content_of(b"", b"") == b""
    assert content_of(JSON, long) == long


def test_method_path_query_and_body_tell_requests_apart() -> None:
    """Parameters count in any order, those of one name in theirs."""
    assert of(query=b"b=2&a=1") == of(query=b"a=1&b=2")
    assert of(query=b"a=1&a=2") != of(query=b"a=2&a=1")
    several = [of(), of(b"[]"), of(query=b"x"), of(path=b"/x"), fingerprint(b"PATCH", b"/pay", b"", JSON, b"{}")]
    assert len(set(several)) == len(several)


def test_a_key_belongs_to_route_cohort_and_credentials() -> None:
    """Of an address it does not: a client that retries may come from another one."""
    several = [
        record_of("pay", None, (), "k"),
        record_of("pay", (TENANT, b"7"), (), "k"),
        record_of("pay", (TENANT, b"8"), (), "k"),
        record_of("pay", None, (b"Bearer a",), "k"),
        record_of("pay", None, (b"Bearer ", b"a"), "k"),
        record_of("pay", None, (), "l"),
        record_of("payk", None, (), ""),
    ]

    assert len(set(several)) == len(several)
    assert {len(each) for each in several} == {32}
    assert record_of("pay", (CLIENT_IP, b"192.0.2.1"), (), "k") == record_of("pay", None, (), "k")
