from __future__ import annotations

import pytest

from proxy.core.auth.suspension import LONGEST_SUBJECT, MOST_BYTES, read_subjects


def test_a_file_lists_a_subject_in_each_line() -> None:
    """As written, but for blanks around it; comments and empty lines say nothing."""
    text = "\ufeffauth0|7 of 9\r\n\n  # left in May\n\t müller \nanna"
    assert read_subjects(text.encode()) == frozenset({"auth0|7 of 9", "müller", "anna"})
    assert read_subjects(b"") == frozenset()


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
