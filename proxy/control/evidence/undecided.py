"""Undecided tallies of one epoch: added up as minutes end, and judged again by what is known of their keys now.

Rule 1: nothing is rewritten. At each look a tally comes to what its group comes to, under its own minute.
Rule 2: ended minutes are added up by spans of ten; what is older than an hour before the newest minute, in one. What
        was found before evidence began stays apart from what came after.
Rule 3: there is room for so many sums. Beyond it the hour is forgotten first; then the oldest lose their group, and so
        count as mismatches (`noise.groups`, rule 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from proxy.core.evidence.records import OTHER, EvidenceTally, KeyGroup
from proxy.core.noise.key_state import EXCUSED, Decided, KeyState
from proxy.core.noise.noise_groups import UNKNOWN, GroupVerdict, Waiting, marked, read, verdict
from proxy.core.parity.compare import Outcome

SPAN, HOUR = 10, 60
"""Minutes."""
MOST, MOST_IN_ALL, FEWEST = 1_000, 20_000, 50
"""Sums of one route; of all routes together; and what a route has room for however many there are."""
Verdicts = Mapping[str, GroupVerdict]
_OUTCOMES = {
    Decided.IGNORED: Outcome.IGNORED,
    Decided.MISMATCH: Outcome.MISMATCH,
    Decided.UNDECIDED: Outcome.UNDECIDED,
}


def room(routes: int) -> int:
    """How many sums each of so many routes may have."""
    return min(max(MOST_IN_ALL // max(routes, 1), FEWEST), MOST)


def verdicts(groups: Iterable[KeyGroup], states: Mapping[str, KeyState]) -> Verdicts:
    """What each group comes to now."""
    return {group.id: verdict(group.keys, states) for group in groups}


def judged_again(tallies: Iterable[EvidenceTally], known: Verdicts) -> Iterator[EvidenceTally]:
    """Undecided tallies with the outcome that they have now; one that is decided says no group any more."""
    for tally in tallies:
        group, rest = read(tally.why)
        yield replace(tally, outcome=_OUTCOMES[known.get(group, UNKNOWN).decided], why=rest)


def unproved(tallies: Iterable[EvidenceTally], known: Verdicts) -> int:
    """How many comparisons of undecided tallies are mismatches that nobody has proved, repeated requests left out."""
    found = ((tally.count, *read(tally.why)) for tally in tallies)
    return sum(count for count, group, rest in found if not rest and _is_unproved(known.get(group, UNKNOWN)))


def _is_unproved(known: GroupVerdict) -> bool:
    return known.decided is Decided.MISMATCH and not known.proved


def waiting(counts: Mapping[str, int], of: int, groups: Iterable[KeyGroup], states: Mapping[str, KeyState]) -> Waiting:
    """From the comparisons of the last hour by group, out of `of` in all."""
    keys: Counter[str] = Counter()
    answers = 0
    for each, count in ((group, counts[group.id]) for group in groups if group.id in counts):
        known = verdict(each.keys, states)
        if known.decided is Decided.UNDECIDED or _is_unproved(known):
            answers += count
            for key in each.keys:
                if states.get(key) not in EXCUSED:
                    keys[key] += count
    named = sorted(keys, key=lambda key: (-keys[key], key))
    return Waiting(answers=answers, of=of, keys=tuple(named))


class Undecided:
    """What has ended; `sums` are tallies whose minute says only whether evidence had begun, and the hour."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sums: dict[EvidenceTally, int] = {}
        self._compared: Counter[int] = Counter()

    @property
    def sums(self) -> Iterator[EvidenceTally]:
        """Tallies, those met first first."""
        return (replace(each, count=count) for each, count in self._sums.items())

    def add(self, tallies: Iterable[EvidenceTally], judged_from: int) -> None:
        """Minutes that have ended, all their tallies."""
        for tally in tallies:
            minute = _span(tally.minute, judged_from)
            if tally.outcome is not Outcome.INCOMPARABLE and tally.minute >= judged_from:
                self._compared[minute] += tally.count
            if tally.outcome is Outcome.UNDECIDED:
                self._put(replace(tally, minute=minute, count=0), tally.count)

    def settle(self, newest: int, judged_from: int, most: int) -> None:
        """Join what is older than an hour before the minute `newest`, and keep within the room."""
        self._join(newest - HOUR, judged_from)
        self._compared = Counter({at: count for at, count in self._compared.items() if at > newest - HOUR})
        if len(self._grouped()) > most:
            self._join(newest, judged_from)
        grouped = self._grouped()
        for each in grouped[: max(len(grouped) - most, 0)]:
            _, rest = read(each.why)
            nobodys = replace(each, shape=OTHER, kind=None, severity=None, why=marked("", rest))
            self._put(nobodys, self._sums.pop(each))

    @property
    def compared(self) -> int:
        """Comparisons of the hour that came to something, or may do so."""
        return self._compared.total()

    def forget_hour(self) -> None:
        """Evidence begins anew: the last hour's comparisons and waits count no more."""
        self._compared.clear()

    def _grouped(self) -> list[EvidenceTally]:
        """Those that have a group."""
        return [each for each in self._sums if read(each.why)[0]]

    def _put(self, named: EvidenceTally, count: int) -> None:
        self._sums[named] = self._sums.get(named, 0) + count

    def _join(self, until: int, judged_from: int) -> None:
        """Everything up to that minute is of one span: that before evidence began, or the one after."""
        old = [each for each in self._sums if each.minute <= until]
        if not old:
            return
        kept = self._sums
        self._sums = {}
        for each, count in kept.items():
            joined = judged_from if each.minute >= judged_from else 0
            self._put(replace(each, minute=joined) if each.minute <= until else each, count)


def _span(minute: int, judged_from: int) -> int:
    """The first minute of its span, or of the part of it that is evidence."""
    first = minute - minute % SPAN
    return max(first, judged_from) if minute >= judged_from else first
