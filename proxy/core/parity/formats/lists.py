"""How the elements of two lists are paired.

Rule 1: by position, unless a rule for the list's path says otherwise.
Rule 2: the same elements in another order are one difference (`order`), not one per element. So are objects of
        which every member that names them changed places: they are paired by it. So are elements that can be told
        apart of which half or more changed places: what has no equal anywhere is compared then, and no more.
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


def unlike(one: Tree, other: Tree) -> list[int]:
    """The positions at which they differ, as far as the shorter one goes."""
    return [at for at, (left, right) in enumerate(zip(one, other, strict=False)) if not are_exact(left, right)]


def moved(one: Tree, other: Tree) -> tuple[list[object], list[object]] | None:
    """Where two lists hold the same reordered, what is to be compared all the same, by pairs; None: they do not.

    Nothing in them stands at its place.
    """
    first, second = canonical_each(one), canonical_each(other)
    if first[0] in second and sorted(first) == sorted(second):
        return [], []
    named = _by_identity(one, other)
    if named is not None:
        return named
    known = set(first) & set(second)
    is_told_apart = len(set(first)) == len(first) and len(set(second)) == len(second)
    if not is_told_apart or 2 * len(known) < len(first):
        return None
    if [key for key in first if key in known] == [key for key in second if key in known]:
        return None
    return list(_without(one, first, Counter(second))), list(_without(other, second, Counter(first)))


def _by_identity(one: Tree, other: Tree) -> tuple[list[object], list[object]] | None:
    """Objects by the first member that names each of them on both sides, if every such member changed places."""
    found: list[object] | None = None
    for name in one[0] if isinstance(one[0], dict) else ():
        names, others = _names(one, name), _names(other, name)
        if names and others and set(names) == set(others):
            if names == others:
                return None
            at = dict(zip(others, other, strict=True))
            found = found or [at[each] for each in names]
    return None if found is None else (list(one), found)


def _names(values: Tree, member: str) -> list[object]:
    """The texts or whole numbers of a member, if each element has one of its own; else nothing."""
    found = [value.get(member) if isinstance(value, dict) else None for value in values]
    return found if all(type(each) in {str, int} for each in found) and len(set(found)) == len(found) else []


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
