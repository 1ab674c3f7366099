"""Why answers could not be compared, counted and in words. It imports nothing that reads bodies: the CLI shows it."""

from __future__ import annotations

from collections.abc import Iterable

Reasons = tuple[tuple[str, int], ...]
"""Counts by a reason's word, the most frequent first."""

CURE = "write shadow: {credentials: forward} on the route, or replace with an account of its own"
"""For a shadow that goes without the credentials that its answers depend on."""
_MOST_NAMED = 3
_WORDS = {
    "truncated": "longer than what is kept",
    "timed_out": "too late on one side",
    "both_failed": "failed on both sides",
    "legacy_failed": "failed on legacy alone",
    "failed": "without an answer of one side",
    "shed": "shed at a limit",
    "breaker_open": "left alone, as a breaker was open",
    "streaming": "streams",
    "race": "beside a write, or where legacy differs from itself",
    "undecodable": "not to be read",
    "untranslatable": "not to be translated by the adapter",
    "conditional": "answers to a condition",
    "credentials": f"turned away, as credentials are not sent to the shadow: {CURE}",
}
"""By the word of `proxy.core.parity.answers.Incomparable`."""


def in_words(reasons: Reasons) -> str:
    """`85 turned away, as credentials are not sent to the shadow: write …; 2 shed at a limit`; empty: nothing."""
    said = [f"{count:,} {_word(reason)}" for reason, count in reasons[:_MOST_NAMED]]
    if len(reasons) > _MOST_NAMED:
        said.append(f"{sum(count for _, count in reasons[_MOST_NAMED:]):,} for other reasons")
    return "; ".join(said)


def sorted_out(counts: Iterable[tuple[str, int]]) -> Reasons:
    """Counts of any order, each reason once or more."""
    total: dict[str, int] = {}
    for reason, count in counts:
        total[reason] = total.get(reason, 0) + count
    return tuple(sorted(total.items(), key=lambda each: (-each[1], each[0])))


def _word(reason: str) -> str:
    return _WORDS.get(reason, f"for another reason ({reason})")
