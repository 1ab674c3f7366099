"""How one key stands, decided from what all replicas counted of it.

Rule 1: what holds a key outranks all else, as long as the epoch lasts: a comparer's finding, or the sign test.
Rule 2: a clock's values are excused one by one; a noisy key's because legacy does not repeat them, for a week from the
        last proof on. What is known of legacy's own noise outlasts an epoch.
Rule 3: a key of which nothing is known for too long is open: it counts until noise is proved. So is one that seldom
        differs, since the sides agree there most of the time, and one whose times legacy has stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf

from proxy.core.noise.key_state import KeyState
from proxy.core.noise.measure import HOLDING, TRIALS, Measure
from proxy.core.noise.proof import FEWEST, LASTS, Trials, alarm, noise_evidence, sign_evidence

PATIENCE, ENOUGH = 3600.0, 100
"""Seconds and comparisons after which a key of which nothing is known is open."""
SELDOM, SELDOM_OF = 0.25, 50
"""The share of so many comparisons below which a key differs seldom."""
RENEWED = 3600.0
"""Seconds after a proof of noise from which on it may be renewed."""
_NOTHING = Trials(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCounts:
    """What was counted. `trials` over all epochs, the rest in this one; `found` are findings with their numbers.

    Of `compared` answers of the route since it has keys, `differed` differed at this one, `instants` in an instant.
    `raw_only`, `noise_only`: see the sign test.
    """

    trials: Mapping[Measure, Trials] = field(default_factory=dict)
    raw_only: int = 0
    noise_only: int = 0
    compared: int = 0
    differed: int = 0
    instants: int = 0
    found: Mapping[Measure, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStanding:
    """What is kept of a key; times in unix seconds. Those of an epoch begin anew with the next one.

    `since` and `compared` are when it was first seen in this epoch, and how many answers had been compared then.
    `proved` are the trials that went into the last proof of noise, which holds until `noisy_until`.
    """

    epoch: int
    since: float
    compared: int
    regressed_at: float | None = None
    noisy_until: float = -inf
    proved: Mapping[Measure, Trials] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRuling:
    """The state of a key, by which finding, and that finding's number; without a finding by what was counted."""

    state: KeyState
    by: Measure | None = None
    number: float = 0.0
    is_regression: bool = False


def moved(before: KeyStanding | None, counts: KeyCounts, epoch: int, keys: int, now: float) -> KeyStanding:
    """How it stands after these counts; `keys` are those of the route, which share the chance of an error."""
    seen_before = counts.compared - counts.differed
    if before is None:
        before = KeyStanding(epoch=epoch, since=now, compared=seen_before)
    elif before.epoch != epoch:
        before = replace(before, epoch=epoch, since=now, compared=seen_before, regressed_at=None)
    if before.regressed_at is None and sign_evidence(counts.raw_only, counts.noise_only) >= alarm(keys):
        before = replace(before, regressed_at=now)
    if counts.differed < FEWEST or now < before.noisy_until - LASTS + RENEWED:
        return before
    if noise_evidence(_since(before.proved, counts.trials)) < alarm(keys):
        return before
    return replace(before, noisy_until=now + LASTS, proved=dict(counts.trials))


def _since(proved: Mapping[Measure, Trials], trials: Mapping[Measure, Trials]) -> dict[Measure, Trials]:
    """What was tried after the last proof; where old epochs were forgotten, all that is left."""
    found = {}
    for measure in TRIALS:
        now, then = trials.get(measure, _NOTHING), proved.get(measure, _NOTHING)
        found[measure] = Trials(now.asked - then.asked, now.hits - then.hits) if now.asked >= then.asked else now
    return found


def ruled(standing: KeyStanding, counts: KeyCounts, now: float) -> KeyRuling:
    """The state of a key by the module's rules."""
    holding = next((measure for measure in Measure if measure in HOLDING and measure in counts.found), None)
    if holding is not None:
        return KeyRuling(state=KeyState.HELD, by=holding, number=counts.found[holding])
    if standing.regressed_at is not None:
        return KeyRuling(state=KeyState.HELD, is_regression=True)
    if Measure.CLOCK in counts.found and Measure.STORED not in counts.found:
        return KeyRuling(state=KeyState.CLOCK, by=Measure.CLOCK, number=counts.found[Measure.CLOCK])
    if standing.noisy_until > now:
        return KeyRuling(state=KeyState.NOISY)
    if Measure.STORED in counts.found:
        return KeyRuling(state=KeyState.OPEN, by=Measure.STORED)
    return KeyRuling(state=KeyState.OPEN if _is_open(standing, counts, now) else KeyState.WAITS)


def _is_open(standing: KeyStanding, counts: KeyCounts, now: float) -> bool:
    compared = counts.compared - standing.compared
    if not counts.differed:
        return False
    if now - standing.since >= PATIENCE and compared >= ENOUGH:
        return True
    is_timed = counts.instants * 2 > counts.differed
    return not is_timed and compared >= SELDOM_OF and counts.differed < SELDOM * compared
