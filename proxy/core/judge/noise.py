"""Noise, decided by sequential tests: which fields differ between new and legacy, and which between legacy and itself.

A sample of safe requests is sent to legacy twice, the second time in random order with the request to new. If new is
as good as another instance of legacy, both differ from the first answer equally often.
Rule 1 (sign test): only requests where exactly one of the two differs in a field count. Under the null each of them is
        equally likely, so what favours "new differs" beyond alpha is a regression, however noisy the field is.
Rule 2 (noisy): a field is noisy when legacy is proved to differ from itself in more than 0.5 % of requests.
Rule 3: a finding of noise expires, and an operator's word outranks it both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf, log
from typing import NamedTuple

from proxy.core.judge.mixture import Logs, bernoulli, log_mean

ALPHA = 0.001
NOISY = 0.005
LASTS = 7 * 86_400.0
_NEW_MORE_OFTEN = (0.6, 0.7, 0.8, 0.9, 0.99)
_SELF_MORE_OFTEN = (2.0, 4.0, 10.0, 40.0, 200.0)


def _step(null: float, alternatives: Iterable[float]) -> tuple[Logs, Logs]:
    """What a hit, and what a miss, adds for each alternative."""
    chances = tuple(alternatives)
    return tuple(bernoulli(null, each, 1, 0) for each in chances), tuple(
        bernoulli(null, each, 0, 1) for each in chances
    )


_SIGN = _step(0.5, _NEW_MORE_OFTEN)
_SELF = _step(NOISY, (NOISY * ratio / (1 - NOISY + NOISY * ratio) for ratio in _SELF_MORE_OFTEN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The state of one field (path) on one route; times in unix seconds.

    `regressed_at`: new was proved to differ more often than legacy from itself. `noisy_until`: legacy was proved to
    differ from itself; the proof holds until then.
    """

    path: str
    sign: Logs = (0.0,) * len(_NEW_MORE_OFTEN)
    noise: Logs = (0.0,) * len(_SELF_MORE_OFTEN)
    discordant: int = 0
    asked: int = 0
    regressed_at: float | None = None
    noisy_until: float = -inf

    @property
    def is_regression(self) -> bool:
        """Whether the field has been found to be worse than noise."""
        return self.regressed_at is not None


class Counts(NamedTuple):
    """Of `asked` requests that legacy answered twice, how often new alone differed, legacy from itself alone, both."""

    asked: int
    raw_only: int
    noise_only: int
    both: int


def ask(field: Field, *, raw: bool, noise: bool, at: float, fields: int = 1) -> Field:
    """After one request that legacy answered twice: `raw` says that new differed, `noise` that legacy itself did.

    `fields` counts those of the route: alpha is the route's, so that many clean fields raise no more alarms than one.
    """
    alarm = log(max(fields, 1) / ALPHA)
    field = replace(field, asked=field.asked + 1, noise=_add(field.noise, _SELF, hit=noise))
    if log_mean(field.noise) >= alarm:
        field = replace(field, noise=(0.0,) * len(_SELF_MORE_OFTEN), noisy_until=at + LASTS)
    return field if raw == noise else _discord(field, raw=raw, at=at, alarm=alarm)


def ask_many(field: Field, counts: Counts, *, at: float, fields: int = 1) -> Field:
    """After several such requests at once: looking less often is allowed, and finds what is there a little later."""
    alarm = log(max(fields, 1) / ALPHA)
    agreed = counts.asked - counts.raw_only - counts.noise_only - counts.both
    hits = counts.noise_only + counts.both
    noise = _add_many(field.noise, _SELF, hits, agreed + counts.raw_only)
    field = replace(field, asked=field.asked + counts.asked, noise=noise)
    if log_mean(noise) >= alarm:
        field = replace(field, noise=(0.0,) * len(_SELF_MORE_OFTEN), noisy_until=at + LASTS)
    sign = _add_many(field.sign, _SIGN, counts.raw_only, counts.noise_only)
    regressed = at if field.regressed_at is None and log_mean(sign) >= alarm else field.regressed_at
    discordant = field.discordant + counts.raw_only + counts.noise_only
    return replace(field, sign=sign, discordant=discordant, regressed_at=regressed)


def _add_many(logs: Logs, steps: tuple[Logs, Logs], hits: int, misses: int) -> Logs:
    return tuple(old + hits * hit + misses * miss for old, hit, miss in zip(logs, *steps, strict=True))


def _discord(field: Field, *, raw: bool, at: float, alarm: float) -> Field:
    sign = _add(field.sign, _SIGN, hit=raw)
    regressed = at if field.regressed_at is None and log_mean(sign) >= alarm else field.regressed_at
    return replace(field, sign=sign, discordant=field.discordant + 1, regressed_at=regressed)


def _add(logs: Logs, steps: tuple[Logs, Logs], *, hit: bool) -> Logs:
    return tuple(old + step for old, step in zip(logs, steps[0] if hit else steps[1], strict=True))


def noisy(fields: Iterable[Field], now: float, said: Mapping[str, bool] | None = None) -> frozenset[str]:
    """The paths whose values are excused now. `said` is the operator's word: noisy (True) or never (False)."""
    words = said or {}
    found = {field.path for field in fields if field.noisy_until > now}
    return frozenset(
        (found | {path for path, word in words.items() if word}) - {p for p, word in words.items() if not word}
    )
