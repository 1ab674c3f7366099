"""What an operator is told."""

from __future__ import annotations

import pytest

from proxy.core.noise.key_standing import KeyCounts, KeyRuling
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.measure import HOLDING, Measure
from proxy.core.noise.proof import Trials
from proxy.core.noise.sentence import line, reordered, sentence, unknown, within_reordered

COUNTS = KeyCounts(compared=412, differed=412, raw_only=40, noise_only=1)
TRIED = KeyCounts(compared=412, differed=100, trials={Measure.GAP_1: Trials(20, 4)})


@pytest.mark.parametrize(
    ("ruling", "counts", "said"),
    [
        (KeyRuling(state=KeyState.HELD, by=Measure.OFF, number=1.0), COUNTS, "new is +1.0 s off"),
        (KeyRuling(state=KeyState.HELD, by=Measure.RATIO, number=1.01), COUNTS, "new is always 1.010 times legacy"),
        (
            KeyRuling(state=KeyState.HELD, by=Measure.RATIO, number=1.0),
            COUNTS,
            "new is always in one proportion to legacy, less than 0.1 % beside it",
        ),
        (
            KeyRuling(state=KeyState.HELD, by=Measure.APART),
            COUNTS,
            "new is always beside legacy by the same, less than 0.001",
        ),
        (
            KeyRuling(state=KeyState.HELD, is_regression=True),
            COUNTS,
            "new differs 40 times where legacy repeats itself, the other way 1",
        ),
        (KeyRuling(state=KeyState.CLOCK, by=Measure.CLOCK), COUNTS, "it is the present"),
        (KeyRuling(state=KeyState.CLOCK, by=Measure.CLOCK, number=900.0), COUNTS, "it is always +900 s from now"),
        (KeyRuling(state=KeyState.NOISY), TRIED, "legacy does not repeat it: another value in 4 of 20 repeats"),
        (
            KeyRuling(state=KeyState.OPEN, by=Measure.STORED),
            TRIED,
            "legacy's times there are stored, and new's are others",
        ),
        (
            KeyRuling(state=KeyState.OPEN),
            TRIED,
            "differs in 100 of 412; nothing proves that it is noise (another value in 4 of 20 repeats)",
        ),
    ],
)
def test_sentences(ruling: KeyRuling, counts: KeyCounts, said: str) -> None:
    """Each state says why, with its numbers."""
    assert sentence("$.a", ruling, counts) == said


def test_a_list_in_another_order_says_what_to_write() -> None:
    """A rule for the list, and before it none for its elements."""
    assert "keyed: [{ path: $.items, key: …, reason: …" in reordered("$.items")
    assert within_reordered("$.items").startswith("$.items stands in another order as well: say `keyed`")


def test_what_waits_says_what_to_write() -> None:
    """Either way, and what would have to happen for Banyan to find out."""
    waits = KeyRuling(state=KeyState.WAITS)

    assert sentence("$.a", waits, COUNTS) == (
        "looks generated: differs in 412 of 412; no request came twice within a minute, so legacy cannot be told from "
        "itself. If it is noise: `compare: { noisy: [{ path: $.a, reason: …, owner: …, until: … }] }`; "
        "if not, the same with `exact`"
    )
    assert "; too much else there looks like it" in sentence("$[*] ~ <n> ms", waits, COUNTS)
    assert unknown("$.a") == f"it differs, and whether legacy would repeat it is not known yet. {line('$.a')}"
    assert "; another value in 4 of 20 repeats prove nothing yet. If" in sentence("$.a", waits, TRIED)


@pytest.mark.parametrize(
    ("key", "path"),
    [("$[*] ~ Took <n> ms", "'$[*]'"), ("$['it''s']", "'$[''it''''s'']'"), ("header:X-Id", "header:X-Id")],
)
def test_the_line_names_the_path_as_yaml(key: str, path: str) -> None:
    """Quoted where it has to be, without the skeleton."""
    assert f"path: {path}," in line(key)


def test_everything_that_holds_has_a_sentence() -> None:
    """Nothing is held without a reason that can be read."""
    said = [sentence("$.a", KeyRuling(state=KeyState.HELD, by=measure, number=1.5), COUNTS) for measure in HOLDING]

    assert all(said)
    assert len(set(said)) == len(HOLDING)
