"""Whether two trees that Python takes for equal are the same: `1` and `true` are not.

Numbers with a fraction or an exponent are texts here (`jsontext`), so that only the types are left to be looked at.
"""

from __future__ import annotations

from proxy.core.parity.formats.jsontext import Repeated


def are_exact(one: object, other: object) -> bool:
    """Whether two trees hold the same, types and digits included."""
    return one == other and _are_of_same_types(one, other)


def _are_of_same_types(one: object, other: object) -> bool:
    """Whether two equal trees have the same types throughout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():  # loops, not all(): compiled, they are several times as fast
            if not _are_of_same_types(value, other[key]):
                return False
    if isinstance(one, list) and isinstance(other, list):
        for left, right in zip(one, other, strict=True):
            if not _are_of_same_types(left, right):
                return False
    if isinstance(one, Repeated) and isinstance(other, Repeated):
        same = _are_of_same_types(one.last, other.last)
        return same and _are_of_same_types(one.doubles, other.doubles)
    return True
