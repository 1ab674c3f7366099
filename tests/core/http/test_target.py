from __future__ import annotations

import re
from collections.abc import Callable
from itertools import permutations
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.core.http.target import MAX_READABLE, MAX_READINGS, UNREADABLE, is_acceptable, is_ambiguous, readings

FRAGMENTS = st.sampled_from(
    ["/", "//", "\\", ";", ";x=1", "..", ".", "%2f", "%2F", "%5c", "%2e", "%2E", "%3b", "%61", "%252e", "%z", "a"]
)
PATHS = st.lists(FRAGMENTS, max_size=8).map(lambda parts: ("/" + "".join(parts)).encode())


@pytest.mark.parametrize(
    ("path", "reading"),
    [
        (b"/api/v2/../../admin/x", b"/admin/x"),
        (b"/api/v2/%2e%2e/%2E./admin/x", b"/admin/x"),
        (b"/api/v2%2f..%2f..%2fadmin/x", b"/admin/x"),
        (b"/api/v2/..;x=1/..;/admin/x", b"/admin/x"),
        (b"/%61dmin/x", b"/admin/x"),
        (b"//admin/x", b"/admin/x"),
        (b"/.//admin/x", b"/admin/x"),
        (b"/api/v2\\..\\..\\admin/x", b"/admin/x"),
        (b"/api/v2%5c..%5c..%5cadmin/x", b"/admin/x"),
        (b"/admin;jsessionid=7/x", b"/admin/x"),
        (b"/admin%3bv=1/x", b"/admin/x"),
        (b"/%61dmin;%2fz/x", b"/admin/x"),
        (b"/b\\admin;\\x", b"/b/admin"),
        (b"/x/%2e%2e/files/a%2fb", b"/files/a%2fb"),
        (b"/a/..", b"/"),
        (b"/a/.", b"/a/"),
        (b"/..", b"/"),
    ],
    ids=[
        "RT08 dot segments",
        "RT09 encoded dots",
        "RT10 encoded slashes",
        "RT11 parameters on dots",
        "RT13 encoded letter",
        "RT14 double slash",
        "RT14 dot and double slash",
        "backslashes",
        "encoded backslashes",
        "parameters",
        "encoded parameters",
        "parameters dropped before decoding",
        "parameters dropped before backslashes",
        "only the unreserved decoded",
        "dots at the end",
        "dot at the end",
        "dots above the root",
    ],
)
def test_a_lenient_upstreams_reading_is_among_them(path: bytes, reading: bytes) -> None:
    """What some upstream would make of the path is asked of the table too (R9)."""
    assert is_ambiguous(path)
    assert reading in readings(path)


def test_what_stands_before_a_nul_is_read_too() -> None:
    """An upstream in C ends there, where `percent_nul` lets it through."""
    assert b"/admin" in readings(b"/admin%00/x")


@pytest.mark.parametrize(
    ("path", "not_read"),
    [(b"/pub/%252e%252e/x", b"/x"), (b"/%2561dmin", b"/admin"), (b"/a%252fb", b"/a/b")],
    ids=["RT15", "letter", "slash"],
)
def test_nothing_is_decoded_twice(path: bytes, not_read: bytes) -> None:
    """`%25` becomes a percent sign and stays one."""
    assert not_read not in readings(path)


def slashes(path: bytes) -> bytes:
    return re.sub(rb"/+", b"/", path)


def dots(path: bytes) -> bytes:
    """RFC 3986 section 5.2.4, as the buffer that the RFC describes."""
    rest, out = path, b""
    while rest:
        if rest.startswith((b"/./", b"/../")) or rest in (b"/.", b"/.."):
            if rest.startswith(b"/.."):
                out = out[: max(out.rfind(b"/"), 0)]
            rest = b"/" + rest[4 if rest.startswith(b"/../") else 3 :]
        else:
            cut = rest.find(b"/", 1)
            cut = cut if cut >= 0 else len(rest)
            out, rest = out + rest[:cut], rest[cut:]
    return out


STEPS: dict[str, Callable[[bytes], bytes]] = {
    "decode": unquote_to_bytes,
    "backslashes": lambda path: path.replace(b"\\", b"/"),
    "parameters": lambda path: re.sub(rb";[^/]*", b"", path),
    "dots": dots,
    "slashes": slashes,
}


@pytest.mark.thorough
@given(PATHS)
@example(b"/%61dmin;%2fz")
def test_every_order_of_the_steps_is_covered(path: bytes) -> None:
    """An upstream that takes any of the steps, each once, in whatever order, reads one of the readings."""
    known = {path, *readings(path)}

    for count in range(1, len(STEPS) + 1):
        for order in permutations(STEPS.values(), count):
            read = path
            for step in order:
                read = step(read)
            assert read in known or UNREADABLE in known, (read, order)


@given(PATHS)
def test_readings_are_few_different_paths(path: bytes) -> None:
    """Each reading is a path, other than the raw one, named once; there are never more than a table can be asked."""
    found = readings(path)

    assert len(found) == len(set(found)) <= MAX_READINGS
    assert path not in found
    assert found == [UNREADABLE] or all(reading[:1] == b"/" for reading in found)


@given(PATHS | st.from_regex(rb"/[ -~]{0,20}", fullmatch=True))
def test_a_path_with_other_readings_is_ambiguous(path: bytes) -> None:
    """What is not called ambiguous has no reading but itself, so the table need not be asked again."""
    assert is_ambiguous(path) or readings(path) == []


@pytest.mark.parametrize(
    "path",
    [b"/", b"/orders/42", b"/a/b.json", b"/~u/(x)/a+b,c=d:e@f!$&'*", b"/a.b/c..d/e."],
    ids=["root", "plain", "suffix", "every unreserved mark", "dots within"],
)
def test_plain_paths_are_not_ambiguous(path: bytes) -> None:
    """Most requests ask the table once."""
    assert not is_ambiguous(path)
    assert readings(path) == []


@pytest.mark.parametrize(
    "path",
    [b"/" + b"%61" * (MAX_READABLE // 3 + 1), b"/..%2f%5c%3ba%5c/;/%2f/;/%2e///..;/\\.."],
    ids=["long", "many"],
)
def test_a_path_that_costs_too_much_to_read_agrees_with_nothing(path: bytes) -> None:
    """A hostile path gets the reading that no route takes, and is refused for the price of a look."""
    assert readings(path) == [UNREADABLE]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/", True),
        (b"/pub", True),
        (b"/a%2Db/~u/(x);v=1/%C3%A9?q=[1]&r=a%5B&s=a+b&&=&%zz", True),
        (b"/a?b=%2500", True),
        (b"/pub#/../admin", False),
        (b"/a?b#c", False),
        (b"/a%00b", False),
        (b"/a?b=%00", False),
        (b"/a%00?b=%00", False),
        (b"pub", False),
        (b"*", False),
        (b"", False),
    ],
    ids=[
        *("root", "plain", "RT19", "%2500", "RT16", "fragment", "RT17", "NUL in query", "NUL in both"),
        *("no slash", "star", "empty"),
    ],
)
def test_targets_with_fragments_or_nul_are_not_acceptable(target: bytes, expected: bool) -> None:  # noqa: FBT001 (a table's column)
    """A fragment is cut off by some upstreams, and an encoded NUL ends what it stands in; both are refused."""
    assert is_acceptable(target) is expected
