"""Requests whose token names a key that this worker does not know yet: held until control has asked for it.

Rule 1: control is asked once for all that wait for a set, and again after a while, should they still wait.
Rule 2: a request is looked at again whenever key sets come; it waits on until its own set was asked for since its key
        was first seen, and is then answered whatever came of that. One that waits in vain gets 503: nobody can say that
        its token is bad.
Rule 3: so many may wait at once in a worker; the next is not held, and gets that 503 at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from time import monotonic
from typing import Final

from proxy.edge.auth.missing_keys import MissingKey, MissingKeys
from proxy.edge.routing.step import LocalAnswer, Wait

MOST: Final = 64
WITHIN: Final = 2.0
"""Seconds."""
AGAIN_AFTER: Final = 1.0
"""Seconds after which control is asked again for a set, if somebody wants a key of it then."""

Look = Callable[[bool], "tuple[LocalAnswer | None] | None"]
"""Looks at a request again: what becomes of it (None within: it goes on), or None: it is not known yet, and with True
it has to be.
"""


class _Held:
    __slots__ = ("look", "since", "source", "wait")

    def __init__(self, source: str, since: float, look: Look, wait: Wait) -> None:
        self.source = source
        self.since = since
        self.look = look
        self.wait = wait


class KeyWaits:
    """One worker's."""

    __slots__ = ("_asked", "_clock", "_held", "_next", "ask", "missing")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Nobody waits; `ask` is to be set to what asks control for a set's keys."""
        self.ask: Callable[[str], None] = _nobody
        self.missing = MissingKeys()
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._held: dict[int, _Held] = {}
        self._next = 0

    def __len__(self) -> int:
        """How many requests wait."""
        return len(self._held)

    def want(self, source: str) -> None:
        """Have control look at a set, unless it was asked just now."""
        now = self._clock()
        if now - self._asked.get(source, float("-inf")) >= AGAIN_AFTER:
            self._asked[source] = now
            self.ask(source)

    def hold(self, key: MissingKey, look: Look, late: LocalAnswer) -> Wait | None:
        """Have a request wait for this key; None: there is no room (rule 3). `late` is for rule 2."""
        self.want(key.source)
        if len(self._held) >= MOST:
            return None
        self._next += 1
        wait = Wait(WITHIN, partial(self._leave, self._next), late)
        self._held[self._next] = _Held(key.source, self.missing.since(key), look, wait)
        return wait

    def hear(self, answered: Collection[str], began: float) -> None:
        """Key sets have come, and these were looked at for who waits, from `began` on (unix seconds)."""
        for source in answered:
            self._asked.pop(source, None)
            self.missing.answered(source, began)
        for number, held in tuple(self._held.items()):
            found = held.look(held.source in answered and held.since <= began)
            if found is not None and self._held.pop(number, None) is not None:
                _give(held.wait, found[0])
        for source in {held.source for held in self._held.values()}:
            self.want(source)

    def follow(self, sources: Collection[str]) -> None:
        """The table names these sets."""
        self._asked = {source: at for source, at in self._asked.items() if source in sources}

    def _leave(self, number: int) -> None:
        """The time is over, or the client has gone."""
        self._held.pop(number, None)


def _give(wait: Wait, answer: LocalAnswer | None) -> None:
    if answer is None:
        wait.go_on()
    else:
        wait.answer(answer)


def _nobody(_: str) -> None:
    """Nobody fetches key sets."""
