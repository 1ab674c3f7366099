from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.long_polls import asked_to_wait, is_event_stream


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([b"Prefer: wait=60"], 60),
        ([b"prefer:respond-async, wait = 100 ; a=b"], 100),
        ([b'PREFER: WAIT="7"'], 7),
        ([b"Prefer: return=minimal", b"Prefer: wait=5", b"Prefer: wait=9"], 5),
        ([b"Prefer: wait", b"Prefer: wait=x", b"Prefer: await=5", b"Prefer: wait=-5", b"Prefer: wait=5s"], 0),
        ([b"X-Prefer: wait=5"], 0),
        ([], 0),
    ],
)
def test_a_request_says_how_long_it_waits(lines: list[bytes], seconds: int) -> None:
    """`wait` among other preferences, in seconds (RFC 7240 section 4.3); the first of several, and nonsense is none."""
    assert asked_to_wait(lines) == seconds


@pytest.mark.parametrize(
    ("line", "stream"),
    [
        (b"Content-Type: text/event-stream", True),
        (b"content-type:Text/Event-Stream; charset=utf-8", True),
        (b"Content-Type: text/event-streams", False),
        (b"Content-Type: text/html", False),
        (b"Accept: text/event-stream", False),
    ],
)
def test_an_answer_says_that_it_is_an_event_stream(line: bytes, *, stream: bool) -> None:
    """By its media type, whatever its case and parameters."""
    assert is_event_stream([b"Server: a", line]) is stream


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_read(lines: list[bytes]) -> None:
    """Whatever stands in a head, nothing raises."""
    assert asked_to_wait(lines) >= 0
    assert is_event_stream(lines) in (True, False)
