"""What code may make of a head."""

from __future__ import annotations

import pytest

from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import (
    FUNCTIONS,
    NO_CHANGE,
    AdapterCode,
    HeadChange,
    answer_function,
    changed_lines,
    changed_target,
    check_change,
    fields_changed,
    fields_shown,
    request_function,
)
from proxy.core.translation.untranslatable import Untranslatable


def test_a_file_has_a_function_for_each_message() -> None:
    """To and from either side; its source is no part of what is printed of it."""
    named = {name for side in Side for name in (request_function(side), answer_function(side))}
    assert named == set(FUNCTIONS)
    assert "secret" not in repr(AdapterCode("a.py", "secret"))


def test_code_sees_what_steps_may_touch_and_no_credentials() -> None:
    """Names as they came."""
    lines = [
        b"X-Shop:  a ",
        b"Cookie: c",
        b"Authorization: b",
        b"Content-Length: 1",
        b"ETag: e",
        b"X-\xe9: 1",
    ]
    assert fields_shown(lines) == [("X-Shop", "a")]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (HeadChange(status=304), "status"),
        (HeadChange(status=99), "status"),
        (HeadChange(query=b"a b"), "query"),
        (HeadChange(query=b"a\r\nX: 1"), "query"),
        (HeadChange(fields=((b"Content-Length", (b"1",)),)), "a header field"),
        (HeadChange(fields=((b"Set-Cookie", (b"1",)),)), "a header field"),
        (HeadChange(fields=((b"X A", (b"1",)),)), "a header field"),
        (HeadChange(fields=((b"X-A", (b"1", b"2\r\nX: 1")),)), "header:X-A"),
        (HeadChange(fields=((b"X-A", (b"1" * 5000,) * 7),)), "a header field"),
        (HeadChange(fields=tuple((b"X-%d" % number, ()) for number in range(9000))), "a header field"),
    ],
)
def test_a_head_that_cannot_be_is_refused(change: HeadChange, where: str) -> None:
    """It is nobody's fault but the code's."""
    with pytest.raises(Untranslatable) as found:
        check_change(change)
    assert (found.value.where, found.value.status) == (where, 502)


def test_what_code_has_not_touched_stays_byte_for_byte() -> None:
    """Fields and query; what it has touched has the values that it gave."""
    lines = [b"X-A:1", b"X-B:  2"]
    change = HeadChange(200, b"p=1", ((b"X-b", (b"3", b"4")), (b"x-c", ())))
    check_change(change)
    check_change(NO_CHANGE)

    assert changed_lines(lines, NO_CHANGE) is lines
    assert changed_lines(lines, change) == [b"X-A:1", b"X-b: 3", b"X-b: 4"]
    assert (changed_target(b"/a?b", NO_CHANGE), changed_target(b"/a?b", change)) == (b"/a?b", b"/a?p=1")
    assert changed_target(b"/a?b", HeadChange(query=b"")) == b"/a"


def test_fields_are_changed_by_name() -> None:
    """One that is gone has no values; one that is spelled otherwise is the same."""
    before = [("X-A", "1"), ("X-B", "2"), ("X-C", "3")]
    after = [("x-a", "1"), ("X-b", "5"), ("X-D", "\u20ac")]
    assert fields_changed(before, after) == ((b"X-b", (b"5",)), (b"x-c", ()), (b"X-D", (b"?",)))
