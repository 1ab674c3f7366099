"""Two trees side by side: every place where they differ, found in one pass.

Rule 1: `true`, `1`, `1.0` and `"1"` are four values. Python's `==` is asked first all the same, since it is quick to
        say no; what it takes for equal is looked at exactly.
Rule 2: lists are compared by position, unless a rule for their path says otherwise (`proxy.core.parity.formats.lists`).
Rule 3: every find is kept, also those with one path: a rule may excuse one of them and not the next.
"""

from __future__ import annotations

import msgspec

from proxy.core.parity.finds import ABSENT, Find
from proxy.core.parity.formats import lists
from proxy.core.parity.formats.exact import are_exact
from proxy.core.parity.formats.jsontext import Repeated
from proxy.core.parity.numerals import is_number, number_kind
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.parity.rules.paths import PathRules, keys_are_data
from proxy.core.parity.rules.rules import Treatment
from proxy.core.parity.texts import text_kind

_SCALARS = frozenset({str, int, bool, type(None), msgspec.Raw})
Object = dict[str, object]
Array = list[object]


class Walk:
    """One comparison; what it notes gathers in `finds`."""

    __slots__ = ("_names", "finds")

    def __init__(self) -> None:
        self.finds: list[Find] = []
        self._names: set[str] = set()

    def note(
        self, place: PathRules, kind: DifferenceKind, legacy: object, new: object, severity: Severity | None = None
    ) -> None:
        """Notes one difference."""
        self.finds.append(Find(place, kind, legacy, new, severity))

    def values(self, legacy: object, new: object, place: PathRules) -> None:
        """Compares two values of any type."""
        kind = type(legacy)
        if kind is type(new) and kind in _SCALARS:
            if legacy != new:
                self.note(place, _kind(legacy, new), legacy, new)
        elif isinstance(legacy, dict) and isinstance(new, dict):
            self._objects(legacy, new, place)
        elif isinstance(legacy, list) and isinstance(new, list):
            self._arrays(legacy, new, place)
        elif isinstance(legacy, Repeated | dict) and isinstance(new, Repeated | dict):
            self._doubles(legacy, new, place)
        else:
            self.note(place, _kind(legacy, new), legacy, new)

    def _objects(self, legacy: Object, new: Object, place: PathRules) -> None:
        data: bool | None = None
        shared = 0
        for key, one in legacy.items():
            other = new.get(key, ABSENT)
            if other is not ABSENT:
                shared += 1
                kind = type(one)
                if one is other or (
                    kind is type(other) and (one == other if kind in _SCALARS else are_exact(one, other))
                ):
                    continue
            if data is None:
                data = self._is_map(legacy, new)
            inner = place.entry() if data else place.member(key)
            if other is ABSENT:
                self.note(inner, DifferenceKind.NULL_ABSENT if one is None else DifferenceKind.MISSING, one, ABSENT)
            else:
                self.values(one, other, inner)
        if shared < len(new):
            self._extras(legacy, new, place)

    def _extras(self, legacy: Object, new: Object, place: PathRules) -> None:
        data = self._is_map(legacy, new)
        for key, other in new.items():
            if key not in legacy:
                inner = place.entry() if data else place.member(key)
                self.note(inner, DifferenceKind.NULL_ABSENT if other is None else DifferenceKind.EXTRA, ABSENT, other)

    def _is_map(self, legacy: Object, new: Object) -> bool:
        if keys_are_data(legacy, self._names):
            return True
        return legacy.keys() != new.keys() and keys_are_data(new, self._names)

    def _doubles(self, legacy: Object | Repeated, new: Object | Repeated, place: PathRules) -> None:
        first, second = _repeats(legacy), _repeats(new)
        self._objects(first.last, second.last, place)
        for key in sorted(first.doubles.keys() | second.doubles.keys()):
            one, other = first.doubles.get(key, ABSENT), second.doubles.get(key, ABSENT)
            if ABSENT in (one, other) or not are_exact(one, other):
                inner = place.entry() if self._is_map(first.last, second.last) else place.member(key)
                self.note(inner, DifferenceKind.DUP_KEY, one, other)

    def _arrays(self, legacy: Array, new: Array, place: PathRules) -> None:
        rule = place.list_rule
        if rule is not None and self._paired(legacy, new, place, rule.key if rule.treatment is Treatment.KEYED else ""):
            return
        one, other = legacy, new
        if len(legacy) != len(new):
            severity = Severity.HIGH if len(new) < len(legacy) else Severity.MEDIUM
            self.note(place, DifferenceKind.LENGTH, len(legacy), len(new), severity)
            one, other = lists.middles(legacy, new)
        changed = lists.unlike(one, other)
        first, second = [one[at] for at in changed], [other[at] for at in changed]
        moved = lists.moved(first, second) if len(changed) > 1 else None
        if moved is not None:
            self.note(place, DifferenceKind.ORDER, legacy, new)
            first, second = moved
        for left, right in zip(first, second, strict=True):
            self.values(left, right, place.element())

    def _paired(self, legacy: Array, new: Array, place: PathRules, key: str) -> bool:
        """Compares in any order: by the member `key`, or as a multiset without one. False: it has no such keys."""
        if not key:
            self._multiset(legacy, new, place)
            return True
        first, second = lists.by_key(legacy, key), lists.by_key(new, key)
        if first is None or second is None:
            return False
        for name, one in first.items():
            self._counterpart(one, second.get(name, ABSENT), place.element())
        for name, other in second.items():
            if name not in first:
                self._counterpart(ABSENT, other, place.element())
        if lists.is_reordered(first, second):  # beside other differences too: the rule that excuses it is in use
            self.note(place, DifferenceKind.ORDER, legacy, new)
        return True

    def _multiset(self, legacy: Array, new: Array, place: PathRules) -> None:
        first, second = lists.left_over(legacy, new)
        shared = min(len(first), len(second))
        for one, other in zip(first, second, strict=False):
            self.values(one, other, place.element())
        for one in first[shared:]:
            self._counterpart(one, ABSENT, place.element())
        for other in second[shared:]:
            self._counterpart(ABSENT, other, place.element())
        if not first and not second and not are_exact(legacy, new):
            self.note(place, DifferenceKind.ORDER, legacy, new)

    def _counterpart(self, one: object, other: object, inner: PathRules) -> None:
        if other is ABSENT:
            self.note(inner, DifferenceKind.ELEMENT, one, ABSENT, Severity.HIGH)
        elif one is ABSENT:
            self.note(inner, DifferenceKind.ELEMENT, ABSENT, other)
        else:
            self.values(one, other, inner)


def _repeats(value: Object | Repeated) -> Repeated:
    return value if isinstance(value, Repeated) else Repeated(value, {})


def _kind(legacy: object, new: object) -> DifferenceKind:
    """How two values differ that are not both objects or both lists."""
    if isinstance(legacy, str) and isinstance(new, str):
        return text_kind(legacy, new)
    if is_number(legacy) and is_number(new):
        return number_kind(legacy, new)
    return DifferenceKind.STRING if isinstance(legacy, bool) and isinstance(new, bool) else DifferenceKind.TYPE
