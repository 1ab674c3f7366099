"""Which requests of a route are in its shadow's sample: half of them by a hash of what is asked, half by chance.

Rule 1: the same method, target and cohort are in the hash's half or out of it together, on every worker and replica:
        requests that come again are what noise is learned from, and by chance they meet with the square of the share.
Rule 2: for `LASTS` seconds; then another part of the requests has its turn. What comes again within a minute meets its
        like, except across that edge.
Rule 3: chance has the other half: a route may live on one or two targets, and by the hash alone nobody would look at
        them for an hour, however often they are asked.
"""

from __future__ import annotations

from xxhash import xxh3_64_intdigest

LASTS = 300
"""Seconds: five of the minutes within which a repeat counts."""
_HALF = float(1 << 63)
_BITS = 1 << 53


def is_sampled(share: float, chance: float, question: bytes, draw: float, salt: int, at: float) -> bool:
    """Whether this one is: `share` of all are. `chance` is drawn from [0, 1).

    `question` is method and target, `draw` in [0, 1) that of the cohort, which stands for it; `salt` is the route's,
    `at` unix seconds.
    """
    if chance * (2.0 - share) < share:
        return True
    return xxh3_64_intdigest(question, salt ^ int(draw * _BITS) ^ int(at) // LASTS) < share * _HALF
