from __future__ import annotations

import pytest

from proxy.core.http.request import RequestHead, RequestReader
from proxy.core.stickiness.own_cookies import take_own

OWN = frozenset({b"c", b"s"})


def head(*lines: bytes) -> RequestHead:
    found = RequestReader(frozenset({b"cookie"})).read(b"\r\n".join([b"GET / HTTP/1.1", *lines, b"", b""]))
    assert isinstance(found, RequestHead)
    return found


@pytest.mark.parametrize(
    ("lines", "found", "left", "values"),
    [
        ([b"Host: a", b"Cookie: c=1"], {b"c": [b"1"]}, [b"Host: a"], []),
        (
            [b"Cookie: c=1; a=2;  s=3; b=4", b"Host: a"],
            {b"c": [b"1"], b"s": [b"3"]},
            [b"Cookie: a=2; b=4", b"Host: a"],
            [b"a=2; b=4"],
        ),
        (
            [b"Cookie: c=1", b"Host: a", b"cookie: c=2; a=c"],
            {b"c": [b"1", b"2"]},
            [b"Host: a", b"cookie: a=c"],
            [b"a=c"],
        ),
        ([b"Host: a", b"Cookie: ac=1; sc; cs=c"], {}, [b"Host: a", b"Cookie: ac=1; sc; cs=c"], [b"ac=1; sc; cs=c"]),
        ([b"Host: a"], {}, [b"Host: a"], []),
    ],
)
def test_our_own_are_taken_and_the_rest_stays(
    lines: list[bytes], found: dict[bytes, list[bytes]], left: list[bytes], values: list[bytes]
) -> None:
    """Byte for byte; a field of which nothing is left goes, and Host is found where it is then."""
    request = head(*lines)

    assert take_own(request, OWN) == found
    assert request.lines == left
    assert list(request.fields.get(b"cookie", ())) == values
    assert request.lines[request.host_at] == b"Host: a"
    assert request.block() == b"\r\n".join(left)


def test_without_a_host_there_is_none_afterwards() -> None:
    """HTTP/1.0 may go without."""
    request = RequestReader(frozenset({b"cookie"})).read(b"GET / HTTP/1.0\r\nCookie: c=1\r\n\r\n")
    assert isinstance(request, RequestHead)
    take_own(request, OWN)

    assert (request.lines, request.host_at) == ([], -1)


def test_other_requests_with_the_same_fields_keep_theirs() -> None:
    """What a reader remembers is never changed."""
    reader = RequestReader(frozenset({b"cookie"}))
    raw = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: c=1; a=2\r\n\r\n"
    reader.read(raw)
    first = reader.recall(raw)
    assert first is not None
    take_own(first, OWN)
    second = reader.recall(raw)

    assert second is not None
    assert second.lines == [b"Host: a", b"Cookie: c=1; a=2"]
    assert second.fields[b"cookie"] == [b"c=1; a=2"]


def test_of_very_many_only_the_first_few_are_found() -> None:
    """All are taken out of the request, and no more are handed on than anybody has."""
    request = head(b"Host: a", b"Cookie: " + b"; ".join(b"c=%d" % each for each in range(1000)))

    assert take_own(request, OWN) == {b"c": [b"%d" % each for each in range(8)]}
    assert request.lines == [b"Host: a"]
