"""What an operator accepts as different on one route: the compiled `compare:` block.

Rule 1: a path is exact, as differences print it; `..*` at its end takes everything below.
Rule 2: a rule excuses values; a presence, a type, an order only if its treatment is about that, or it names the kind.
Rule 3: a rule that has expired excuses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from hashlib import sha256

from proxy.core.parity.rules.difference import VALUE_KINDS, DifferenceKind

BELOW = "..*"
_ORDERS = re.compile(rb"[?&](?:sort|sort_?by|sorting|order|order_?by|ordering)=[^&]", re.IGNORECASE)


class Treatment(StrEnum):
    """What a rule does at its path."""

    IGNORE = "ignore"
    MASK = "mask"
    UNORDERED = "unordered"
    KEYED = "keyed"
    TOLERANCE = "tolerance"
    TIME = "time"
    NULL_ABSENT = "null_absent"


COVERS = {
    Treatment.IGNORE: VALUE_KINDS,
    Treatment.MASK: VALUE_KINDS,
    Treatment.UNORDERED: frozenset({DifferenceKind.ORDER}),
    Treatment.KEYED: frozenset({DifferenceKind.ORDER}),
    Treatment.TOLERANCE: frozenset({DifferenceKind.NUM, DifferenceKind.NUM_REPR}),
    Treatment.TIME: frozenset(
        {DifferenceKind.TIME, DifferenceKind.TIME_EQUIV, DifferenceKind.STRING, DifferenceKind.NUM}
    ),
    Treatment.NULL_ABSENT: frozenset({DifferenceKind.NULL_ABSENT}),
}
"""The kinds that a rule covers when it names none."""


_NO_WORDS: Mapping[str, bool] = {}
LISTS = frozenset({Treatment.UNORDERED, Treatment.KEYED})
"""What pairs the elements of a list otherwise than by position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One accepted difference, with who accepted it and why.

    `until` in unix seconds, None for ever. `key`: the member that names an element (keyed). `regex`: what both values
    must match (mask; empty: they are alike). `absolute`, `relative`: numbers (tolerance). `within`: seconds (time).
    """

    id: str
    path: str
    treatment: Treatment
    kinds: frozenset[DifferenceKind] = frozenset()
    reason: str = ""
    owner: str = ""
    until: float | None = None
    key: str = ""
    regex: str = ""
    absolute: float = 0.0
    relative: float = 0.0
    within: float = 0.0

    def covers(self, kind: DifferenceKind) -> bool:
        """Whether differences of this kind are within what the rule may excuse."""
        return kind in (self.kinds or COVERS[self.treatment])

    def lives(self, now: float) -> bool:
        """Whether the rule still holds at `now` (unix seconds)."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseWord:
    """What an operator says of a path, whatever was measured: `noisy`, or never. `until` in unix seconds or None."""

    path: str
    noisy: bool
    reason: str = ""
    owner: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of one route. `secrets` are names of members whose values are hashed before they are kept.

    `words` are what the operator says of noise. `version_header`, in lower case or empty, is no part of an answer.
    """

    rules: tuple[Rule, ...] = ()
    secrets: frozenset[str] = frozenset()
    words: tuple[NoiseWord, ...] = ()
    version_header: bytes = b""
    _exact: dict[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _below: tuple[tuple[str, Rule], ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        for rule in self.rules:
            if not rule.path.endswith(BELOW):
                self._exact[rule.path] = (*self._exact.get(rule.path, ()), rule)
        below = tuple((rule.path.removesuffix(BELOW), rule) for rule in self.rules if rule.path.endswith(BELOW))
        object.__setattr__(self, "_below", below)

    @property
    def mark(self) -> str:
        """Stands for these rules, the same on every replica and after a restart: 12 hex digits."""
        said = [*map(_written, self.rules), *map(_written, self.words)]
        text = repr((said, sorted(self.secrets), self.version_header))
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    def at(self, path: str) -> tuple[Rule, ...]:
        """The rules for a path, the exact ones first."""
        if not self._below:
            return self._exact.get(path, ())
        below = tuple(rule for prefix, rule in self._below if is_below(path, prefix))
        return (*self._exact.get(path, ()), *below)

    def words_at(self, now: float) -> Mapping[str, bool]:
        """The operator's words that hold at `now`, by path: noise, or never."""
        if not self.words:
            return _NO_WORDS
        return {word.path: word.noisy for word in self.words if word.until is None or now < word.until}

    def in_force(self, now: float, target: bytes) -> Rules:
        """The rules that hold at `now`; none about order where the request's target itself asks for one."""
        if not self.rules:
            return self
        ordered = _ORDERS.search(target) is not None
        kept = tuple(rule for rule in self.rules if rule.lives(now) and not (ordered and rule.treatment in LISTS))
        if len(kept) == len(self.rules):
            return self
        return Rules(rules=kept, secrets=self.secrets, version_header=self.version_header)


def _written(said: Rule | NoiseWord) -> list[object]:
    """Its fields; sets in order, which differs from process to process."""
    values = (getattr(said, each.name) for each in fields(said))
    return [sorted(value) if isinstance(value, frozenset) else value for value in values]


NO_RULES = Rules()


def is_below(path: str, prefix: str) -> bool:
    """Whether `path` leads to something within what `prefix` leads to."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in {".", "[", "{"}
