"""The `compare:` block: what an operator accepts as different, each rule with a reason, an owner and an end.

What a rule does stands in `proxy.core.parity.rules.rules`; here stands how it is written.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.blocks.base_block import Block, needed, optional
from proxy.config.readers import value_types
from proxy.config.readers.errors import fault
from proxy.config.readers.scalars import Choice
from proxy.config.readers.units import is_number
from proxy.core.parity.formats.moments import read_moment
from proxy.core.parity.formats.patterns import problem_of
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.paths import BadPath, read_path

NEVER = "never"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_TEXT = 300
_DAY = 86_400


def read_rule_path(value: object) -> str:
    """A path as differences print it."""
    if not isinstance(value, str):
        raise fault("must be a path such as $.items[*].price, header:Cache-Control or status")
    try:
        return read_path(value)
    except BadPath as error:
        raise fault(f"must be a path such as $.items[*].price; character {error.at + 1}: {error}") from None


def read_line(value: object) -> str:
    """A text on one line that says something."""
    if isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= _LONGEST_TEXT:
        return str(value)
    raise fault(f"must be a text on one line, of 1 to {_LONGEST_TEXT} characters")


def read_until(value: object) -> float:
    """The last day of a rule as the end of that day in UTC (unix seconds); 0 for `never`."""
    if value == NEVER:
        return 0.0
    found = read_moment(value) if isinstance(value, str) and _DATE.fullmatch(value) else None
    if found is None:
        raise fault('must be the last day, such as "2026-12-31" in quotes, or never')
    return found.nanoseconds / 1e9 + _DAY


def read_regex(value: object) -> str:
    """A regular expression that is matched in linear time."""
    if not isinstance(value, str) or not value:
        return read_line(value)
    if problem := problem_of(value):
        raise fault(f"must be a regular expression as RE2 reads it (no look-around, no references back); {problem}")
    return value


def read_bound(value: object) -> float:
    """A number above zero."""
    if is_number(value) and 0 < value < 1e300:  # type: ignore[operator]  # told by `is_number`
        return float(value)  # type: ignore[arg-type]
    raise fault("must be a number above 0, such as 0.01")


_TEXT = WithJsonSchema({"type": "string"})
RulePath = Annotated[
    str, BeforeValidator(read_rule_path), WithJsonSchema({"type": "string", "pattern": r"^(\$|header:|status$)"})
]
Line = Annotated[str, BeforeValidator(read_line), _TEXT]
Until = Annotated[
    float,
    BeforeValidator(read_until),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2}|never)$"}),
]
Kinds = list[Annotated[DifferenceKind, BeforeValidator(Choice(DifferenceKind))]]
Regex = Annotated[str, BeforeValidator(read_regex), _TEXT]
Bound = Annotated[float, BeforeValidator(read_bound), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class SaidBlock(Block):
    """What every rule says."""

    path: RulePath = needed(
        "Exactly what a difference prints: status, header:NAME, or $.items[*].price; ..* at the end takes all below.",
        "$.items[*].price",
        "header:Cache-Control",
    )
    reason: Line = needed("Why this is accepted.", "new rounds half up, agreed in review 12")
    owner: Line = needed("Who answers for it.", "team-orders")
    until: Until = needed("The last day on which it holds, in quotes, or never.", "2026-12-31", NEVER)


class RuleBlock(SaidBlock):
    """A rule about differences."""

    kinds: Kinds | None = optional(
        "Kinds of differences that it covers instead of its usual ones; a presence or a type only if named here.",
        ["missing", "extra"],
    )


class IgnoreBlock(RuleBlock):
    """Any value."""


class MaskBlock(RuleBlock):
    """Values that look alike."""

    regex: Regex | None = optional(
        "What both values must match in full. Without it: one format, about as long.", "ord_[0-9a-f]{12}"
    )


class UnorderedBlock(RuleBlock):
    """A list as a multiset."""


class KeyedBlock(RuleBlock):
    """A list whose elements are paired by a member."""

    key: Line = needed("The member that names an element.", "id")


class ToleranceBlock(RuleBlock):
    """Numbers that are close; a difference within either bound passes."""

    absolute: Bound | None = optional("The greatest difference.", 0.01)
    relative: Bound | None = optional("The greatest difference as a share of the larger number.", 1e-9)


class TimeBlock(RuleBlock):
    """Points in time that are close."""

    within: value_types.Length | None = optional("How far apart they may be. Default 0s: the same instant.", "1s")


class NullAbsentBlock(RuleBlock):
    """A member that is null on one side and absent on the other."""


def _example(path: str, **more: object) -> list[object]:
    return [{"path": path, "reason": "agreed", "owner": "team-orders", "until": NEVER, **more}]


class CompareBlock(Block):
    """What may differ."""

    ignore: list[IgnoreBlock] | None = optional("Any value passes; it must be there.", _example("$.served_by"))
    mask: list[MaskBlock] | None = optional("Values pass that look alike: ids, tokens.", _example("$.id"))
    unordered: list[UnorderedBlock] | None = optional(
        "Lists whose order means nothing; every element counts as often as it stands.", _example("$.tags")
    )
    keyed: list[KeyedBlock] | None = optional(
        "Lists whose elements are paired by a member, in any order.", _example("$.items", key="id")
    )
    tolerance: list[ToleranceBlock] | None = optional(
        "Numbers pass that are close.", _example("$.total", absolute=0.01)
    )
    time: list[TimeBlock] | None = optional(
        "Points in time pass that are close, however written.", _example("$.changed_at", within="1s")
    )
    null_absent: list[NullAbsentBlock] | None = optional("null and absent are the same.", _example("$.items[*].note"))
    noisy: list[SaidBlock] | None = optional(
        "Paths whose values legacy does not repeat, whatever was measured.", _example("$.served_by")
    )
    exact: list[SaidBlock] | None = optional("Paths that are never taken for noise.", _example("$.total"))
    secrets: list[Line] | None = optional(
        "Names of members, parameters and header fields whose values are hashed before an exchange is kept, beside "
        "those that sound like secrets anyway.",
        ["patient_number"],
    )
