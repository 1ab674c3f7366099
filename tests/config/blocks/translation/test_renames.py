"""Names that lead back to where they began."""

from __future__ import annotations

import pytest

from proxy.config.blocks.translation.renames import rename_that_leads_back
from proxy.core.translation.adapter_policy import Step
from proxy.core.translation.field_lines import RenameHeader
from proxy.core.translation.field_steps import Drop, MoveMember, Rename
from proxy.core.translation.query_steps import RenameQuery
from tests.core.translation.test_body_path import path


def renames(*pairs: str) -> list[Step | None]:
    return [Rename(path(f"$.{pair[0]}"), pair[1]) for pair in pairs]


@pytest.mark.parametrize(
    ("steps", "at", "sentence"),
    [
        (renames("aa"), 0, "$.a becomes $.a"),
        (renames("ab", "ba"), 1, "$.a becomes $.b, which becomes $.a"),
        (renames("ab", "xy", "bc", "ca"), 3, "$.a becomes $.b, which becomes $.c, which becomes $.a"),
        (renames("xa", "ab", "bx"), 2, "$.x becomes $.a, which becomes $.b, which becomes $.x"),
        ([*renames("ab"), MoveMember(path("$.b"), path("$.a"))], 1, "$.a becomes $.b, which becomes $.a"),
        (
            [RenameHeader("x-a", "X-B"), RenameHeader("X-b", "x-a")],
            1,
            "header:X-A becomes header:X-B, which becomes header:X-A",
        ),
        ([RenameQuery("a", "b"), RenameQuery("b", "a")], 1, "query:a becomes query:b, which becomes query:a"),
    ],
)
def test_a_cycle_is_found_where_it_closes(steps: list[Step | None], at: int, sentence: str) -> None:
    """With the way there."""
    assert rename_that_leads_back(steps) == (at, sentence)


@pytest.mark.parametrize(
    "steps",
    [
        [],
        renames("ab", "cd"),
        renames("az", "ba", "zb"),
        renames("ba", "ab")[:1],
        [RenameQuery("a", "b"), RenameHeader("b", "a")],
        [None, Drop(path("$.a"))],
    ],
    ids=["none", "two", "a swap by a third name", "one", "two things of one name", "others"],
)
def test_other_renames_lead_nowhere_back(steps: list[Step | None]) -> None:
    """A swap changes both names."""
    assert rename_that_leads_back(steps) is None
