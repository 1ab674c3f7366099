from __future__ import annotations

import pytest

from proxy.core.judge.legacy import DOWN_LASTS, IN_A_ROW, UP_LASTS, Legacy, LegacyHealth, heard, known

NOW = 1_000_000.0
PROBES = [LegacyHealth.UP, LegacyHealth.UNKNOWN, LegacyHealth.DOWN]


@pytest.mark.parametrize("probe", PROBES)
def test_of_a_legacy_that_was_never_heard_the_probe_is_believed(probe: LegacyHealth) -> None:
    """Without a probe nothing is known, which is not down."""
    assert known(Legacy(), probe, NOW) is probe


@pytest.mark.parametrize("probe", PROBES)
def test_a_good_answer_outranks_a_probe_for_a_while(probe: LegacyHealth) -> None:
    """Then the probe is believed again."""
    legacy = heard(Legacy(row=9, at=NOW - 1), 1, 5, NOW)

    assert known(legacy, probe, NOW + UP_LASTS) is LegacyHealth.UP
    assert known(legacy, probe, NOW + UP_LASTS + 1) is probe


@pytest.mark.parametrize("probe", PROBES)
def test_failed_answers_in_a_row_say_that_it_is_down(probe: LegacyHealth) -> None:
    """Also where a probe is good: what the route asks may need what a probe does not."""
    legacy = Legacy()
    for number in range(IN_A_ROW):
        legacy = heard(legacy, 0, 1, NOW + number)
    few = heard(heard(Legacy(), 1, 0, NOW), 0, IN_A_ROW - 1, NOW)

    assert known(legacy, probe, NOW + IN_A_ROW) is LegacyHealth.DOWN
    assert known(legacy, probe, NOW + IN_A_ROW + DOWN_LASTS) is probe
    assert known(few, probe, NOW) is probe


def test_silence_changes_nothing() -> None:
    """No answer at all is not heard."""
    assert heard(Legacy(row=2, at=NOW), 0, 0, NOW + 5) == Legacy(row=2, at=NOW)
