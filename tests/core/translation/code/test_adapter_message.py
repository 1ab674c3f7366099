"""What the code of an adapter is given, and what may be made of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from time import thread_time
from typing import Any

import pytest

from proxy.core.translation.code.adapter_message import AdapterFields, RepeatedKeys, read_body, write_body
from proxy.core.translation.json_document import MAX_DEPTH, NotJson
from proxy.core.translation.untranslatable import Untranslatable


@pytest.mark.parametrize(
    "body",
    [
        '{"a":1.10,"b":1E5,"c":-0,"d":1e400,"e":0.0000001}',
        f"[{'9' * 5000},18446744073709551616,-7]",
        '{"a":1,"b":[{"a":1,"a":2}],"a":null}',
        '[null,true,false,"é\\ud800"]',
        '{"a":{},"b":[],"":""}',
    ],
)
def test_what_code_leaves_alone_goes_on_as_it_came(body: str) -> None:
    """Digits, order, keys that stand twice; also of a copy of a number."""
    value = read_body(body.encode("utf-8"))

    assert write_body(value) == write_body(read_body(write_body(value)))
    assert write_body(value).decode() == body.replace("é", "\\u00e9" if "ud800" in body else "é")
    if isinstance(value, dict) and isinstance(value.get("b"), Decimal):
        assert write_body(copy.deepcopy(dict(value))).decode() == body
        assert copy.copy(value["a"]) is value["a"]


def test_a_byte_order_mark_is_ignored() -> None:
    """As RFC 8259 lets readers do."""
    assert read_body(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize("body", [b"", b"{", b"NaN", b"\xff", b"[1,]", b"1e99999999999999999999"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Numbers that nobody can hold are, too."""
    with pytest.raises(NotJson):
        read_body(body)


def test_numbers_are_numbers() -> None:
    """Whole ones are int, all others Decimal, so that nothing is rounded."""
    value = read_body(b"[1, 1.10, 2]")
    assert [type(each) for each in (value[0], value[2])] == [int, int]
    assert value[1] + 1 == Decimal("2.10")
    assert write_body([value[1] + 1, value[0] + value[2]]) == b"[2.10,3]"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"a": [1, 1.5]}, "$.a[1]: a float is not exact; make it a Decimal or an int"),
        ({"a b": {1}}, "$['a b']: a set is no value of JSON"),
        ([{1: 2}], "$[0]: a key is a int, and no text"),
        ([Decimal("NaN")], "$[0]: it is no number of JSON"),
        (b"x", "$: a bytes is no value of JSON"),
    ],
)
def test_what_is_no_value_of_json_is_told_by_its_path(value: object, sentence: str) -> None:
    """And its kind, never by itself."""
    with pytest.raises(Untranslatable) as found:
        write_body(value)
    assert found.value.sentence == sentence


def test_depth_is_bounded_both_ways() -> None:
    """What refers to itself is too deep."""
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(Untranslatable, match="nests deeper"):
        write_body(circle)
    with pytest.raises(Untranslatable, match="nests deeper"):
        read_body(b"[" * 100_000 + b"]" * 100_000)
    nested = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert write_body(read_body(nested)) == nested
    assert write_body(({"a": (1,)},)) == b'[{"a":[1]}]'


def doubled() -> RepeatedKeys:
    found = read_body(b'{"a":1,"b":2,"a":3}')
    assert isinstance(found, RepeatedKeys)
    return found


@pytest.mark.parametrize(
    "use",
    [
        lambda it: it["a"],
        lambda it: it.get("a"),
        lambda it: it.pop("a"),
        lambda it: it.setdefault("a", 1),
        lambda it: it.__setitem__("a", 1),
        lambda it: it.__delitem__("a"),
        dict,
        list,
        lambda it: {**it},
        lambda it: it.items(),
        lambda it: it.update(c=1),
        lambda it: it | {"c": 1},
        lambda it: it.copy(),
    ],
)
def test_of_a_key_that_stands_twice_nobody_takes_one(use: Callable[[RepeatedKeys], object]) -> None:
    """Nor does anybody take all members of its object, since some would be lost."""
    with pytest.raises(Untranslatable, match="it stands twice in its object"):
        use(doubled())


def test_keys_that_stand_twice_are_found_at_once() -> None:
    """However many there are: whoever sends them keeps nobody else waiting."""
    body = b"{" + b",".join(b'"%d":0' % (number // 2) for number in range(100_000)) + b"}"
    began = thread_time()

    assert write_body(read_body(body)) == body
    assert thread_time() - began < 10.0


def test_members_beside_it_can_be_used() -> None:
    """Each as in any object; those that stand twice stay where they are."""
    value = doubled()
    value["c"] = value.pop("b")
    value["c"] += 1
    value.setdefault("d", 5)
    assert (value.get("x"), value.pop("x", 7), value.setdefault("c"), "a" in value) == (None, 7, 3, True)
    with pytest.raises(KeyError):
        value.pop("x")

    assert write_body(value) == b'{"a":1,"a":3,"c":3,"d":5}'


def test_header_fields_are_known_without_case() -> None:
    """In their order; one that is set stands behind the others."""
    fields = AdapterFields([("X-A", "1"), ("X-B", "2"), ("x-a", "3")])
    assert (fields.get("x-A"), fields.all("x-a"), fields.get("X-C", "-"), "x-b" in fields) == (
        "1",
        ["1", "3"],
        "-",
        True,
    )
    fields.set("X-a", "4")
    fields.add("X-B", "5")
    fields.drop("x-c")

    assert list(fields) == [("X-B", "2"), ("X-a", "4"), ("X-B", "5")]
