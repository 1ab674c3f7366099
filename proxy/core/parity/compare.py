"""One request, two answers: whether they say the same.

Rule 1: what counts as a difference makes a mismatch, also when the rest could not be compared. What could not be
        compared and shows no difference is incomparable, and never agreement.
Rule 2: where legacy was asked twice and differs from itself at a path, new cannot be judged there: a race. As with
        noise, another value of legacy's excuses a value: whether a thing is there, and its type, are still judged.
        Where a write overlapped the questions, nothing that differs can be judged: a race as a whole.
Rule 3: where nothing counts and something waits, the comparison is undecided.
Rule 4: it never raises, whatever the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from proxy.core.outcome import Side
from proxy.core.parity.answers import IncomparableReason, find_differences, is_turned_away
from proxy.core.parity.excuse import NOISE, Excused, Sorter, judge
from proxy.core.parity.pair import CapturedAnswer, Pair
from proxy.core.parity.rules.difference import VALUE_KINDS, Difference
from proxy.core.parity.rules.rules import Rules

__all__ = ["Comparison", "IncomparableReason", "Outcome", "compare"]


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
    why: IncomparableReason | None = None
    waiting: tuple[tuple[str, Difference], ...] = ()


class _Sides(NamedTuple):
    """What one answer differs in from legacy's, judged."""

    differences: tuple[Difference, ...]
    excused: Excused
    waiting: tuple[tuple[str, Difference], ...]
    why: IncomparableReason | None


def compare(pair: Pair, rules: Rules, sorter: Sorter | None, now: float) -> Comparison:
    """The two answers under the rules that hold at `now` (unix seconds); `sorter` says what is noise, or waits."""
    if pair.bare and _lacks_credentials(pair):
        return Comparison(outcome=Outcome.INCOMPARABLE, why=IncomparableReason.CREDENTIALS)
    in_force = rules.in_force(now, pair.request.target)
    found = _against_legacy(pair, pair.new, in_force, sorter)
    if pair.raced and (found.differences or found.waiting):
        return _raced(found, (*found.differences, *(each for _, each in found.waiting)))
    kept, raced = _without_races(pair, in_force, found.differences)
    excused = (*found.excused, *((NOISE, difference) for difference in raced))
    if kept:
        return Comparison(outcome=Outcome.MISMATCH, differences=kept, excused=excused, waiting=found.waiting)
    if raced and not found.waiting:
        return _raced(found, raced)
    if found.why is not None:
        return Comparison(outcome=Outcome.INCOMPARABLE, excused=excused, why=found.why)
    if found.waiting:
        return Comparison(outcome=Outcome.UNDECIDED, excused=excused, waiting=found.waiting)
    return Comparison(outcome=Outcome.IGNORED if excused else Outcome.MATCH, excused=excused)


def _lacks_credentials(pair: Pair) -> bool:
    if pair.authoritative is Side.LEGACY:
        return is_turned_away(pair.legacy, pair.new)
    return is_turned_away(pair.new, pair.legacy)


def _raced(found: _Sides, raced: tuple[Difference, ...]) -> Comparison:
    excused = (*found.excused, *((NOISE, difference) for difference in raced))
    return Comparison(outcome=Outcome.INCOMPARABLE, excused=excused, why=IncomparableReason.RACE)


def _against_legacy(pair: Pair, answer: CapturedAnswer, rules: Rules, sorter: Sorter | None) -> _Sides:
    finds, why = find_differences(pair.request, pair.legacy, answer, rules)
    if not finds:
        return _Sides(differences=(), excused=(), waiting=(), why=why)
    differences, excused, waiting = judge(finds, sorter)
    return _Sides(differences=differences, excused=excused, waiting=waiting, why=why)


def _without_races(
    pair: Pair, rules: Rules, found: tuple[Difference, ...]
) -> tuple[tuple[Difference, ...], tuple[Difference, ...]]:
    """What counts, and what is excused since legacy's second answer differs there as well."""
    if pair.second is None or not found:
        return found, ()
    itself = _against_legacy(pair, pair.second, rules, None).differences
    racing = {(difference.path, also) for difference in itself for also in (True, _is_value(difference))}
    raced = tuple(difference for difference in found if (difference.path, _is_value(difference)) in racing)
    return tuple(difference for difference in found if (difference.path, _is_value(difference)) not in racing), raced


def _is_value(difference: Difference) -> bool:
    return difference.kind in VALUE_KINDS
