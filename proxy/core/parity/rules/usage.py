"""What a route's rules have been good for: one that never matches, covers too much, or has run out is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple

from proxy.core.parity.rules.rules import Rules


class Misuse(StrEnum):
    """What is wrong with a rule."""

    UNUSED = "unused"
    BROAD = "broad"
    EXPIRED = "expired"


class RuleFinding(NamedTuple):
    """One thing wrong with one rule, and a sentence about it."""

    rule: str
    misuse: Misuse
    sentence: str


def review(rules: Rules, used: Mapping[str, AbstractSet[str]], now: float) -> Iterator[RuleFinding]:
    """Everything wrong with the rules; `used`: by rule id the paths that it has excused, over a time worth judging."""
    for rule in rules.rules:
        paths = sorted(used.get(rule.id, ()))
        if not rule.lives(now):
            yield RuleFinding(rule.id, Misuse.EXPIRED, "has expired and excuses nothing; renew it or take it out")
        elif not paths:
            yield RuleFinding(rule.id, Misuse.UNUSED, "has excused nothing; check its path, or take it out")
        elif len(paths) > 1:
            named = ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")
            sentence = f"covers {len(paths)} paths ({named}); write one rule for each that is meant"
            yield RuleFinding(rule.id, Misuse.BROAD, sentence)
