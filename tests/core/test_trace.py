from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.core.trace import begin_trace, continue_trace

TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = b"00f067aa0ba902b7"
SPAN = b"b9c7c989f97918e1"
VALID = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[0-3]")


def field(version: bytes = b"00", trace: bytes = TRACE, parent: bytes = PARENT, flags: bytes = b"01") -> bytes:
    return b"-".join([version, trace, parent, flags])


@pytest.mark.parametrize(
    ("incoming", "flags"),
    [
        (field(), b"01"),
        (field(flags=b"00"), b"00"),
        (field(flags=b"03"), b"03"),
        (field(flags=b"ff"), b"03"),
        (field(flags=b"08"), b"00"),
        (field(version=b"01"), b"01"),
        (field(version=b"cc") + b"-what-the-future-will-be-like", b"01"),
        (field(version=b"fe") + b"-", b"01"),
    ],
    ids=["sampled", "not sampled", "random id", "unknown flags", "unknown flag", "version 01", "longer", "empty rest"],
)
def test_a_valid_trace_goes_on_with_our_span(incoming: bytes, flags: bytes) -> None:
    """The trace id stays, the parent becomes ours, the version is 00 and only known flags are passed on."""
    assert continue_trace(incoming, SPAN) == b"00-" + TRACE + b"-" + SPAN + b"-" + flags


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
    assert continue_trace(incoming, SPAN) is None


@given(
    st.binary(max_size=80) | st.from_regex(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.{0,5}", fullmatch=True)
)
@example(field(version=b"fe") + b"-\xff")
def test_what_goes_out_is_always_valid(incoming: bytes) -> None:
    """Whatever came in, the field that goes out is a valid version 00 `traceparent`, or none."""
    continued = continue_trace(incoming, SPAN)

    assert continued is None or VALID.fullmatch(continued)


def test_a_new_trace_is_valid_and_not_sampled() -> None:
    """A trace that begins here asks nobody to record it."""
    assert begin_trace(TRACE, SPAN) == b"00-" + TRACE + b"-" + SPAN + b"-00"
