from __future__ import annotations

from proxy.core.parity.answers import IncomparableReason
from proxy.core.parity.rules.reasons import CURE, in_words, sorted_out


def test_every_reason_has_words() -> None:
    """None is shown as its code; one that a newer comparer may say is shown all the same."""
    assert not any("another reason" in in_words(((reason, 1),)) for reason in IncomparableReason)
    assert in_words((("moon", 2),)) == "2 for another reason (moon)"


def test_the_most_frequent_stand_first_and_credentials_bring_their_cure() -> None:
    """Three are named, what is left is counted; nothing is nothing."""
    counts = [("shed", 2), ("credentials", 1_085), ("race", 1), ("failed", 9), ("race", 2), ("truncated", 1)]
    words = in_words(sorted_out(counts))

    assert words.startswith(f"1,085 turned away, as credentials are not sent to the shadow: {CURE}; 9 without ")
    assert words.endswith("; 3 beside a write, or where legacy differs from itself; 3 for other reasons")
    assert in_words(()) == ""
