"""How a key stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.noise.key_standing import ENOUGH, PATIENCE, RENEWED, KeyCounts, KeyRuling, KeyStanding, moved, ruled
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.measure import Measure
from proxy.core.noise.proof import LASTS, Trials

NOW = 1e9
SEEN = KeyCounts(compared=40, differed=40, trials={Measure.GAP_1: Trials(4, 4)})
STARTED = KeyStanding(epoch=1, since=NOW, compared=0)


def state(counts: KeyCounts, standing: KeyStanding = STARTED, now: float = NOW) -> KeyState:
    return ruled(standing, counts, now).state


def test_noise_is_proved_and_lasts_a_week() -> None:
    """From eight pairs on; after that it is waited for again."""
    standing = moved(None, SEEN, 1, 1, NOW)

    assert (standing.since, standing.compared, standing.noisy_until) == (NOW, 0, NOW + LASTS)
    assert state(SEEN, standing) is KeyState.NOISY
    assert state(SEEN, standing, NOW + LASTS) is not KeyState.NOISY
    assert moved(None, replace(SEEN, differed=7, compared=7), 1, 1, NOW).noisy_until < 0


def test_a_proof_is_renewed_by_what_was_tried_since() -> None:
    """Not by the same trials, nor within an hour; where epochs were forgotten, by all that is left."""
    first = moved(None, SEEN, 1, 1, NOW)
    more = replace(SEEN, trials={Measure.GAP_1: Trials(8, 8)})
    later = NOW + RENEWED

    assert moved(first, SEEN, 1, 1, later) == first
    assert moved(first, more, 1, 1, NOW + 60) == first
    assert moved(first, more, 1, 1, later).noisy_until == later + LASTS
    assert moved(moved(first, more, 1, 1, later), SEEN, 1, 1, later + RENEWED).noisy_until == later + RENEWED + LASTS


def test_a_regression_holds_until_the_next_epoch() -> None:
    """What is known of legacy's own noise stays."""
    worse = moved(None, replace(SEEN, raw_only=40), 1, 1, NOW)
    again = moved(worse, SEEN, 1, 1, NOW + 5)
    deployed = moved(again, replace(SEEN, compared=50, differed=10), 2, 1, NOW + 9)

    assert ruled(again, SEEN, NOW + 5) == KeyRuling(state=KeyState.HELD, is_regression=True)
    assert (deployed.epoch, deployed.since, deployed.compared, deployed.regressed_at) == (2, NOW + 9, 40, None)
    assert state(SEEN, deployed, NOW + 9) is KeyState.NOISY


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({Measure.CLOCK: 900.0}, KeyRuling(state=KeyState.CLOCK, by=Measure.CLOCK, number=900.0)),
        ({Measure.STORED: 0.0}, KeyRuling(state=KeyState.OPEN, by=Measure.STORED)),
        ({Measure.CLOCK: 0.0, Measure.STORED: 0.0}, KeyRuling(state=KeyState.OPEN, by=Measure.STORED)),
        ({Measure.CLOCK: 0.0, Measure.OFF: 1.0}, KeyRuling(state=KeyState.HELD, by=Measure.OFF, number=1.0)),
        ({}, KeyRuling(state=KeyState.WAITS)),
    ],
)
def test_findings_decide(found: dict[Measure, float], expected: KeyRuling) -> None:
    """What holds outranks a clock; stored times are no clock's."""
    assert ruled(STARTED, KeyCounts(found=found), NOW) == expected


def test_noise_outranks_stored_times_and_not_what_holds() -> None:
    """Legacy does not repeat them, so they are not stored."""
    noisy = replace(STARTED, noisy_until=NOW + 1)

    assert state(KeyCounts(found={Measure.STORED: 0.0}), noisy) is KeyState.NOISY
    assert state(KeyCounts(found={Measure.REPEATED: 0.0}), noisy) is KeyState.HELD


def test_patience_ends() -> None:
    """After an hour and a hundred comparisons a key is open, if it has differed."""
    long = replace(STARTED, since=NOW - PATIENCE)
    many = KeyCounts(compared=ENOUGH, differed=ENOUGH)

    assert state(many, long) is KeyState.OPEN
    assert state(many) is KeyState.WAITS
    assert state(replace(many, compared=ENOUGH - 1), long) is KeyState.WAITS
    assert state(replace(many, differed=0), long) is KeyState.WAITS


def test_a_key_that_seldom_differs_is_open_soon() -> None:
    """The sides agree there most of the time; of instants that says nothing, whole seconds seldom differ."""
    seldom = KeyCounts(compared=50, differed=12)

    assert state(seldom) is KeyState.OPEN
    assert state(replace(seldom, differed=13)) is KeyState.WAITS
    assert state(replace(seldom, instants=7)) is KeyState.WAITS
    assert state(replace(seldom, compared=49)) is KeyState.WAITS
