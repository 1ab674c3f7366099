"""Likelihood ratios against several alternatives at once, in log space.

Rule 1: the evidence is the plain mean over the alternatives: a mean of e-processes is an e-process.
Rule 2: what is above `log(1 / alpha)` happens under the null with a probability of at most alpha, however often one
        looks (Ville's inequality).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, log1p

Logs = tuple[float, ...]
"""One logarithm per alternative."""


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of `exp(each)`."""
    top = max(logs)
    return top + log(sum([exp(each - top) for each in logs]) / len(logs))


def bernoulli(null: float, alternative: float, hits: float, misses: float) -> float:
    """The log likelihood ratio of `hits` and `misses`; both chances lie strictly between 0 and 1."""
    return hits * log(alternative / null) + misses * (log1p(-alternative) - log1p(-null))
