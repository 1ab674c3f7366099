"""Which failed request has an excuse: a worker was killed, its upstream was restarted, or it was answered clearly.

Rules:
- killed worker: the connection was cut while a worker was being killed; nothing else may be cut then.
- restarted upstream: the request went to that upstream, in the time between its end and its return, a second more.
- clearly answered: Banyan said what was wrong, in problem+json with a request id.
- else: everything that is left, and any answer that belongs to another request. One of these, and the suite fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from holds.asking import Answer

SLACK = 0.25
"""Seconds between a kill and the moment at which this process reads of it."""
AFTERMATH = 1.0


class Excuse(StrEnum):
    """Why a request failed."""

    KILLED = "inside a killed worker"
    RESTARTED = "at a restarted upstream"
    CLEAR = "clearly answered"
    ELSE = "else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An upstream that was away, on the monotonic clock."""

    name: str
    began: float
    ended: float


def excuse(answer: Answer, kills: Sequence[float], outages: Iterable[Outage]) -> Excuse:
    """Of one that failed."""
    if answer.trouble == "wrong":
        return Excuse.ELSE
    if answer.trouble == "cut" and any(answer.began - SLACK <= kill <= answer.ended + SLACK for kill in kills):
        return Excuse.KILLED
    for outage in outages:
        concerned = answer.ask.route in {"split", outage.name}
        if concerned and answer.began <= outage.ended + AFTERMATH and outage.began <= answer.ended:
            return Excuse.RESTARTED
    return Excuse.CLEAR if answer.clear else Excuse.ELSE


def executed_twice(lines: Iterable[str]) -> list[str]:
    """What stands more than once in the upstreams' notes."""
    return [asked for asked, times in Counter(lines).items() if times > 1]


def growth(samples: Sequence[tuple[float, int]], after: float) -> float:
    """Bytes that the line through the samples rises from `after` seconds to the end; 0 for fewer than three."""
    told = [(at, size) for at, size in samples if at >= after]
    if len(told) < 3:
        return 0.0
    middle = sum(at for at, _ in told) / len(told)
    mean = sum(size for _, size in told) / len(told)
    spread = sum((at - middle) ** 2 for at, _ in told)
    slope = sum((at - middle) * (size - mean) for at, size in told) / spread
    return slope * (told[-1][0] - told[0][0])
