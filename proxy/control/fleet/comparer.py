"""What control knows of the comparer: how it is, what it sent, and what it is told of noise.

Rule 1: there is one; while another is born the old one's last words stay, and its counters begin anew.
Rule 2: what it sends is handed on at once; nothing is kept here but counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned
from proxy.link.messages import BadDelta, ComparedDelta, Comparer, Evidence, Noise, frame

REMIND = 10
"""After so many words of the comparer it is told again what is noise: what was told before may have been lost."""


class Heard(Protocol):
    """Its link."""

    def mention(self, data: bytes) -> None:
        """Send what may be lost."""


class Comparing:
    """`state` is what the comparer last said of itself, None while there is none; `bad_lost` counts events not told."""

    def __init__(self) -> None:
        """Until `hand_on` is set, evidence is dropped."""
        self.state: Comparer | None = None
        self.hand_on: Callable[[bytes], None] = _drop
        self.bad_events: Callable[[list[BadDelta]], None] = _drop
        self.compared: Callable[[list[ComparedDelta]], None] = _drop
        self.bad_lost = 0
        self._link: Heard | None = None
        self._noise = frame(Noise({}))
        self._heard = 0
        self._pid = 0
        self._before: dict[str, int] = {}
        self._sheds: dict[str, int] = {}

    @property
    def sheds(self) -> Mapping[str, int]:
        """Pairs by reason that nobody compared, over all comparers that there were."""
        return self._sheds

    def hear(self, link: Heard, state: Comparer) -> None:
        """The comparer speaks; the first time, and now and then, it is told what is noise."""
        if self._link is not link:
            self._link, self._heard = link, 0
        if state.pid != self._pid:
            self._pid, self._before = state.pid, {}
        if self._heard % REMIND == 0:
            link.mention(self._noise)
        self._heard += 1
        for reason, count in state.shed.items():
            self._sheds[reason] = self._sheds.get(reason, 0) + max(count - self._before.get(reason, 0), 0)
        self._before = state.shed
        self.state = state

    def left(self, link: object) -> None:
        """A link has ended; whose does not matter here unless it is the comparer's."""
        if link is self._link:
            self._link, self.state = None, None

    def take(self, evidence: Evidence) -> None:
        """What was found."""
        self.bad_lost += evidence.bad_lost
        self.hand_on(evidence.parts)
        if evidence.bad:
            self.bad_events(evidence.bad)
        if evidence.compared:
            self.compared(evidence.compared)

    def tell(self, learned: Mapping[str, Learned]) -> None:
        """By route what is known of its keys."""
        states = {route: _words(each.states) for route, each in sorted(learned.items()) if each.states}
        lags = {route: dict(sorted(each.lags.items())) for route, each in sorted(learned.items()) if each.lags}
        epochs = {route: each.epoch for route, each in sorted(learned.items()) if each.epoch and each.states}
        lasting = {route: _words(each.lasting) for route, each in sorted(learned.items()) if each.lasting}
        said = frame(Noise(states, lags, epochs, lasting))
        if said != self._noise:
            self._noise = said
            if self._link is not None:
                self._link.mention(said)


def _words(states: Mapping[str, KeyState]) -> dict[str, str]:
    return {key: state.value for key, state in sorted(states.items())}


def _drop(_: object) -> None:
    """Nobody listens."""
