"""`compare:`, at the top and of a route: what is accepted as different, each with a reason, an owner and an end.

Rule 1: what a rule does stands in `proxy.core.parity.rules.rules`; here stands how it is written.
Rule 2: a route has the rules of the top, and its own in place of equal ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.blocks.shadow import RouteWithShadow, shadow_of
from proxy.config.readers import units
from proxy.config.readers.errors import fault
from proxy.config.readers.scalars import Choice
from proxy.config.readers.schema_patterns import TEXT, matching
from proxy.config.readers.units import is_number
from proxy.config.text.problem import FileProblem, Path
from proxy.core.parity.formats.moments import read_moment
from proxy.core.parity.formats.patterns import problem_of
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.paths import BadPath, read_path
from proxy.core.parity.rules.rules import LISTS, NoiseWord, Rule, Rules, Treatment

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


RulePath = Annotated[
    str, BeforeValidator(read_rule_path), WithJsonSchema({"type": "string", "pattern": r"^(\$|header:|status$)"})
]
Line = Annotated[str, BeforeValidator(read_line), TEXT]
Until = Annotated[float, BeforeValidator(read_until), matching(_DATE, re.compile(NEVER))]
Kinds = list[Annotated[DifferenceKind, BeforeValidator(Choice(DifferenceKind))]]
Regex = Annotated[str, BeforeValidator(read_regex), TEXT]
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

    within: units.Length | None = optional("How far apart they may be. Default 0s: the same instant.", "1s")


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


class CompareAtTop(Block):
    """What may differ on every route."""

    compare: CompareBlock | None = optional(
        "What may differ between the two answers on every route.", {"secrets": ["patient"]}
    )


class CompareOfRoute(Block):
    """What may differ on one route."""

    compare: CompareBlock | None = optional(
        "What may differ between the two answers, beside what may differ on every route.", {"secrets": ["patient"]}
    )


class PlacedRule(NamedTuple):
    """A rule's block with its treatment and its position in that list."""

    treatment: Treatment
    at: int
    block: RuleBlock


def placed_rules(block: CompareBlock | None) -> Iterator[PlacedRule]:
    """Every rule of a block."""
    for treatment in Treatment:
        for at, rule in enumerate(getattr(block, treatment.value, None) or ()):
            yield PlacedRule(treatment, at, rule)


def build_rules(*blocks: CompareBlock | None, version_header: bytes = b"") -> Rules:
    """The rules of one route; a later block's rule replaces an earlier one of the same treatment and path."""
    rules = [_rule(rule) for block in blocks for rule in placed_rules(block)]
    secrets = {name for block in blocks if block is not None for name in block.secrets or ()}
    words = {word.path: word for block in blocks for word in _words(block)}
    return Rules(
        rules=tuple({rule.id: rule for rule in rules}.values()),
        secrets=frozenset(secrets),
        words=tuple(words.values()),
        version_header=version_header,
    )


def _words(block: CompareBlock | None) -> Iterator[NoiseWord]:
    if block is None:
        return
    for noisy, said in ((True, block.noisy), (False, block.exact)):
        for word in said or ():
            yield NoiseWord(path=word.path, noisy=noisy, reason=word.reason, owner=word.owner, until=word.until or None)


def _rule(rule: PlacedRule) -> Rule:
    block = rule.block
    said = {name: value for name in _MORE if (value := getattr(block, name, None)) is not None}
    return Rule(
        id=rule_id(rule),
        path=block.path,
        treatment=rule.treatment,
        reason=block.reason,
        owner=block.owner,
        until=block.until or None,
        kinds=frozenset(block.kinds or ()),
        **said,
    )


_MORE = ("key", "regex", "absolute", "relative", "within")


def rule_id(rule: PlacedRule) -> str:
    """What tells a rule from the others of its route: `ignore $.served_by`."""
    return f"{rule.treatment.value} {rule.block.path}"


class _Found(NamedTuple):
    where: Path
    block: CompareBlock


def _blocks(draft: Draft) -> Iterator[_Found]:
    """Every `compare:` of a file with the way to it."""
    top = draft.top(CompareAtTop).compare
    if top is not None:
        yield _Found(("compare",), top)
    for index, route in draft.of_routes(CompareOfRoute):
        if route.compare is not None:
            yield _Found(("routes", index, "compare"), route.compare)


def rules_stand_once(draft: Draft) -> Iterator[FileProblem]:
    """Two rules of one kind for one path would contradict each other, as would two ways to pair one list."""
    for found in _blocks(draft):
        seen: set[str] = set()
        for rule in placed_rules(found.block):
            name = "list " + rule.block.path if rule.treatment in LISTS else rule_id(rule)
            if name in seen:
                path: Path = (*found.where, rule.treatment.value, rule.at, "path")
                yield draft.problem(path, f"another rule stands for {rule.block.path} already; take one out")
            seen.add(name)


def tolerances_have_bounds(draft: Draft) -> Iterator[FileProblem]:
    """A tolerance without a bound tolerates nothing."""
    for found in _blocks(draft):
        for rule in placed_rules(found.block):
            block = rule.block
            if isinstance(block, ToleranceBlock) and block.absolute is None and block.relative is None:
                path: Path = (*found.where, Treatment.TOLERANCE.value, rule.at)
                yield draft.problem(path, "needs absolute or relative, such as absolute: 0.01")


def expired_rules(draft: Draft) -> Iterator[FileProblem]:
    """A rule past its last day excuses nothing any more."""
    for found in _blocks(draft):
        for rule in placed_rules(found.block):
            if rule.block.until and draft.now >= rule.block.until:
                path: Path = (*found.where, rule.treatment.value, rule.at, "until")
                message = f"has expired, so its differences count again; {rule.block.owner} renews it or takes it out"
                yield draft.problem(path, message)


def noise_is_said_once(draft: Draft) -> Iterator[FileProblem]:
    """A path cannot be noise and never noise."""
    for found in _blocks(draft):
        noisy = {word.path for word in found.block.noisy or ()}
        for at, word in enumerate(found.block.exact or ()):
            if word.path in noisy:
                yield draft.problem((*found.where, "exact", at, "path"), f"{word.path} is said to be noisy, too")


class _Route(RouteWithShadow, CompareOfRoute):
    """What is asked of a route here."""


def _of_route(keys: _Route, draft: Draft) -> Mapping[str, object]:
    policy = shadow_of(keys, draft)
    version_header = b"" if policy is None else policy.version_header
    return {"compare": build_rules(draft.top(CompareAtTop).compare, keys.compare, version_header=version_header)}


COMPARE = Section(
    top=KeysAt(CompareAtTop, lambda _, __: {}),
    route=KeysAt(CompareOfRoute, _of_route),
    checks=(rules_stand_once, tolerances_have_bounds, noise_is_said_once),
    warnings=(expired_rules,),
)
