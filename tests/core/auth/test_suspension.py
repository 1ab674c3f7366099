from __future__ import annotations

import pytest

from proxy.core.auth.suspension import LONGEST_SUBJECT, MOST_BYTES, in_quotes, read_subjects


def test_a_file_lists_a_subject_in_each_line() -> None:
    """As written, but for blanks around it; comments and empty lines say nothing."""
    text = "\ufeffauth0|7 of 9\r\n\n  # left in May\n\t müller \nanna"
    assert read_subjects(text.encode()) == frozenset({"auth0|7 of 9", "müller", "anna"})
    assert read_subjects(b"") == frozenset()


def test_a_comment_may_follow_a_subject() -> None:
    """After a blank; a `#` within a subject is its own."""
    text = "globex # unpaid\ninitech\t#\nroom#7\n#\n"
    assert read_subjects(text.encode()) == frozenset({"globex", "initech", "room#7"})


def test_subjects_between_quotes_are_told() -> None:
    """Of either kind, and the same on both ends."""
    assert in_quotes(["'b'", '"a"', "c", "d'", "\"e'", '"']) == ['"a"', "'b'"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff", "it is no UTF-8"),
        (b"a" * (MOST_BYTES + 1), f"it has more than {MOST_BYTES} bytes"),
        (b"anna\n" + b"b" * (LONGEST_SUBJECT + 1), f"line 2 has more than {LONGEST_SUBJECT} characters"),
    ],
)
def test_what_is_no_list_is_said(data: bytes, why: str) -> None:
    """Nothing of such a file is taken."""
    assert read_subjects(data) == why
