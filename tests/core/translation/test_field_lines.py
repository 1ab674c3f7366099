"""Steps on header fields and statuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.field_lines import (
    DropHeader,
    MapStatus,
    RenameHeader,
    SetHeader,
    change_lines,
    codings_in,
    is_free_for_steps,
    map_status,
    values_in,
    without,
)
from proxy.core.translation.untranslatable import Untranslatable

LINES = [b"X-Tel: 1", b"Accept: */*", b"x-tel:2", b"X-Telex: 3"]


def test_a_field_is_renamed_at_its_place() -> None:
    """Every line of it, in whatever case; its value and blanks stay."""
    step = RenameHeader("X-TEL", "X-Phone")

    assert step.text == "header: X-TEL, to: X-Phone"
    assert change_lines(LINES, step) == [b"X-Phone: 1", b"Accept: */*", b"X-Phone:2", b"X-Telex: 3"]


def test_a_name_that_another_field_has_is_not_given() -> None:
    """In whatever case; a field may be spelled otherwise, and one that is not there is not renamed."""
    step = RenameHeader("X-Tel", "ACCEPT")
    with pytest.raises(Untranslatable) as error:
        change_lines(LINES, step)

    assert error.value.sentence == "header:ACCEPT: it is there already (header: X-Tel, to: ACCEPT)"
    assert change_lines(LINES[1:2], step) == LINES[1:2]
    assert change_lines(LINES[:1], RenameHeader("X-Tel", "x-tel")) == [b"x-tel: 1"]


@given(st.lists(st.sampled_from([b"X-Tel: 1", b"Accept: a", b"X-Tel: 2"])))
def test_a_rename_and_its_inverse_leave_all_as_it_was(lines: list[bytes]) -> None:
    """In the spelling that the second one names."""
    there = change_lines(lines, RenameHeader("X-Tel", "X-Phone"))

    assert change_lines(there, RenameHeader("X-Phone", "X-Tel")) == lines


def test_a_field_is_left_out_or_has_one_value() -> None:
    """What is set replaces whatever came."""
    assert change_lines(LINES, DropHeader("x-tel")) == [b"Accept: */*", b"X-Telex: 3"]
    assert change_lines(LINES, SetHeader("X-Tel", "9")) == [b"Accept: */*", b"X-Telex: 3", b"X-Tel: 9"]
    assert (DropHeader("a").text, SetHeader("a", "secret").text) == ("drop_header: a", "set_header: a")


def test_statuses_are_mapped_and_others_stay() -> None:
    """One by one."""
    step = MapStatus(((201, 200), (409, 422)))

    assert [map_status(status, step) for status in (201, 409, 404)] == [200, 422, 404]
    assert step.text == "status: { 201: 200, 409: 422 }"


@pytest.mark.parametrize(
    ("name", "is_free"),
    [
        *[("X-Customer", True), ("Accept-Language", True), ("X_Api", True)],
        *[("Content-Length", False), ("Host", False), ("ETag", False), ("if-match", False), ("Authorization", False)],
        *[("X-Forwarded-For", False), ("x_request_id", False), ("Content-Encoding", False), ("Range", False)],
    ],
)
def test_some_fields_are_not_for_steps(name: str, is_free: bool) -> None:  # noqa: FBT001
    """What frames a message, names its sender, holds for one side alone or is Banyan's own."""
    assert is_free_for_steps(name) is is_free


def test_values_are_found_by_name() -> None:
    """Of each line, and in any case; without one there is nothing."""
    assert (values_in(LINES, b"x-tel"), values_in(LINES, b"etag")) == (["1", "2"], [])
    assert without(LINES, {b"x-tel", b"accept"}) == [b"X-Telex: 3"]


@pytest.mark.parametrize(
    ("values", "codings"),
    [
        ((), ""),
        ((b"identity", b""), ""),
        ((b"identity", b"GZip"), "gzip"),
        ((b"gzip, identity", b" br"), "gzip, br"),
    ],
)
def test_codings_of_several_lines_are_one_list(values: tuple[bytes, ...], codings: str) -> None:
    """In their order, without those that change nothing."""
    assert codings_in([b"Content-Encoding:" + value for value in values]) == codings
