"""Keys in another case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.key_case import ChangeCase, KeyCase, written_in
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_body_path import path

SNAKE = st.from_regex(r"[a-z][a-z0-9]{0,4}(_[a-z][a-z0-9]{0,4}){0,3}", fullmatch=True)


@given(SNAKE)
def test_the_way_to_camel_and_back_leaves_a_name_as_it_was(name: str) -> None:
    """For names in one case throughout."""
    camel = written_in(name, KeyCase.CAMEL)

    assert "_" not in camel
    assert written_in(camel, KeyCase.SNAKE) == name


@pytest.mark.parametrize(
    ("camel", "snake"),
    [("firstName", "first_name"), ("a", "a"), ("address2", "address2"), ("ip4Address", "ip4_address"), ("été", "été")],
)
def test_both_ways(camel: str, snake: str) -> None:
    """A capital is an underscore and its small letter."""
    assert (written_in(camel, KeyCase.SNAKE), written_in(snake, KeyCase.CAMEL)) == (snake, camel)


@pytest.mark.parametrize("key", ["address_2", "_id", "$ref", "a_", "a-b"])
def test_what_has_no_other_case_stays(key: str) -> None:
    """An underscore before no small letter, or at the beginning, is part of the name."""
    assert written_in(key, KeyCase.CAMEL) == written_in(key, KeyCase.SNAKE) == key


def test_every_key_at_and_below_the_path_is_changed_and_no_value() -> None:
    """In lists and objects; beside the path nothing changes."""
    step = ChangeCase(path("$.data"), KeyCase.SNAKE)

    assert step.text == "case: $.data, to: snake"
    assert translate_body(b'{"dataSet":1,"data":{"aB":["cD",{"eF":null}]}}', (step,)) == (
        b'{"dataSet":1,"data":{"a_b":["cD",{"e_f":null}]}}'
    )


def test_two_keys_that_would_become_one_cannot_be_translated() -> None:
    """A key that stands twice already stays twice."""
    step = ChangeCase(path("$"), KeyCase.SNAKE)

    assert translate_body(b'{"aB":1,"aB":2}', (step,)) == b'{"a_b":1,"a_b":2}'
    with pytest.raises(Untranslatable, match="two keys of one object would become one"):
        translate_body(b'{"aB":1,"a_b":2}', (step,))
