"""Which paths legacy does not repeat: counts of all replicas → findings that are kept, and what is noise now.

Rule 1: whoever leads moves the findings on by what was counted since; everybody else reads them.
Rule 2: a deploy of either side begins the sign test anew; what is known of legacy's own noise stays until it expires.
Rule 3: a path at which new was proved to be worse than legacy is never excused, however noisy; only an operator may.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf

from proxy.core.evidence import NoiseCount, NoiseFinding
from proxy.core.judge.noise import Counts, Field, ask_many, noisy
from proxy.core.parity.fold import EVERY_PATH
from proxy.core.parity.rules import NoiseWord

NOISY, REGRESSION = "noisy", "regression"
_NEVER = -1.0
_NO_COUNTS = Counts(0, 0, 0, 0)
_LEAD = 10
"""Numbers of a finding before those of its tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One path: its tests, the epoch of the sign test, and the counts that went in."""

    field: Field
    epoch: int
    counted: Counts = _NO_COUNTS


def read(findings: Iterable[NoiseFinding]) -> dict[str, State]:
    """States by path; a finding of another version is passed over, and so begun anew."""
    return {each.path: _state(each) for each in findings if len(each.numbers) == _LEAD - 1 + len(_fresh(each.path))}


def step(states: Mapping[str, State], counts: Iterable[NoiseCount], epoch: int, now: float) -> tuple[NoiseFinding, ...]:
    """The findings that changed by what was counted since."""
    by_path = {each.path: each for each in counts}
    every = by_path.pop(EVERY_PATH, None)
    route, asked = ("", 0) if every is None else (every.route, every.asked)
    changed = []
    for path, count in by_path.items():
        before = states.get(path) or State(field=Field(path=path), epoch=epoch)
        total = Counts(asked, count.raw_only, count.noise_only, count.both)
        if total != before.counted or before.epoch != epoch:
            changed.append(_finding(route, _moved(before, total, epoch, now, len(by_path)), now))
    return tuple(changed)


def noisy_paths(states: Iterable[State], words: Iterable[NoiseWord], now: float) -> frozenset[str]:
    """What is noise now."""
    said = {word.path: word.noisy for word in words if word.until is None or now < word.until}
    fields = [each.field for each in states if not each.field.is_regression]
    return noisy(fields, now, said)


def _moved(before: State, total: Counts, epoch: int, now: float, fields: int) -> State:
    field = before.field
    if before.epoch != epoch:
        field = replace(field, sign=Field(path="").sign, discordant=0, regressed_at=None)
    since = Counts(*(max(new - old, 0) for new, old in zip(total, before.counted, strict=True)))
    return State(field=ask_many(field, since, at=now, fields=fields), epoch=epoch, counted=total)


def _fresh(path: str) -> tuple[float, ...]:
    field = Field(path=path)
    return (*field.sign, *field.noise)


def _finding(route: str, state: State, now: float) -> NoiseFinding:
    field = state.field
    regressed = _NEVER if field.regressed_at is None else field.regressed_at
    until = None if field.noisy_until == -inf else field.noisy_until
    lead = (state.epoch, *state.counted, field.discordant, field.asked, regressed, _NEVER if until is None else until)
    decided = REGRESSION if field.is_regression else NOISY if until is not None and until > now else ""
    numbers = tuple(float(each) for each in (*lead, *field.sign, *field.noise))
    return NoiseFinding(route=route, path=field.path, numbers=numbers, decided=decided, until=until, updated=now)


def _state(finding: NoiseFinding) -> State:
    epoch, asked, raw, noise, both, discordant, asks, regressed, until, *logs = finding.numbers
    signs = len(Field(path="").sign)
    field = Field(
        path=finding.path,
        sign=tuple(logs[:signs]),
        noise=tuple(logs[signs:]),
        discordant=int(discordant),
        asked=int(asks),
        regressed_at=None if regressed == _NEVER else regressed,
        noisy_until=-inf if until == _NEVER else until,
    )
    return State(field=field, epoch=int(epoch), counted=Counts(int(asked), int(raw), int(noise), int(both)))
