"""The values within a step of an adapter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.blocks.translation.step_values import (
    as_header_name,
    is_field_value,
    read_header_name,
    read_name,
    read_path,
    read_statuses,
    read_value,
    read_zone,
)
from proxy.core.translation.field_steps import Empty

Reader = Callable[[object], object]


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (read_header_name, "X-Customer", "X-Customer"),
        (read_name, "per page", "per page"),
        (read_value, "x", "x"),
        (read_value, 7, 7),
        (read_value, False, False),
        (read_value, [], Empty(is_list=True)),
        (read_value, {}, Empty(is_list=False)),
        (read_zone, "+09:00", 540),
        (read_zone, "-03:30", -210),
        (read_statuses, {"201": 200, "409": 422}, ((201, 200), (409, 422))),
    ],
)
def test_what_is_right(read: Reader, value: object, found: object) -> None:
    """Each value as the core has it."""
    assert read(value) == found


def test_a_path_is_read() -> None:
    """As it is written."""
    assert read_path("$.items[*].price").text == "$.items[*].price"


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (read_path, "tel", "must be a path such as"),
        (read_path, 7, "must be a path such as"),
        (read_header_name, "X Customer", "must be the name of a header field"),
        (read_header_name, 7, "must be the name of a header field"),
        (read_header_name, "Content-Length", "gives a meaning already"),
        (read_header_name, "ETag", "gives a meaning already"),
        (read_name, "", "must be a name"),
        (read_name, "a\nb", "must be a name"),
        (read_name, 7, "must be a name"),
        (read_value, 0.1, "must be a text, a whole number"),
        (read_value, [1], "must be a text, a whole number"),
        (read_value, {"a": 1}, "must be a text, a whole number"),
        (read_zone, "JST", "must be a distance from UTC"),
        (read_zone, 9, "must be a distance from UTC"),
        (read_statuses, {}, "must be statuses by statuses"),
        (read_statuses, "201", "must be statuses by statuses"),
        (read_statuses, {"201": 204}, "must be statuses by statuses"),
        (read_statuses, {"304": 200}, "must be statuses by statuses"),
        (read_statuses, {"20x": 200}, "must be statuses by statuses"),
        (read_statuses, {"600": 200}, "must be statuses by statuses"),
        (read_statuses, {"100": 200}, "must be statuses by statuses"),
    ],
)
def test_what_is_wrong(read: Reader, value: object, says: str) -> None:
    """Each is told what to write."""
    with pytest.raises(PydanticCustomError, match=says):
        read(value)


def test_names_and_values_of_fields_that_other_keys_hold() -> None:
    """`to` and `value` are read for a header field only where they are one's."""
    assert (as_header_name("X-A"), as_header_name("X A"), as_header_name("Host")) == ("X-A", None, None)
    assert [is_field_value(value) for value in ("a b", "", " a", "é", 7)] == [True, False, False, False, False]
