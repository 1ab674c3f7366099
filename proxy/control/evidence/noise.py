"""How each key of a route stands: counts of all replicas → findings that are kept, and what is known now.

Rule 1: whoever leads moves the findings on by what was counted since; everybody else reads them.
Rule 2: a finding is written when something is decided; the sentence of one that waits at most once a minute.
Rule 3: the operator's word outranks whatever was found.
Rule 4: what is not legacy's own noise is told with its epoch, and holds in no other.
Rule 5: of a loose key (`proxy.core.noise.keys`) no repeat proves noise; all else is found out as of any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf

from proxy.core.evidence.records import Epoch, NoiseCount, NoiseFinding
from proxy.core.noise.key_standing import KeyCounts, KeyStanding, moved, ruled
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.keys import is_loose, path_of
from proxy.core.noise.measure import EVERY_KEY, TRIALS, Measure, number_of
from proxy.core.noise.memory import Learned
from proxy.core.noise.proof import LASTS, Trials
from proxy.core.noise.sentence import sentence
from proxy.core.parity.rules.rules import NoiseWord

REGRESSION = "regression"
SENTENCES = 60.0
"""Seconds after which the sentence of a key that waits is written anew."""
_NEVER = -1.0
_LEAD = 6
"""Numbers of a finding before those of its trials."""
_LENGTH = _LEAD + 2 * len(TRIALS) + 1
_NO_TRIALS = Trials(0, 0)


def step(
    findings: Iterable[NoiseFinding], counts: Iterable[NoiseCount], epoch: int, now: float
) -> tuple[NoiseFinding, ...]:
    """The findings that changed by what was counted since."""
    before = {finding.path: finding for finding in findings}
    tables = _tables(counts, epoch)
    every = tables.pop(EVERY_KEY, _Table())
    changed = []
    for key, table in tables.items():
        known = before.get(key)
        if known is None and not table.epoch and not table.raw_only:
            continue  # only legacy differs there, from itself
        after = _moved(
            key, known, _counts(table, every), _Moment(route=table.route, epoch=epoch, keys=len(tables), now=now)
        )
        if known is None or _says_more(known, after):
            changed.append(after)
    return tuple(changed)


def learned(
    findings: Iterable[NoiseFinding], words: Iterable[NoiseWord], now: float, epoch: Epoch | None = None
) -> Learned:
    """What is known of a route's keys; a word is about a path and all its keys. Without an `epoch` it is of any."""
    said = {word.path: KeyState.NOISY if word.noisy else KeyState.HELD for word in words if _holds(word, now)}
    states, lasting, lags = dict(said), dict(said), {}
    for finding in findings:
        lasts = _lasting(finding, now)
        state = _state(finding, now) if epoch is None or _is_of(finding, epoch) else lasts
        word = said.get(path_of(finding.path))
        states[finding.path], lasting[finding.path] = (state, lasts) if word is None else (word, word)
        if state is KeyState.CLOCK and len(finding.numbers) == _LENGTH:
            lags[finding.path] = finding.numbers[_LEAD - 1]
    return Learned(
        states=_known(states),
        lags={key: lag for key, lag in lags.items() if lag},
        epoch="" if epoch is None else epoch.mark,
        lasting=_known(lasting),
    )


def _holds(word: NoiseWord, now: float) -> bool:
    return word.until is None or now < word.until


def _known(states: dict[str, KeyState]) -> dict[str, KeyState]:
    return {key: state for key, state in states.items() if state is not KeyState.WAITS}


def _is_of(finding: NoiseFinding, epoch: Epoch) -> bool:
    """Whether it was moved on in this epoch; until then all else of it is about another version."""
    return len(finding.numbers) == _LENGTH and finding.numbers[0] == epoch.number


def _lasting(finding: NoiseFinding, now: float) -> KeyState:
    """What is known of it in whatever epoch: that legacy does not repeat it."""
    return KeyState.NOISY if finding.until is not None and now < finding.until else KeyState.WAITS


def _state(finding: NoiseFinding, now: float) -> KeyState:
    """Of a finding of another version nothing is known."""
    if finding.until is not None and finding.until <= now and finding.decided == KeyState.NOISY:
        return KeyState.WAITS
    words = {REGRESSION: KeyState.HELD} | {state.value: state for state in KeyState}
    return words.get(finding.decided, KeyState.WAITS)


def asked(finding: NoiseFinding) -> int:
    """In how many requests legacy was seen to answer twice, so far."""
    return int(finding.numbers[-1]) if len(finding.numbers) == _LENGTH else 0


def since(finding: NoiseFinding) -> float:
    """Since when it stands so, in unix seconds: the last proof of noise or of a regression, else its first difference
    in this epoch.
    """
    standing = _standing(finding)
    if standing is None:
        return finding.updated
    if finding.decided == REGRESSION and standing.regressed_at is not None:
        return standing.regressed_at
    is_noisy = finding.decided == KeyState.NOISY and finding.until is not None
    return finding.until - LASTS if is_noisy and finding.until is not None else standing.since


@dataclass(slots=True)
class _Table:
    """What was counted of one key."""

    route: str = ""
    trials: dict[Measure, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    raw_only: int = 0
    noise_only: int = 0
    epoch: dict[Measure, NoiseCount] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    route: str
    epoch: int
    keys: int
    now: float


def _tables(counts: Iterable[NoiseCount], epoch: int) -> dict[str, _Table]:
    tables: dict[str, _Table] = defaultdict(_Table)
    for count in counts:
        if count.measure not in _KNOWN:
            continue
        table, measure = tables[count.path], Measure(count.measure)
        table.route = count.route
        if measure in TRIALS:
            table.trials[measure][0] += count.asked
            table.trials[measure][1] += count.both + (count.noise_only if measure is Measure.SECOND else 0)
        if count.epoch != epoch:
            continue
        if measure in TRIALS:
            table.raw_only += count.raw_only
            table.noise_only += count.noise_only
        else:
            table.epoch[measure] = count
    return tables


_KNOWN = frozenset(Measure)


def _counts(table: _Table, every: _Table) -> KeyCounts:
    """`every` says how often was asked, the key's own how often that hit."""
    differed, compared = table.epoch.get(Measure.DIFFERED), every.epoch.get(Measure.COMPARED)
    found: dict[Measure, float] = {
        measure: number_of(each.asked, each.raw_only, each.noise_only)
        for measure, each in table.epoch.items()
        if measure is not Measure.DIFFERED
    }
    return KeyCounts(
        trials={each: Trials(every.trials[each][0], table.trials[each][1]) for each in TRIALS},
        raw_only=table.raw_only,
        noise_only=table.noise_only,
        compared=0 if compared is None else compared.asked,
        differed=0 if differed is None else differed.raw_only,
        instants=0 if differed is None else differed.both,
        found=found,
    )


def _says_more(before: NoiseFinding, after: NoiseFinding) -> bool:
    if (before.decided, before.until, before.numbers[:-1]) != (after.decided, after.until, after.numbers[:-1]):
        return True
    return before.why != after.why and after.updated - before.updated >= SENTENCES


def _moved(key: str, before: NoiseFinding | None, counts: KeyCounts, moment: _Moment) -> NoiseFinding:
    before_that = None if before is None else _standing(before)
    proving = replace(counts, trials={}) if is_loose(key) else counts
    standing = moved(before_that, proving, moment.epoch, moment.keys, moment.now)
    ruling = ruled(standing, counts, moment.now)
    regressed = _NEVER if standing.regressed_at is None else standing.regressed_at
    until = None if standing.noisy_until == -inf else standing.noisy_until
    proved = [float(number) for each in TRIALS for number in standing.proved.get(each, _NO_TRIALS)]
    lead = (standing.epoch, standing.since, standing.compared, regressed, _NEVER if until is None else until)
    asked = sum(trial.asked for trial in counts.trials.values())
    decided = REGRESSION if ruling.is_regression else "" if ruling.state is KeyState.WAITS else ruling.state.value
    return NoiseFinding(
        route=moment.route,
        path=key,
        numbers=(*map(float, lead), ruling.number, *proved, float(asked)),
        decided=decided,
        until=until,
        updated=moment.now,
        why=sentence(key, ruling, counts),
    )


def _standing(finding: NoiseFinding) -> KeyStanding | None:
    """None for one of another version, which so begins anew."""
    if len(finding.numbers) != _LENGTH:
        return None
    epoch, since, compared, regressed, until, _, *proved, _ = finding.numbers
    pairs = zip(proved[::2], proved[1::2], strict=True)
    return KeyStanding(
        epoch=int(epoch),
        since=since,
        compared=int(compared),
        regressed_at=None if regressed == _NEVER else regressed,
        noisy_until=-inf if until == _NEVER else until,
        proved={each: Trials(int(asked), int(hits)) for each, (asked, hits) in zip(TRIALS, pairs, strict=True)},
    )
