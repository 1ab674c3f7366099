from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.formats.jsontext import Repeated, canonical, canonical_each, read_json

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(TREES)
def test_what_is_written_is_read(tree: object) -> None:
    """Every document of texts and whole numbers is read as what it says, on the fast path and on the slow one."""
    for text in (
        json.dumps(tree).encode(),
        json.dumps(tree, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass"),
    ):
        found = read_json(text)

        assert found is not None
        assert found.tree == tree
        assert canonical(found.tree) == (found.canonical or canonical(tree))


def test_other_numbers_keep_their_digits() -> None:
    """Fractions and exponents stay as they were written; whole numbers are of any size."""
    found = read_json(b"[1.10, 1e400, 18446744073709551617, NaN, " + b"1" * 5000 + b"]")

    assert found is not None
    assert isinstance(found.tree, list)
    texts = [bytes(each).decode() if isinstance(each, msgspec.Raw) else each for each in found.tree]
    assert texts == ["1.10", "1e400", 18446744073709551617, "NaN", "1" * 5000]


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 2}',
        b'{"a":1,"a":2}',
        rb'{"\u0022": 1, "\u0022": 2}',
        rb'{"\u0061": 1, "a": 2}',
        b'{"": {}, "": {}}',
    ],
)
def test_repeated_keys_are_seen(text: bytes) -> None:
    """However a key is written, a second one is noticed, and all its values are kept."""
    found = read_json(text)

    assert found is not None
    assert isinstance(found.tree, Repeated)
    assert [len(values) for values in found.tree.doubles.values()] == [2]


@pytest.mark.parametrize("text", [rb'{"a": "say \"hi\""}', rb'{"a": "\u0022"}', b'{ "a" : "b" }', rb'["\/\u00e9"]'])
def test_what_only_looks_so_is_not_taken_for_repeated(text: bytes) -> None:
    """Quotation marks within texts, escapes and white space change nothing."""
    found = read_json(text)

    assert found is not None
    assert found.tree == json.loads(text)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[1,]", b"[" * 100_000, b'{"a" 1}'])
def test_what_is_no_json_is_none(text: bytes) -> None:
    """Cut, misspelt or bottomless texts are told apart from documents."""
    assert read_json(text) is None


def test_other_encodings_are_read_and_marks_are_told() -> None:
    """UTF-16 as some servers send it; a byte order mark is no part of the document."""
    for text in (b"\xef\xbb\xbf[1]", "[1]".encode("utf-16")):
        found = read_json(text)

        assert found is not None
        assert found.tree == [1]
        assert found.marked


def test_what_is_no_unicode_is_read_in_its_declared_charset() -> None:
    """ISO-8859-1 and its like, numbers and repeated keys as ever; UTF-8 is UTF-8 whatever was declared (RFC 8259)."""
    for charset, text in (("iso-8859-1", "é"), ("windows-1252", "€"), ("shift_jis", "日本"), ("iso-8859-15", "œ")):
        document = f'{{"{text}": [1.10, "{text}"], "a": 1}}'
        found, plain = read_json(document.encode(charset), charset), read_json(document.encode())

        assert found is not None
        assert plain is not None
        assert canonical(found.tree) == canonical(plain.tree)
        assert read_json(document.encode(), charset) == plain
    repeated = read_json('{"é":1,"é":2}'.encode("latin-1"), "latin-1")
    assert repeated is not None
    assert isinstance(repeated.tree, Repeated)
    assert read_json('"é"'.encode("latin-1")) is None
    assert read_json(b'"\x81\xff"', "shift_jis") is None


def test_a_canonical_text_tells_all_values_apart() -> None:
    """True from 1, 1 from 1.0, NaN from its name, half surrogates, repeated keys from single ones."""
    texts = [b"true", b"1", b"1.0", b'"1"', b"NaN", b'"NaN"', rb'"\ud800"', rb'"\ud801"', b'{"a":1}', b'{"a":0,"a":1}']
    texts += [
        rb'["\ud800",1.0]',
        rb'["\ud800",1]',
        rb'["\ud800",{"a":0,"a":1}]',
        rb'["\ud800",{"a":1}]',
        rb'["\ud800",true]',
    ]
    trees = [found.tree for text in texts if (found := read_json(text))]

    assert len({canonical(tree) for tree in trees}) == len(set(canonical_each(trees))) == len(texts)


def test_canonical_texts_come_in_the_order_of_the_values() -> None:
    """One by one or all at once, in whatever order keys stand."""
    values: list[object] = [{"b": 1, "a": "\n"}, [], "x"]

    assert canonical_each(values) == [canonical(value) for value in values] == [rb'{"a":"\n","b":1}', b"[]", b'"x"']
    assert canonical_each([]) == []
