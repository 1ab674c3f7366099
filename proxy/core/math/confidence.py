"""How many comparisons prove that mismatches are rare enough, and between which bounds their rate lies.

Rule 1: promotion has to be proved. The null is "the rate is at least the limit"; evidence against it is an e-process,
        so one may look after every comparison.
Rule 2: the bounds are the limits that are not yet disproved, at every moment: they hold at all times together with
        probability 1 - alpha each. Without a comparison they are 0 and 1.
Rule 3: clients that poll are no new evidence: a request counts at most three times a day and step.
Rule 4: against several alternatives evidence is the plain mean over them: a mean of e-processes is an e-process. What
        is above `log(1 / alpha)` happens under the null with a probability of at most alpha, however often one looks
        (Ville's inequality). All of it is in log space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log, log1p

Logs = tuple[float, ...]
"""One logarithm per alternative."""
ALPHA = 0.01
_LOWER = (0.02, 0.1, 0.25, 0.5)
_HIGHER = (2.0, 4.0, 10.0, 50.0)
_HALVINGS = 60
DAY = 86_400.0
PER_DAY = 3
MOST_REQUESTS = 100_000


def log_evidence(compared: int, mismatched: int, limit: float) -> float:
    """The logarithm of the evidence that the mismatch rate is below `limit` (0 < limit < 1)."""
    matched = compared - mismatched
    return log_mean([bernoulli(limit, limit * factor, mismatched, matched) for factor in _LOWER])


def log_evidence_above(compared: int, mismatched: int, limit: float) -> float:
    """The logarithm of the evidence that the rate is above `limit`."""
    odds = limit / (1 - limit)
    higher = (odds * factor / (1 + odds * factor) for factor in _HIGHER)
    return log_mean([bernoulli(limit, chance, mismatched, compared - mismatched) for chance in higher])


def is_proved(compared: int, mismatched: int, limit: float, alpha: float = ALPHA) -> bool:
    """Whether the rate is proved to be below `limit`; a limit of 0 can never be, one of 1 always is."""
    if limit <= 0.0 or limit >= 1.0:
        return limit >= 1.0
    return log_evidence(compared, mismatched, limit) >= -log(alpha)


def upper_bound(compared: int, mismatched: int, alpha: float = ALPHA) -> float:
    """The greatest rate that is not disproved."""
    if compared <= mismatched:
        return 1.0
    return _edge(lambda limit: log_evidence(compared, mismatched, limit) < -log(alpha))


def lower_bound(compared: int, mismatched: int, alpha: float = ALPHA) -> float:
    """The smallest rate that is not disproved."""
    if not mismatched:
        return 0.0
    return _edge(lambda limit: log_evidence_above(compared, mismatched, limit) >= -log(alpha))


def _edge(holds: Callable[[float], bool]) -> float:
    """Where `holds`, true for small rates and false for great ones, turns; by halving the log odds."""
    low, high = -40.0, 30.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(1 / (1 + exp(-middle))) else (low, middle)
    return 1 / (1 + exp(-high))


class Repeats:
    """Counts how often a request, known by its hash, was compared in this period, at one step of a route; bounded."""

    def __init__(self, most: int = MOST_REQUESTS, often: int = PER_DAY, period: float = DAY) -> None:
        """`often` times in `period` seconds it counts; `most` bounds the hashes that are remembered."""
        self._most = most
        self._often = often
        self._length = period
        self._period = -1
        self._seen: dict[int, int] = {}

    def counts(self, request: int, at: float) -> bool:
        """Whether this comparison is evidence; one that comes late, or finds no place in memory, is not."""
        period = int(at // self._length)
        if period == self._period - 1:
            return False
        if period != self._period:
            self._period, self._seen = period, {}
        count = self._seen.get(request, 0)
        if count >= self._often or (not count and len(self._seen) >= self._most):
            return False
        self._seen[request] = count + 1
        return True


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of `exp(each)`."""
    top = max(logs)
    return top + log(sum([exp(number - top) for number in logs]) / len(logs))


def bernoulli(null: float, alternative: float, hits: float, misses: float) -> float:
    """The log likelihood ratio of `hits` and `misses`; both chances lie strictly between 0 and 1."""
    return hits * log(alternative / null) + misses * (log1p(-alternative) - log1p(-null))
