"""Bodies in an envelope."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_json_document import DOCUMENTS


@given(DOCUMENTS)
def test_wrap_and_unwrap_are_each_others_inverse(document: object) -> None:
    """For any body, null among them."""
    body = json.dumps(document).encode()

    assert translate_body(translate_body(body, (Wrap("data"),)), (Unwrap("data"),)) == translate_body(body, ())


def test_what_stands_beside_is_left_out_only_where_that_is_said() -> None:
    """Nothing is lost by omission."""
    body = b'{"data":[1],"meta":{}}'

    assert translate_body(body, (Unwrap("data", drops_others=True),)) == b"[1]"
    with pytest.raises(Untranslatable, match="something stands beside it"):
        translate_body(body, (Unwrap("data"),))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "$: it is no object with a member data (unwrap: data)"),
        (b"[]", "$: it is no object with a member data (unwrap: data)"),
        (b'{"data":1,"data":2}', "$.data: it stands twice (unwrap: data)"),
    ],
)
def test_what_is_no_envelope_cannot_be_unwrapped(body: bytes, why: str) -> None:
    """It needs the member, once."""
    with pytest.raises(Untranslatable) as error:
        translate_body(body, (Unwrap("data"),))

    assert error.value.sentence == why
    assert Wrap("data").text == "wrap: data"
