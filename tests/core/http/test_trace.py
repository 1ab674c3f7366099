from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.core.http.trace import RequestIds, begin_trace, keeps_id, valid_trace

TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = b"00f067aa0ba902b7"
SPAN = b"b9c7c989f97918e1"
ANY = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def field(version: bytes = b"00", trace: bytes = TRACE, parent: bytes = PARENT, flags: bytes = b"01") -> bytes:
    return b"-".join([version, trace, parent, flags])


@pytest.mark.parametrize(
    "incoming",
    [
        field(),
        field(flags=b"00"),
        field(flags=b"ff"),
        field(version=b"01"),
        field(version=b"cc") + b"-what-the-future-will-be-like",
        field(version=b"fe") + b"-",
    ],
    ids=["sampled", "not sampled", "unknown flags", "version 01", "longer", "empty rest"],
)
def test_a_valid_trace_passes_as_it_is(incoming: bytes) -> None:
    """Banyan writes no span of its own, so nothing is changed, nor is anything that it does not know left out."""
    assert valid_trace([incoming]) is incoming


def test_a_trace_that_is_stated_twice_is_none() -> None:
    """Nor is one that is not stated; the caller begins a new one (section 4.3)."""
    assert valid_trace([field(), field()]) is None
    assert valid_trace([]) is None


@pytest.mark.parametrize(
    "incoming",
    [
        b"",
        field(version=b"ff"),
        field(version=b"0"),
        field(version=b"0x"),
        field(trace=b"0" * 32),
        field(trace=TRACE.upper()),
        field(trace=TRACE[:-1]),
        field(trace=TRACE + b"0"),
        field(parent=b"0" * 16),
        field(parent=PARENT[:-1] + b"g"),
        field(flags=b"1"),
        field(flags=b"0g"),
        field(flags=b"001"),
        field() + b"-",
        field() + b"-extra",
        field(version=b"cc") + b"what",
        b" " + field(),
        field() + b", " + field(),
        field(version=b"cc") + b"-a\nb",
    ],
)
def test_an_invalid_trace_is_not_continued(incoming: bytes) -> None:
    """What the standard calls invalid starts no child span; the caller begins a new trace."""
    assert valid_trace([incoming]) is None


@given(
    st.binary(max_size=80) | st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.{0,5}", fullmatch=True)
)
@example(field(version=b"fe") + b"-\xff")
def test_what_goes_out_is_always_valid(incoming: bytes) -> None:
    """Whatever came in, what passes is a `traceparent` by the standard's grammar."""
    assert valid_trace([incoming]) is None or ANY.fullmatch(incoming)


def test_a_new_trace_is_valid_and_not_sampled() -> None:
    """A trace that begins here asks nobody to record it."""
    assert begin_trace(TRACE, SPAN) == b"00-" + TRACE + b"-" + SPAN + b"-00"


@pytest.mark.parametrize(
    ("rule", "of_strangers", "of_trusted"),
    [(RequestIds.TRUSTED, False, True), (RequestIds.KEEP, True, True), (RequestIds.REPLACE, False, False)],
)
def test_whose_id_is_kept(rule: RequestIds, of_strangers: bool, of_trusted: bool) -> None:  # noqa: FBT001
    """By default a trusted peer's alone."""
    assert (keeps_id(rule, trusted=False), keeps_id(rule, trusted=True)) == (of_strangers, of_trusted)
