"""Finds → differences: what a rule or a noise finding excuses is set aside with the name of what excused it.

Rule 1: a rule excuses a find whose kind it covers and whose values pass its test.
Rule 2: what no rule excuses a sorter judges: it counts, it is noise, or it waits under a key until more is known.
        Without one everything counts. Noise is never a presence or a type, and alike: one format, about as long.
Rule 3: a generated id that was excused must stand for the same id wherever it is in the answer.
Rule 4: one difference per path, kind and excuse; the first one is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from proxy.core.parity.finds import Absent, Find
from proxy.core.parity.formats.jsontext import canonical
from proxy.core.parity.formats.moments import Timestamp, read_epoch, read_moment
from proxy.core.parity.formats.patterns import matches
from proxy.core.parity.numerals import are_close, is_number, text_of
from proxy.core.parity.rules.difference import LONGEST, VALUE_KINDS, Difference, differ, excerpts
from proxy.core.parity.rules.rules import Rule, Treatment
from proxy.core.parity.texts import are_alike, is_id

NOISE = "noise"
UNDECIDED = "undecided"
"""Stands where the name of an excuse would: nobody knows yet whether it is one (`proxy.core.noise`)."""
Excused = tuple[tuple[str, Difference], ...]


class Aliases:
    """Which id of legacy stands for which of new, in one answer."""

    def __init__(self) -> None:
        self._forward: dict[object, object] = {}
        self._back: dict[object, object] = {}

    def agree(self, legacy: object, new: object) -> bool:
        """Whether the two stand for each other, as far as has been seen; what is no id always does."""
        if not (is_id(legacy) and is_id(new)):
            return True
        return self._forward.setdefault(legacy, new) == new and self._back.setdefault(new, legacy) == legacy


class FindVerdict(StrEnum):
    """What a sorter says of a find; `waits`: nobody knows yet."""

    COUNTS = "counts"
    NOISE = "noise"
    WAITS = "waits"


class Sorted(NamedTuple):
    """The verdict, and the key under which the find waits."""

    verdict: FindVerdict
    key: str = ""


COUNTED = Sorted(FindVerdict.COUNTS)


class Sorter(Protocol):
    """Says whether a find is noise (`proxy.core.noise`)."""

    def sort(self, find: Find, aliases: Aliases) -> Sorted:
        """What a find is that no rule excuses; `aliases` are those of the answer."""


class JudgedFinds(NamedTuple):
    """Differences that count; those excused, each with the rule's id or `noise`; those that wait, each with its key."""

    counted: tuple[Difference, ...]
    excused: Excused
    waiting: tuple[tuple[str, Difference], ...]


def judge(finds: Iterable[Find], sorter: Sorter | None) -> JudgedFinds:
    """The finds of one answer as differences."""
    counted: list[Difference] = []
    excused: list[tuple[str, Difference]] = []
    waiting: list[tuple[str, Difference]] = []
    seen: set[tuple[str, str, str, str]] = set()
    aliases = Aliases()
    for find in finds:
        place = find.place
        why, key = _ruled(find, aliases) if place.rules else "", ""
        if not why and sorter is not None:
            verdict, key = sorter.sort(find, aliases)
            why = NOISE if verdict is FindVerdict.NOISE else ""
        name = (place.text, find.kind, why, key)
        if name in seen:
            continue
        seen.add(name)
        if why:
            excused.append((why, rendered(find)))
        elif key:
            waiting.append((key, rendered(find)))
        else:
            counted.append(rendered(find))
    return JudgedFinds(tuple(counted), tuple(excused), tuple(waiting))


def unruled(finds: Iterable[Find]) -> Iterator[Find]:
    """The finds that no rule excuses."""
    aliases = Aliases()
    return (find for find in finds if not (find.place.rules and _ruled(find, aliases)))


def _ruled(find: Find, aliases: Aliases) -> str:
    """The id of the rule that excuses it."""
    for rule in find.place.rules:
        if rule.covers(find.kind) and _passes(rule, find, aliases):
            return rule.id
    return ""


def _same_thing(find: Find, aliases: Aliases) -> bool:
    return are_alike(find.legacy, find.new) and aliases.agree(find.legacy, find.new)


def _passes(rule: Rule, find: Find, aliases: Aliases) -> bool:
    if find.kind not in VALUE_KINDS:
        return True
    match rule.treatment:
        case Treatment.MASK if not rule.regex:
            return _same_thing(find, aliases)
        case Treatment.MASK:
            return all(matches(rule.regex, _text(value)) for value in (find.legacy, find.new))
        case Treatment.TOLERANCE:
            return are_close(find.legacy, find.new, rule.absolute, rule.relative)
        case Treatment.TIME:
            return _are_near(find.legacy, find.new, rule.within)
        case _:
            return True


def _are_near(legacy: object, new: object, within: float) -> bool:
    one, other = _moment(legacy), _moment(new)
    if one is None or other is None or one.zoned is not other.zoned:
        return False
    return abs(one.nanoseconds - other.nanoseconds) <= within * 1e9


def _moment(value: object) -> Timestamp | None:
    if isinstance(value, str):
        return read_moment(value) or (read_epoch(int(value)) if value.isascii() and value.isdigit() else None)
    return read_epoch(value) if isinstance(value, int) else None


def rendered(find: Find) -> Difference:
    """A find as it is shown."""
    legacy, new = find.legacy, find.new
    if isinstance(legacy, str) and isinstance(new, str):
        legacy, new = excerpts(legacy, new)
    quoted = find.place.text.startswith("$")
    return differ(find.place.text, find.kind, _shown(legacy, quoted), _shown(new, quoted), find.severity)


def _shown(value: object, quoted: bool) -> str:  # noqa: FBT001 - one flag of a pair of calls
    if isinstance(value, Absent):
        return ""
    if isinstance(value, str) and not quoted:
        return value
    if isinstance(value, str):
        value = value[: LONGEST + 1]
    elif is_number(value):
        return text_of(value)
    return canonical(value)[: LONGEST * 4 + 4].decode("utf-8", "replace")


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case int() | msgspec.Raw() if not isinstance(value, bool):
            return text_of(value)
        case _:
            return canonical(value).decode("utf-8")
