"""One request, two answers: whether they say the same.

Rule 1: what counts as a difference makes a mismatch, also when the rest could not be compared. What could not be
        compared and shows no difference is incomparable, and never agreement.
Rule 2: where legacy was asked twice and differs from itself at a path, new cannot be judged there: a race. As with
        noise, another value of legacy's excuses a value: whether a thing is there, and its type, are still judged.
        Where a write overlapped the questions, nothing that differs can be judged: a race as a whole.
Rule 3: it never raises, whatever the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from proxy.core.outcome import Side
from proxy.core.parity.answers import Incomparable, find_differences, is_turned_away
from proxy.core.parity.captured import CapturedAnswer, Pair
from proxy.core.parity.difference import VALUE_KINDS, Difference
from proxy.core.parity.excuse import NOISE, Excused, judge
from proxy.core.parity.rules import Rules

__all__ = ["Comparison", "Incomparable", "Outcome", "compare", "noise_bits"]


class Outcome(StrEnum):
    """What a comparison came to; `ignored`: every difference is excused; `undecided`: it waits."""

    MATCH = "match"
    MISMATCH = "mismatch"
    IGNORED = "ignored"
    INCOMPARABLE = "incomparable"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`differences` count; `excused` do not, each with the rule's id or `noise`; `why` it is incomparable.

    `waiting` are differences, each with its key, of which nobody knows yet whether they count (`proxy.core.noise`).
    """

    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    excused: Excused = ()
    why: Incomparable | None = None
    waiting: tuple[tuple[str, Difference], ...] = ()


class _Sides(NamedTuple):
    """What one answer differs in from legacy's, judged."""

    differences: tuple[Difference, ...]
    excused: Excused
    why: Incomparable | None


def compare(pair: Pair, rules: Rules, noisy: frozenset[str], now: float) -> Comparison:
    """The two answers under the rules that hold at `now` (unix seconds); `noisy` paths are excused in value."""
    if pair.bare and _lacks_credentials(pair):
        return Comparison(outcome=Outcome.INCOMPARABLE, why=Incomparable.CREDENTIALS)
    in_force = rules.in_force(now, pair.request.target)
    found = _against_legacy(pair, pair.new, in_force, noisy)
    if not found.differences:
        return _without_differences(found)
    if pair.raced:
        raced = tuple((NOISE, each) for each in found.differences)
        return Comparison(outcome=Outcome.INCOMPARABLE, excused=(*found.excused, *raced), why=Incomparable.RACE)
    racing = _racing(pair, in_force, noisy)
    if not racing:
        return Comparison(outcome=Outcome.MISMATCH, differences=found.differences, excused=found.excused)
    kept = tuple(each for each in found.differences if (each.path, _is_value(each)) not in racing)
    raced = tuple((NOISE, each) for each in found.differences if (each.path, _is_value(each)) in racing)
    excused = (*found.excused, *raced)
    if not kept:
        return Comparison(outcome=Outcome.INCOMPARABLE, excused=excused, why=Incomparable.RACE)
    return Comparison(outcome=Outcome.MISMATCH, differences=kept, excused=excused)


def _lacks_credentials(pair: Pair) -> bool:
    if pair.authoritative is Side.LEGACY:
        return is_turned_away(pair.legacy, pair.new)
    return is_turned_away(pair.new, pair.legacy)


def _without_differences(found: _Sides) -> Comparison:
    if found.why is not None:
        return Comparison(outcome=Outcome.INCOMPARABLE, excused=found.excused, why=found.why)
    return Comparison(outcome=Outcome.IGNORED if found.excused else Outcome.MATCH, excused=found.excused)


def _against_legacy(pair: Pair, answer: CapturedAnswer, rules: Rules, noisy: frozenset[str]) -> _Sides:
    finds, why = find_differences(pair.request, pair.legacy, answer, rules)
    differences, excused = judge(finds, noisy)
    return _Sides(differences=differences, excused=excused, why=why)


def _racing(pair: Pair, rules: Rules, noisy: frozenset[str]) -> frozenset[tuple[str, bool]]:
    """What legacy's differences from itself excuse: a path, and whether it is a value there or more than that."""
    if pair.second is None:
        return frozenset()
    itself = _against_legacy(pair, pair.second, rules, noisy).differences
    return frozenset((each.path, also) for each in itself for also in {True, _is_value(each)})


def _is_value(difference: Difference) -> bool:
    return difference.kind in VALUE_KINDS


def noise_bits(pair: Pair, rules: Rules) -> tuple[tuple[str, bool, bool], ...]:
    """Per path that differs in any way that no rule excuses: whether new differs from legacy, and legacy from itself.

    Empty unless legacy was asked twice and all three answers could be compared. Rules hold as of the pair's own time.
    """
    if pair.second is None:
        return ()
    in_force = rules.in_force(pair.at, pair.request.target)
    raw = _against_legacy(pair, pair.new, in_force, frozenset())
    noise = _against_legacy(pair, pair.second, in_force, frozenset())
    if raw.why is not None or noise.why is not None:
        return ()
    first, second = ({each.path for each in sides.differences} for sides in (raw, noise))
    return tuple((path, path in first, path in second) for path in sorted(first | second))
