"""Each point of leniency in both positions: what it mends, what it leaves, and that nothing else is mended."""

from __future__ import annotations

import pytest
from hypothesis import given

from proxy.core.http.leniency_points import (
    NONE,
    OF_REQUESTS,
    OF_RESPONSES,
    Leniency,
    Points,
    end_of_head,
    is_hopeless,
    mend,
    mend_target,
    with_known_method,
)
from proxy.core.http.request import RequestHead, RequestReader
from tests.core.heads import REQUEST_HEADS, RESPONSE_HEADS
from tests.core.llhttp import hear_request, hear_response

ALL = frozenset(Leniency)
OF_TARGETS = (Leniency.RAW_UTF8_TARGET, Leniency.PERCENT_NUL, Leniency.FRAGMENT_IN_TARGET)
START = b"GET /x HTTP/1.1\r\nHost: a\r\n"
MENDED = {
    "FR32": (b"GET /x HTTP/1.1\nHost: a\n\n", Leniency.BARE_LF, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"),
    "FR32 in one line": (START + b"X: a\nY: b\r\n\r\n", Leniency.BARE_LF, START + b"X: a\r\nY: b\r\n\r\n"),
    "FR38": (START + b"X: a \r\n \t b\r\n\r\n", Leniency.OBS_FOLD, START + b"X: a b\r\n\r\n"),
    "FR38 twice": (START + b"X: a\r\n b\r\n\tc\r\n\r\n", Leniency.OBS_FOLD, START + b"X: a b c\r\n\r\n"),
    "FR03 equal": (
        START + b"Content-Length: 5\r\nX: y\r\ncontent-length:5 \r\n\r\n",
        Leniency.EQUAL_CONTENT_LENGTHS,
        START + b"Content-Length: 5\r\nX: y\r\n\r\n",
    ),
    "FR05": (
        START + b"Content-Length: 5, 5\r\n\r\n",
        Leniency.EQUAL_CONTENT_LENGTHS,
        START + b"Content-Length: 5\r\n\r\n",
    ),
    "RS12 BEL, DEL": (START + b"X: a\x07\x7fb\r\n\r\n", Leniency.CTL_IN_VALUES, START + b"X: a  b\r\n\r\n"),
    "RS12 CR": (START + b"X: a\rY: b\r\n\r\n", Leniency.CTL_IN_VALUES, START + b"X: a Y: b\r\n\r\n"),
    "RS12 NUL": (START + b"X: a\x00b\r\n\r\n", Leniency.CTL_IN_VALUES, START + b"X: a b\r\n\r\n"),
    "FR19": (START + b"X \t: a\r\n\r\n", Leniency.SPACE_BEFORE_COLON, START + b"X: a\r\n\r\n"),
}


@pytest.mark.parametrize(("raw", "point", "mended"), MENDED.values(), ids=MENDED)
def test_a_point_mends_its_own_fault(raw: bytes, point: Leniency, mended: bytes) -> None:
    """Open, the head becomes what a strict sender would have written, which llhttp takes; it refused it before."""
    assert hear_request(raw).error

    found, used = mend(raw, frozenset({point}))

    assert (found, used) == (mended, frozenset({point}))
    assert not hear_request(found).error


@pytest.mark.parametrize(("raw", "point", "mended"), MENDED.values(), ids=MENDED)
def test_no_other_point_mends_it(raw: bytes, point: Leniency, mended: bytes) -> None:
    """Closed, the fault stays, whatever else is open."""
    del mended
    found, used = mend(raw, ALL - {point})

    assert point not in used
    assert hear_request(found).error


NEVER = {
    "FR01": START + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n",
    "FR03": START + b"Content-Length: 0\r\nContent-Length: 35\r\n\r\n",
    "FR05 unequal": START + b"Content-Length: 1, 2\r\n\r\n",
    "FR06": START + b"Content-Length: +5, +5\r\n\r\n",
    "FR08": START + b"Content-Length: \r\nContent-Length: 43\r\n\r\n",
    "FR13": START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "FR20": b"POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "FR31": b"GET / HTTP/1.1\r\nHost: a\r\n\rZGET /evil: HTTP/1.1\r\nHost: a\r\n\r\n",
    "FR38 in a coding": START + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
    "FR38 in a length": START + b"Content-Length: 5\r\n 0\r\n\r\n",
    "FR38 in a host": b"GET /x HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
    "FR38 before any field": b"GET /x HTTP/1.1\r\n Host: a\r\n\r\n",
    "FR38 of blanks": START + b"X: a\r\n \r\nY: b\r\n\r\n",
    "FR40": START + b": x\r\n\r\n",
    "FR41": START + b"Content-Length 10\r\n\r\n",
    "RT01": b"GET /x HTTP/1.1\r\n\r\n",
    "RT02": START + b"Host: b\r\n\r\n",
    "fragment on a host": b"GET http://a#/../admin HTTP/1.1\r\nHost: b\r\n\r\n",
    "RT17": b"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
    "RT22": b"TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n",
    "CR before LF": b"GET /x HTTP/1.1\r\r\nHost: a\r\n\r\n",
}


TARGETS = {
    "RT16": (b"/pub#/../admin", b"/pub", frozenset({Leniency.FRAGMENT_IN_TARGET})),
    "fragment in a query": (b"/a?b#c#d", b"/a?b", frozenset({Leniency.FRAGMENT_IN_TARGET})),
    "UTF-8": (b"/\xc3\xbc?q=\xc3\xbc%20", b"/%C3%BC?q=%C3%BC%20", frozenset({Leniency.RAW_UTF8_TARGET})),
    "Latin-1": (b"/?q=\xfc", b"/?q=%FC", frozenset({Leniency.RAW_UTF8_TARGET})),
    "RT17": (b"/a%00b", b"/a%00b", frozenset({Leniency.PERCENT_NUL})),
    "all": (b"/\xfc%00#\xfc", b"/%FC%00", frozenset(OF_TARGETS)),
    "behind a fragment": (b"/a#%00\xfc", b"/a", frozenset({Leniency.FRAGMENT_IN_TARGET})),
    "plain": (b"/a?b=%20", b"/a?b=%20", NONE),
}


@pytest.mark.parametrize(("target", "mended", "points"), TARGETS.values(), ids=TARGETS)
def test_a_target_is_mended_point_by_point(target: bytes, mended: bytes, points: Points) -> None:
    """Its bytes above ASCII are encoded, its fragment is cut off; a NUL stays, and whoever needs a point is told."""
    head = b"GET %b HTTP/1.1\r\nHost: a\xfc#%%00\r\n\r\n"

    assert mend_target(head % target, frozenset(OF_REQUESTS)) == (head % mended, points)
    assert mend(head % target, frozenset(OF_TARGETS)) == (head % mended, points)
    assert mend_target(head % target, NONE) == (head % target, NONE)


@pytest.mark.parametrize("raw", NEVER.values(), ids=NEVER)
def test_what_frames_or_names_is_never_mended(raw: bytes) -> None:
    """With every request's point open, what two systems could frame or route differently is still refused."""
    found, _ = mend(raw, frozenset(OF_REQUESTS))

    refused = bool(hear_request(found).error) or not isinstance(RequestReader(NONE_WANTED).read(found), RequestHead)
    assert refused


NONE_WANTED: frozenset[bytes] = frozenset()


@given(REQUEST_HEADS)
def test_a_request_that_is_right_stays_as_it_is(raw: bytes) -> None:
    """Whatever the strict reader takes comes out byte for byte; nothing was used."""
    if not hear_request(raw).error and isinstance(RequestReader(NONE_WANTED).read(raw), RequestHead):
        assert mend(raw, frozenset(OF_REQUESTS)) == (raw, NONE)


@given(RESPONSE_HEADS)
def test_mending_twice_changes_nothing_more(raw: bytes) -> None:
    """What was mended, and is right now, is right for good."""
    found, _ = mend(raw, frozenset(OF_RESPONSES))
    if not hear_response(found).error:
        again, used = mend(found, frozenset(OF_RESPONSES))
        assert (again, used) == (found, NONE)


@pytest.mark.parametrize(
    ("data", "points", "end"),
    [
        (b"a\r\nb\r\n\r\nrest", NONE, 8),
        (b"a\nb\n\nrest", NONE, -1),
        (b"a\nb\n\nrest", frozenset({Leniency.BARE_LF}), 5),
        (b"a\r\nb\n\r\nrest", frozenset({Leniency.BARE_LF}), 7),
        (b"a\r\nb\r\n", frozenset({Leniency.BARE_LF}), -1),
        (b"a\r\nb\r\n\r\n", frozenset({Leniency.BARE_LF}), 8),
    ],
)
def test_the_end_of_a_head(data: bytes, points: Points, end: int) -> None:
    """An empty line; with `bare_lf` also one that ends in LF alone, whichever comes first."""
    assert end_of_head(data, points, 0) == end


def test_nobody_waits_for_a_head_that_cannot_be_mended() -> None:
    """An LF alone is the end of hope unless it is forgiven."""
    assert is_hopeless(b"a\r\nb\nc", frozenset({Leniency.OBS_FOLD}))
    assert not is_hopeless(b"a\r\nb\nc", frozenset({Leniency.BARE_LF}))
    assert not is_hopeless(b"a\r\nb", frozenset({Leniency.OBS_FOLD}))


def test_a_known_method_stands_in_for_an_unknown_one() -> None:
    """So that the parser judges all the rest; what is no token is left to be refused."""
    assert with_known_method(b"FOO /x HTTP/1.1\r\n\r\n") == b"GET /x HTTP/1.1\r\n\r\n"
    assert with_known_method(b"F\x00O /x HTTP/1.1\r\n\r\n") == b"F\x00O /x HTTP/1.1\r\n\r\n"
