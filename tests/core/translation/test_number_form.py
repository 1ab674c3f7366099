"""Numbers as text, and texts as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.number_form import NumberForm, WriteNumber
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_body_path import path

TEXT, NUMBER = WriteNumber(path("$.a"), NumberForm.TEXT), WriteNumber(path("$.a"), NumberForm.NUMBER)
NUMERALS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)


@given(NUMERALS)
def test_a_number_and_its_text_are_each_others_inverse(numeral: str) -> None:
    """No digit changes either way."""
    number, text = f'{{"a":{numeral}}}'.encode(), f'{{"a":"{numeral}"}}'.encode()

    assert translate_body(number, (TEXT,)) == text
    assert translate_body(text, (NUMBER,)) == number


@pytest.mark.parametrize("body", [b'{"a":null}', b"{}", b'{"a":null,"a":null}'])
def test_null_and_absent_stay(body: bytes) -> None:
    """They are no numbers, and nobody says they were."""
    assert translate_body(body, (TEXT,)) == translate_body(body, (NUMBER,)) == body


def test_what_is_in_that_form_already_stays() -> None:
    """A side that has learnt the other's form meanwhile breaks nothing."""
    assert translate_body(b'{"a":"1.0"}', (TEXT,)) == b'{"a":"1.0"}'
    assert translate_body(b'{"a":1.0}', (NUMBER,)) == b'{"a":1.0}'


@pytest.mark.parametrize("value", [b'"x"', b'""', b'"1,5"', b'" 1"', b'"01"', b'"NaN"', b"true", b"[]", b"{}"])
def test_what_is_no_number_cannot_be_translated(value: bytes) -> None:
    """Said without the value."""
    for step in (TEXT, NUMBER):
        with pytest.raises(Untranslatable) as error:
            translate_body(b'{"a":' + value + b"}", (step,))
        assert error.value.sentence == f"$.a: it is no number (number: $.a, to: {step.to.value})"
