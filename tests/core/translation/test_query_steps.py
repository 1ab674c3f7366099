"""Steps on parameters of the query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.query_steps import DropQuery, QueryStep, RenameQuery, SetQuery, change_target
from proxy.core.translation.untranslatable import Untranslatable

TARGETS = st.lists(st.sampled_from([b"p=1", b"q=%20+x", b"p", b"", b"p=%7e", b"a=b=c"])).map(
    lambda pairs: b"/x" + (b"?" + b"&".join(pairs) if pairs else b"")
)


@given(TARGETS)
def test_a_rename_and_its_inverse_leave_the_target_as_it_was(target: bytes) -> None:
    """Byte for byte, values among it."""
    there = change_target(target, RenameQuery("p", "page"))

    assert b"p=" not in there.replace(b"page=", b"")
    assert change_target(there, RenameQuery("page", "p")) == target


@pytest.mark.parametrize(
    ("step", "target", "after"),
    [
        (
            RenameQuery("per page", "Größe"),
            b"/a?per%20page=1&per+page=2&x",
            b"/a?Gr%C3%B6%C3%9Fe=1&Gr%C3%B6%C3%9Fe=2&x",
        ),
        (RenameQuery("p", "page"), b"/a", b"/a"),
        (DropQuery("p"), b"/a?p=1&q=2&p", b"/a?q=2"),
        (DropQuery("p"), b"/a?p=1", b"/a"),
        (SetQuery("limit", "a b&c"), b"/a", b"/a?limit=a%20b%26c"),
        (SetQuery("limit", "2"), b"/a?limit=1&q=3&limit=4", b"/a?q=3&limit=2"),
        (SetQuery("limit", "2"), b"/a?", b"/a?limit=2"),
    ],
)
def test_parameters_are_known_by_their_decoded_names(step: QueryStep, target: bytes, after: bytes) -> None:
    """What no step names stays as it was encoded."""
    assert change_target(target, step) == after


@pytest.mark.parametrize("target", [b"/a?p=1&page=2&%70=3", b"/a?%70ag%65&p"])
def test_a_name_that_another_parameter_has_is_not_given(target: bytes) -> None:
    """However it is encoded; one that is not there is not renamed."""
    with pytest.raises(Untranslatable) as error:
        change_target(target, RenameQuery("p", "page"))

    assert error.value.sentence == "query:page: it is there already (query: p, to: page)"
    assert change_target(target, RenameQuery("q", "page")) == target
    assert change_target(b"/a?%70=1", RenameQuery("p", "p")) == b"/a?p=1"


def test_a_step_says_what_it_does_without_its_value() -> None:
    """As routes.yaml has it."""
    steps = (RenameQuery("p", "page"), DropQuery("p"), SetQuery("p", "1"))

    assert [step.text for step in steps] == ["query: p, to: page", "drop_query: p", "set_query: p"]
