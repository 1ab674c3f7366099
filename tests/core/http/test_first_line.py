from __future__ import annotations

import pytest

from proxy.core.http.first_line import as_spoken, familiar, is_open, method_of, refusal_of


@pytest.mark.parametrize(
    ("head", "spoken"),
    [
        (b"GET / HTTP/1.2\r\nA: HTTP/1.3\r\n\r\n", b"GET / HTTP/1.1\r\nA: HTTP/1.3\r\n\r\n"),
        (b"GET /HTTP/1.7 HTTP/1.9\r\n", b"GET /HTTP/1.7 HTTP/1.1\r\n"),
        (b"GET / HTTP/1.2", b"GET / HTTP/1.1"),
        (b"HTTP/1.3 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
    ],
)
def test_a_newer_minor_version_is_read_as_1_1(head: bytes, spoken: bytes) -> None:
    """In the first line alone, of a request and of an answer; nothing else changes."""
    assert as_spoken(head) == spoken


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.10\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / http/1.2\r\n\r\n",
        b"HTTP/1.20 200 OK\r\n\r\n",
        b"GET / HTTP/1.1\r\nHTTP/1.2 x\r\n\r\n",
    ],
)
def test_any_other_first_line_stays_as_it_is(head: bytes) -> None:
    """Two digits are no minor version, and another major one is another protocol."""
    assert as_spoken(head) == head


def test_a_registered_method_without_a_name_is_judged_under_another() -> None:
    """The parser is asked about GET instead; a method that it knows, or nobody does, is not disguised."""
    assert familiar(b"VERSION-CONTROL /a HTTP/1.2\r\n") == b"GET /a HTTP/1.1\r\n"
    for head in (b"PROPFIND / HTTP/1.1\r\n", b"FOO / HTTP/1.1\r\n", b"label / HTTP/1.1\r\n"):
        assert familiar(head) == head
    assert method_of(b"LABEL / HTTP/1.1") == b"LABEL"
    assert method_of(b"LABEL") == b""


@pytest.mark.parametrize(
    ("head", "is_it"),
    [
        (b"F", True),
        (b"VERSION-CONTROL", True),
        (b"GET / HTTP/3", True),
        (b"GET / HTTP/3.0\r", True),
        (b"", False),
        (b"F" * 33, False),
        (b"FOO ", False),
        (b"\x16\x03\x01", False),
        (b"GET / HTTP/3.0\r\n", False),
        (b"GET / HTTP/3.00", False),
        (b"FOO\r", False),
    ],
)
def test_it_waits_for_the_end_of_a_method_or_a_version_alone(head: bytes, is_it: bool) -> None:  # noqa: FBT001 (a table's column)
    """Whatever else comes is judged at once, so that nobody keeps a connection open with garbage."""
    assert is_open(head) is is_it


@pytest.mark.parametrize(
    ("head", "known", "status"),
    [
        (b"FOO / HTTP/1.1\r\n", False, 501),
        (b"FOO ", False, 501),
        (b"FOO / HTTP/3.0\r\n", False, 501),
        (b"GET / HTTP/3.0\r\n", True, 505),
        (b"GET / HTTP/3.0", True, 400),
        (b"GET /\x00 HTTP/1.1\r\n", True, 400),
        (b"CONNECT /x HTTP/1.1\r\n", False, 400),
        (b"UPDATE /\x00", False, 400),
        (b"F" * 33 + b" / HTTP/1.1\r\n", False, 400),
        (b"FOO\r\n\r\n", False, 400),
        (b"F\x00O / HTTP/1.1\r\n", False, 400),
    ],
)
def test_what_cannot_be_read_is_told_by_its_reason(head: bytes, known: bool, status: int) -> None:  # noqa: FBT001 (a table's column)
    """501 for a method, 505 for a version, 400 in the parser's own words for everything else."""
    refusal = refusal_of(head, "no", known=known)

    assert refusal.status == status
    assert (refusal.detail == "no") is (status == 400)
