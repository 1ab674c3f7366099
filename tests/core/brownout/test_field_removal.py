"""An answer without one of its fields."""

from __future__ import annotations

import gzip

import pytest

from proxy.core.brownout.brownout_policy import Browned
from proxy.core.brownout.field_removal import MAX_BODY, may_be_lean, without_field
from tests.core.translation.test_body_path import path

JSON = b"Content-Type: application/json"


def test_the_field_is_absent_and_all_else_stays() -> None:
    """Order, digits and other fields; what spoke of the body before does not go on, and nobody is to keep it."""
    lines = [JSON, b'ETag: "1"', b"Digest: a=b", b"Content-Length: 99", b"X-A: b", b"cache-control: max-age=60"]
    lean = without_field(path("$.rank"), lines, b'{"b": 1.10, "rank": 7, "a": "\\u00e9"}')

    assert lean.outcome is Browned.BROWNED
    assert lean.body == '{"b":1.10,"a":"é"}'.encode()
    assert lean.lines == [JSON, b"X-A: b", b"Cache-Control: no-store", b"Content-Length: %d" % len(lean.body)]


def test_it_is_absent_as_often_as_it_stands_there() -> None:
    """In each element, and under a key that stands twice."""
    lean = without_field(path("$.items[*].rank"), [JSON], b'{"items":[{"rank":1,"id":2},{"id":3},{"rank":4,"rank":5}]}')
    assert lean.body == b'{"items":[{"id":2},{"id":3},{}]}'


def test_an_answer_that_is_coded_comes_out_plain() -> None:
    """With the length that it then has."""
    body = gzip.compress(b'{"rank":1,"id":2}', mtime=0)
    lean = without_field(path("$.rank"), [JSON, b"Content-Encoding: gzip"], body)
    assert (lean.body, lean.lines) == (b'{"id":2}', [JSON, b"Cache-Control: no-store", b"Content-Length: 8"])


@pytest.mark.parametrize(
    ("body", "lines", "outcome"),
    [
        (b'{"id":2}', [], Browned.ABSENT),
        (b"[1]", [], Browned.ABSENT),
        (b'{"rank":', [], Browned.UNFIT),
        (b"\xff", [], Browned.UNFIT),
        (b"no gzip", [b"Content-Encoding: gzip"], Browned.UNFIT),
    ],
)
def test_what_has_no_such_field_or_is_no_json_goes_on_as_it_came(
    body: bytes, lines: list[bytes], outcome: Browned
) -> None:
    """To the byte, validators included."""
    lines = [JSON, b'ETag: "1"', *lines]
    lean = without_field(path("$.rank"), lines, body)
    assert (lean.outcome, lean.lines, lean.body) == (outcome, lines, body)


@pytest.mark.parametrize(
    ("status", "line", "length", "may"),
    [
        (200, JSON, 10, True),
        (201, b"Content-Type: application/problem+json; charset=UTF-8", -1, True),
        (200, JSON, MAX_BODY, True),
        (200, JSON, MAX_BODY + 1, False),
        (200, JSON, 0, False),
        (206, JSON, 10, False),
        (304, JSON, 10, False),
        (404, JSON, 10, False),
        (200, b"Content-Type: text/html", 10, False),
        (200, b"Content-Type: application/json; charset=latin-1", 10, False),
        (200, b"X-A: b", 10, False),
    ],
)
def test_only_a_whole_good_json_answer_is_taken_apart(
    status: int,
    line: bytes,
    length: int,
    may: bool,  # noqa: FBT001
) -> None:
    """Within the bound, known or not; an error says nothing of the field."""
    assert may_be_lean(status, [line], length) is may
