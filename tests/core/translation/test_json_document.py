"""JSON that loses nothing on the way in and out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.json_document import MAX_DEPTH, Json, JsonMember, JsonObject, Number, read_json, write_json
from proxy.core.translation.untranslatable import Untranslatable

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_what_is_read_and_written_says_the_same(document: object) -> None:
    """Any document that Python's own writer makes, half surrogates among it, comes out as it went in."""
    text = json.dumps(document)

    assert json.loads(write_json(read_json(text.encode()))) == json.loads(text)


@pytest.mark.parametrize(
    "number",
    ["1.10", "-0", "-0.0", "1E400", "1e-9", "100000000000000000001", "0.30000000000000004", "9" * 5000],
)
def test_a_number_keeps_its_digits(number: str) -> None:
    """No float is made of it, and no bound of Python's integers is met."""
    assert write_json(read_json(number.encode())) == number.encode()


def test_repeated_keys_stay_in_their_order() -> None:
    """Both are there afterwards, whatever stood between them."""
    body = b'{"b":1,"a":2,"b":[{"a":null,"a":true}]}'

    assert write_json(read_json(body)) == body


def test_blanks_and_a_byte_order_mark_are_not_written_again() -> None:
    """They mean nothing; escapes become what they stand for."""
    assert write_json(read_json(b'\xef\xbb\xbf{ "caf\\u00e9" : [ 1 , "\\/" ] }')) == '{"café":[1,"/"]}'.encode()


def test_half_a_surrogate_pair_stays_escaped() -> None:
    """It has no UTF-8, in a key or in a value."""
    body = '{"\\ud800":"\\udc00x","é":"ü"}'.encode()

    assert write_json(read_json(body)) == body


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"[Infinity]", b"{'a':1}", b'{"a":1}x', b'"\x01"', b"01"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """By RFC 8259, whatever lenient readers take."""
    with pytest.raises(Untranslatable) as error:
        read_json(body)

    assert error.value.sentence == "$: the body is not JSON"


def test_what_is_not_utf_8_is_refused() -> None:
    """JSON between systems is UTF-8."""
    with pytest.raises(Untranslatable, match="not UTF-8"):
        read_json('{"a":"é"}'.encode("latin-1"))


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_bounded(opens: str, closes: str) -> None:
    """At the bound it passes, beyond it is refused, and far beyond as well."""
    at = (opens * MAX_DEPTH + "1" + closes * MAX_DEPTH).encode()
    assert write_json(read_json(at)) == at

    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(Untranslatable, match=f"deeper than {MAX_DEPTH} levels"):
            read_json((opens * depth + "1" + closes * depth).encode())


def test_members_are_found_put_and_dropped_by_name() -> None:
    """All of one name, in their order."""
    members = JsonObject([JsonMember("a", None), JsonMember("b", Number("1")), JsonMember("a", "x")])

    assert [each.value for each in members.named("a")] == [None, "x"]
    members.drop("a")
    members.put("c", "x")
    whole: Json = members
    assert write_json(whole) == b'{"b":1,"c":"x"}'
