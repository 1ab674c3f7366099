"""The parts of a canonical request, as AWS's own documents show them; whole signatures are in test_signer.py."""

from __future__ import annotations

import pytest

from proxy.core.sigv4.canonical_request import canonical_path, canonical_query, canonical_request, signed_fields


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        (b"", b"/"),
        (b"/", b"/"),
        (b"/a/b", b"/a/b"),
        (b"/a/", b"/a/"),
        (b"//a///b/", b"/a/b/"),
        (b"/a/../b", b"/b"),
        (b"/./..", b"/"),
        (b"/documents%20and%20settings/", b"/documents%2520and%2520settings/"),
        (b"/\xe3", b"/%E3"),
    ],
)
def test_paths(path: bytes, canonical: bytes) -> None:
    """Encoded once more, without dot segments."""
    assert canonical_path(path, is_s3=False) == canonical


def test_paths_of_s3_stay_as_they_are() -> None:
    """A key may hold dots, slashes and percent signs."""
    assert canonical_path(b"/b//../a%20b/.", is_s3=True) == b"/b//../a%20b/."


@pytest.mark.parametrize(
    ("query", "canonical"),
    [(b"", b""), (b"b=2&a=1&a=0", b"a=0&a=1&b=2"), (b"a&=", b"=&a="), (b"B=1&b=1&a=%2f", b"B=1&a=%2f&b=1")],
)
def test_queries(query: bytes, canonical: bytes) -> None:
    """Sorted by name and value, as they are encoded."""
    assert canonical_query(query) == canonical


def test_fields() -> None:
    """Those that are signed, in lower case and in order, blanks folded and repeats joined."""
    lines = [b"X-Amz-B:  1   2 ", b"Host:h", b"Accept: a", b"x-amz-b: 3", b"Content-Type:\ta"]
    assert signed_fields(lines) == (b"content-type;host;x-amz-b", b"content-type:a\nhost:h\nx-amz-b:1 2,3\n")


def test_the_whole() -> None:
    """Line by line."""
    found = canonical_request(b"GET", b"/a?b", signed_fields([b"Host: h"]), b"hash", is_s3=False)
    assert found == b"GET\n/a\nb=\nhost:h\n\nhost\nhash"
