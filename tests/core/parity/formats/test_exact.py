from __future__ import annotations

import json

import pytest

from proxy.core.parity.formats.exact import are_exact
from proxy.core.parity.formats.jsontext import canonical, read_json

TEXTS = (
    "1", "true", "1.0", "1e0", '"1"', "null", "0", "false", "[]", "{}", "[1]", "[true]", "[1, 2]", '{"a": 1}',
    '{"a": true}', '{"a": {"b": [1, {"c": 0}]}}', '{"a": {"b": [1, {"c": false}]}}', '{"a": 1, "a": 1}',
    '{"a": 1, "a": true}',
)  # fmt: skip


@pytest.mark.parametrize("left", TEXTS)
def test_trees_are_the_same_when_their_texts_are(left: str) -> None:
    """Exactly those are the same whose canonical texts are: what Python takes for equal, types and digits included."""
    one = read_json(left.encode())
    assert one is not None
    for right in TEXTS:
        other = read_json(right.encode())
        assert other is not None

        assert are_exact(one.tree, other.tree) is (canonical(one.tree) == canonical(other.tree)), right


def test_the_order_of_keys_says_nothing() -> None:
    """As in JSON."""
    keys = {f"k{number}": [number, {"x": None}] for number in range(60)}

    assert are_exact(keys, dict(reversed(keys.items())))
    assert not are_exact(keys, json.loads(json.dumps(keys).replace("[0,", "[false,")))


def test_sameness_of_lists_is_exact() -> None:
    """True is not 1."""
    assert are_exact([1, "a"], [1, "a"])
    assert not are_exact([1], [True])
