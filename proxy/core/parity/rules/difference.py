"""How two answers can differ, and how bad that is.

Rule 1: a presence, a type or a status that differs breaks clients: high. A value: medium. What clients skip: low.
Rule 2: only values are excused by noise, or by a rule that does not name kinds (`VALUE_KINDS`).
Rule 3: what is repeated of a value is bounded and printable.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 200
"""Characters of a value that a difference repeats."""


class DifferenceKind(StrEnum):
    """What is different at a path; `string`: a text or truth value; `element`: one of a list without a counterpart;
    `caller`: each side saw somebody else.
    """

    STATUS = "status"
    HEADER = "header"
    MISSING = "missing"
    EXTRA = "extra"
    NULL_ABSENT = "null_absent"
    TYPE = "type"
    NUM_REPR = "num_repr"
    NUM = "num"
    TIME_EQUIV = "time_equiv"
    TIME = "time"
    STRING = "string"
    UNICODE = "unicode"
    ORDER = "order"
    LENGTH = "length"
    ELEMENT = "element"
    DUP_KEY = "dup_key"
    UNPARSABLE = "unparsable"
    CALLER = "caller"


class Severity(StrEnum):
    """How much a client would suffer."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITY = {
    DifferenceKind.STATUS: Severity.HIGH,
    DifferenceKind.HEADER: Severity.MEDIUM,
    DifferenceKind.MISSING: Severity.HIGH,
    DifferenceKind.EXTRA: Severity.LOW,
    DifferenceKind.NULL_ABSENT: Severity.MEDIUM,
    DifferenceKind.TYPE: Severity.HIGH,
    DifferenceKind.NUM_REPR: Severity.LOW,
    DifferenceKind.NUM: Severity.MEDIUM,
    DifferenceKind.TIME_EQUIV: Severity.LOW,
    DifferenceKind.TIME: Severity.MEDIUM,
    DifferenceKind.STRING: Severity.MEDIUM,
    DifferenceKind.UNICODE: Severity.LOW,
    DifferenceKind.ORDER: Severity.MEDIUM,
    DifferenceKind.LENGTH: Severity.MEDIUM,
    DifferenceKind.ELEMENT: Severity.MEDIUM,
    DifferenceKind.DUP_KEY: Severity.MEDIUM,
    DifferenceKind.UNPARSABLE: Severity.HIGH,
    DifferenceKind.CALLER: Severity.HIGH,
}
"""The usual severity of a kind; where more is known (a shorter list, a redirect), the finder says another."""

VALUE_KINDS = frozenset(
    {
        DifferenceKind.HEADER,
        DifferenceKind.NUM_REPR,
        DifferenceKind.NUM,
        DifferenceKind.TIME_EQUIV,
        DifferenceKind.TIME,
        DifferenceKind.STRING,
        DifferenceKind.UNICODE,
    }
)
"""The same thing is there on both sides, of the same type, with another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place where the sides differ.

    `path` is `status`, `header:Cache-Control`, or a JSONPath with `[*]` for positions and `{*}` for keys that are data;
    `legacy` and `new` are the values as text, at most 200 characters.
    """

    path: str
    kind: DifferenceKind
    severity: Severity
    legacy: str
    new: str


def differ(path: str, kind: DifferenceKind, legacy: str, new: str, severity: Severity | None = None) -> Difference:
    """A difference, bounded; of its kind's usual severity unless another is said."""
    return Difference(
        path=path, kind=kind, severity=severity or SEVERITY[kind], legacy=bounded(legacy), new=bounded(new)
    )


def bounded(text: str) -> str:
    """At most 200 characters, what cannot be printed shown as a replacement character."""
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return text if text.isprintable() else "".join(character if character.isprintable() else "�" for character in text)


def excerpts(legacy: str, new: str) -> tuple[str, str]:
    """Two long texts from shortly before where they begin to differ."""
    if len(legacy) <= LONGEST and len(new) <= LONGEST:
        return legacy, new
    begin = max(0, _shared(legacy, new) - LONGEST // 4)
    return ("…" + legacy[begin:], "…" + new[begin:]) if begin else (legacy, new)


def _shared(one: str, other: str) -> int:
    """How many characters both begin with; found by halving, so that long texts are compared by slices."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
