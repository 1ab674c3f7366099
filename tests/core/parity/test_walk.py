from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.paths import PathRules
from proxy.core.parity.rules.rules import Rules, Treatment
from proxy.core.parity.walk import Walk
from tests.core.parity.pairs import compared, differences, excused, rule

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


@given(TREES)
def test_a_tree_is_the_same_as_itself(tree: object) -> None:
    """Nothing is found between two copies, in any order of keys."""
    walk = Walk()
    walk.values(tree, json.loads(json.dumps(tree, sort_keys=True)), PathRules("$", Rules()))

    assert walk.finds == []


ROUTES = {
    "$.orders[*].lines[*].price": ("orders", 1, "lines", 0, "price"),
    "$.orders[*].note": ("orders", 0, "note"),
    "$.total": ("total",),
    "$.customer.address.city": ("customer", "address", "city"),
}


def document() -> dict[str, object]:
    lines = [{"sku": "a1", "price": 5}, {"sku": "b2", "price": 6}]
    return {
        "orders": [{"id": 1, "note": "x", "lines": lines}, {"id": 2, "note": "y", "lines": lines[:1]}],
        "total": 11,
        "customer": {"address": {"city": "Bern", "zip": "3000"}},
    }


@given(st.sampled_from(sorted(ROUTES)), st.sampled_from(["num", "type", "missing"]))
def test_a_planted_difference_is_found_at_its_path_and_only_there(path: str, planted: str) -> None:
    """One value changed, of another type, or gone: one difference, with that path."""
    new: object = json.loads(json.dumps(document()))
    *way, last = ROUTES[path]
    place = new
    for step in way:
        place = place[step]  # type: ignore[index]
    assert isinstance(place, dict)
    match planted:
        case "missing":
            del place[last]
            expected = "missing high"
        case "type":
            place[last] = [place[last]]
            expected = "type high"
        case _:
            was_number = isinstance(place[last], int)
            place[last] = 99 if was_number else "changed"
            expected = "num medium" if was_number else "string medium"

    assert differences(document(), new) == [f"{path} {expected}"]


@pytest.mark.parametrize(
    ("legacy", "new", "found"),
    [
        ([1, 2, 3], [1, 2], ["$ length high"]),
        ([1, 2], [0, 1, 2], ["$ length medium"]),
        (
            [{"a": 1}, {"a": 2}, {"a": 3}],
            [{"a": 1}, {"a": 9}, {"a": 8}, {"a": 3}],
            ["$ length medium", "$[*].a num medium"],
        ),
        ([1, [2, 3]], [1, [3, 2]], ["$[*] order medium"]),
        (
            [{"id": 1, "a": 1}, {"id": 2, "a": 2}, {"id": 3, "a": 3}, {"id": 4, "a": 4}],
            [{"id": 4, "a": 4}, {"id": 3, "a": 3}, {"id": 2, "a": 9}, {"id": 1, "a": 1}],
            ["$ order medium", "$[*].a num medium"],
        ),
        (
            [{"id": 1, "n": "x", "a": 1.5}, {"id": 2, "n": "y", "a": 2.5}, {"id": 3, "n": "z", "a": 2.5}],
            [{"id": 3, "n": "z", "a": 9.5}, {"id": 1, "n": "x", "a": 8.5}, {"id": 2, "n": "y", "a": 7.5}],
            ["$ order medium", "$[*].a num medium"],
        ),
        ({"a": []}, {"a": {}}, ["$.a type high"]),
        ([None], [0], ["$[*] type high"]),
        ({}, {"a": 1}, ["$.a extra low"]),
    ],
)
def test_lists_and_objects(legacy: object, new: object, found: list[str]) -> None:
    """Lengths, orders, presences and types, each told once."""
    assert differences(legacy, new) == found


def test_keyed_lists() -> None:
    """Elements are paired by their key: changed, missing, more, in another order."""
    keyed = rule(Treatment.KEYED, "$", key="id")
    one = [{"id": 1, "n": 1}, {"id": 2, "n": 2}]

    assert differences(one, one[::-1], keyed) == []
    assert differences(one, [{"id": 2, "n": 2}, {"id": 1, "n": 9}], keyed) == ["$[*].n num medium"]
    assert differences(one, one[:1], keyed) == ["$[*] element high"]
    assert differences(one[:1], one, keyed) == ["$[*] element medium"]
    assert differences(one, [{"id": 1, "n": 1}, {"n": 2}], keyed) == ["$[*].id missing high"]


def test_a_keyed_rule_is_in_use_where_elements_differ_as_well() -> None:
    """It excuses the order of what both sides have, also beside other differences; what is only more is in no order."""
    keyed = rule(Treatment.KEYED, "$", key="id")
    one = [{"id": 1, "n": 1}, {"id": 2, "n": 2}]

    assert excused(compared(one, [{"id": 2, "n": 2}, {"id": 1, "n": 9}], keyed)) == ["keyed $ order"]
    assert excused(compared(one, [{"id": 3}, *one], keyed)) == []


def test_multisets() -> None:
    """Elements of a multiset have counterparts wherever they stand; what has none is told."""
    unordered = rule(Treatment.UNORDERED, "$")

    assert differences([3, 1, 2], [1, 2, 3], unordered) == []
    assert differences([1, 2, 2], [2, 1], unordered) == ["$[*] element high"]
    assert differences([1, 2], [2, 1, 7], unordered) == ["$[*] element medium"]
    assert differences([1, {"a": 1}], [{"a": 2}, 1], unordered) == ["$[*].a num medium"]
    assert differences({"a": 1, "b": [1, 2]}, {"a": 2, "b": [1, 2]}, rule(Treatment.UNORDERED, "$.b")) == [
        "$.a num medium"
    ]


def test_repeated_keys_on_both_sides() -> None:
    """The same repetition is no difference; another one is, beside what the last values say."""
    assert differences('{"a": 1, "a": 2}', '{ "a": 1, "a": 2}') == []
    assert differences('{"a": 1, "a": 2}', '{"a": 3, "a": 2}') == ["$.a dup_key medium"]
    assert differences('{"a": 1, "a": 2, "b": {}}', '{"a": 1, "a": 3, "b": 1}') == [
        "$.a num medium",
        "$.b type high",
        "$.a dup_key medium",
    ]
    assert differences('{"1": 1, "1": 2}', '{"1": 2}') == ["${*} dup_key medium"]


def test_every_find_is_kept() -> None:
    """Two elements that differ make two finds with one path, so that a rule can excuse one of them."""
    walk = Walk()
    walk.values([{"n": 1}, {"n": 2}], [{"n": 3}, {"n": 4}], PathRules("$", Rules()))

    assert [(find.place.text, find.kind, find.new) for find in walk.finds] == [
        ("$[*].n", DifferenceKind.NUM, 3),
        ("$[*].n", DifferenceKind.NUM, 4),
    ]
