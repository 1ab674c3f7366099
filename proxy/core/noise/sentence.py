"""What an operator is told of a key, and the line to write if it is as Banyan thinks, or is not."""

from __future__ import annotations

import re

from proxy.core.noise.key_standing import KeyCounts, KeyRuling
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.keys import is_loose, path_of
from proxy.core.noise.measure import Measure

_HOLDING = {
    Measure.FORM: "new writes its times otherwise than legacy",
    Measure.OFF: "new is {:+.1f} s off",
    Measure.PRECISION: "new's times are of another precision than legacy's",
    Measure.FROZEN: "legacy says the same time again later: it is stored, new's is not that one",
    Measure.OUT_OF_STEP: "new's times are not as far from now as legacy's: {:+.1f} s off",
    Measure.REPEATED: "legacy says the same to the same request, and new another thing",
    Measure.SHARED: "legacy says the same to different requests, and new another thing",
    Measure.SENT_BACK: "clients send it back: new must take legacy's",
    Measure.STUCK: "new says the same again where legacy makes a new one",
    Measure.STATE: "new follows what legacy changes: it is state, no noise",
    Measure.APART: "new is always {:+g} beside legacy",
    Measure.RATIO: "new is always {:.3f} times legacy",
}
_PLAIN = re.compile(r"[$A-Za-z0-9_.:-]+")


def sentence(key: str, ruling: KeyRuling, counts: KeyCounts) -> str:
    """Why a key stands as it does, in a line."""
    if ruling.is_regression:
        return f"new differs {counts.raw_only} times where legacy repeats itself, the other way {counts.noise_only}"
    match ruling.state:
        case KeyState.HELD:
            return _holding(ruling)
        case KeyState.CLOCK:
            return "it is the present" if not ruling.number else f"it is always {ruling.number:+.0f} s from now"
        case KeyState.NOISY:
            return f"legacy does not repeat it: {_repeats(counts)}"
        case KeyState.OPEN if ruling.by is Measure.STORED:
            return "legacy's times there are stored, and new's are others"
        case KeyState.OPEN:
            return f"{_differs(counts)}; nothing proves that it is noise ({_repeats(counts)})"
        case _:
            return f"{_differs(counts)}; {_unproved(key, counts)}. {line(key)}"


def _holding(ruling: KeyRuling) -> str:
    """What is told in thousandths may be less than one."""
    told = (ruling.by, round(ruling.number, 3))
    if told == (Measure.APART, 0.0):
        return "new is always beside legacy by the same, less than 0.001"
    if told == (Measure.RATIO, 1.0):
        return "new is always in one proportion to legacy, less than 0.1 % beside it"
    return _HOLDING[ruling.by].format(ruling.number) if ruling.by in _HOLDING else ""


def unknown(key: str) -> str:
    """Of a key that differs, while nothing was counted of it yet."""
    return f"it differs, and whether legacy would repeat it is not known yet. {line(key)}"


def line(key: str) -> str:
    """What to write in routes.yaml, either way."""
    said = f"[{{ path: {_shown(path_of(key))}, reason: …, owner: …, until: … }}]"
    return f"If it is noise: `compare: {{ noisy: {said} }}`; if not, the same with `exact`"


def _shown(path: str) -> str:
    return path if _PLAIN.fullmatch(path) else "'" + path.replace("'", "''") + "'"


def reordered(path: str) -> str:
    """Of a list whose elements stand in another order."""
    return (
        "the same elements stand in another order. If that means nothing: `compare: { keyed: "
        f"[{{ path: {_shown(path)}, key: …, reason: …, owner: …, until: … }}] }}` pairs them by a member, "
        "the same with `unordered`, without key, by what they hold"
    )


def within_reordered(path: str) -> str:
    """Of what stands in such a list."""
    return f"{path} stands in another order as well: say `keyed` or `unordered` of it before anything of its elements"


def _differs(counts: KeyCounts) -> str:
    looks = "looks generated: differs" if counts.differed * 2 > counts.compared else "differs"
    return f"{looks} in {counts.differed} of {max(counts.compared, counts.differed)}"


def _repeats(counts: KeyCounts) -> str:
    asked, hits = (sum(trial[place] for trial in counts.trials.values()) for place in (0, 1))
    return f"another value in {hits} of {asked} repeats"


def _unproved(key: str, counts: KeyCounts) -> str:
    if is_loose(key):
        return "too much else there looks like it for repeats to prove that it is noise"
    if not any(trial.asked for trial in counts.trials.values()):
        return "no request came twice within a minute, so legacy cannot be told from itself"
    return f"{_repeats(counts)} prove nothing yet"
