"""How the elements of two lists are paired.

Rule 1: by position, unless a rule for the list's path says otherwise.
Rule 2: the same elements in another order are one difference (`order`), not one per element.
Rule 3: lists of different length differ in `length`; what they have in common at both ends is left out, so that one
        element more at the front does not make every element differ.
Rule 4: never every element with every other: pairing takes time in proportion to the elements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from proxy.core.parity.formats.exact import are_exact
from proxy.core.parity.formats.jsontext import canonical, canonical_each

Tree = Sequence[object]


def unlike(one: Tree, other: Tree) -> tuple[list[int], bool]:
    """The positions at which they differ, as far as the shorter one goes, and whether these hold the same reordered."""
    places = [at for at, (left, right) in enumerate(zip(one, other, strict=False)) if not are_exact(left, right)]
    return places, len(places) > 1 and _reordered([one[at] for at in places], [other[at] for at in places])


def _reordered(one: Tree, other: Tree) -> bool:
    first, second = canonical_each(one), canonical_each(other)
    return first[0] in second and sorted(first) == sorted(second)


def middles(one: list[object], other: list[object]) -> tuple[list[object], list[object]]:
    """Both without what they begin and end with in common."""
    first, second = canonical_each(one), canonical_each(other)
    shorter = min(len(first), len(second))
    begin = 0
    while begin < shorter and first[begin] == second[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and first[-1 - end] == second[-1 - end]:
        end += 1
    return one[begin : len(one) - end], other[begin : len(other) - end]


def left_over(one: Tree, other: Tree) -> tuple[list[object], list[object]]:
    """What of each has no equal in the other, each sorted by what it holds."""
    first, second = canonical_each(one), canonical_each(other)
    return list(_without(one, first, Counter(second))), list(_without(other, second, Counter(first)))


def _without(values: Tree, keys: list[bytes], taken: Counter[bytes]) -> Iterator[object]:
    rest = []
    for value, key in zip(values, keys, strict=True):
        if taken[key]:
            taken[key] -= 1
        else:
            rest.append((key, value))
    rest.sort(key=lambda each: each[0])
    return (value for _, value in rest)


def by_key(values: Tree, key: str) -> dict[bytes, object] | None:
    """The elements by the value of their member `key`; None unless each has one of its own."""
    found: dict[bytes, object] = {}
    for value in values:
        if not isinstance(value, dict) or key not in value:
            return None
        found[canonical(value[key])] = value
    return found if len(found) == len(values) else None


def is_reordered(one: dict[bytes, object], other: dict[bytes, object]) -> bool:
    """Whether what both have stands in another order."""
    return [key for key in one if key in other] != [key for key in other if key in one]
