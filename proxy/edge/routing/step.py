"""The joint between a route and what must happen before a request of it is passed on: a step.

`BoundRoute.admission` holds a route's steps in order, compiled when its table is adopted (`edge/steps/`). It is empty
for plain routes, which pay one truth test. A step is called with the request and returns one of:

  None         go on with the next step
  LocalAnswer  Banyan answers itself; no later step is asked, and nothing goes upstream
  Wait         its word comes later, by `Wait.go_on` or `Wait.answer`
  WholeBody    it is called again once `request.body` holds the whole body

Rule 1: `decide` (`decision.py`) is itself one of the steps: what can change a decision stands before it, what asks only
        for requests that a side will answer stands behind. A request that waited behind it is decided once more, so
        that a kill meanwhile holds for it.
Rule 2: a wait is bounded by `Wait.within` seconds; beyond, the client gets `Wait.late`, or 503, or it goes on.
Rule 3: while a request waits, its connection takes in `MAX_AHEAD` bytes and is then read no more. Requests that are
        pipelined behind stay in order; other connections go on.
Rule 4: a wait ends once. When the deadline or the client's leaving ends it, `abandoned` is called, and later words
        count for nothing.
Rule 5: a whole body is bounded by what the step allows (413 beyond) and by what all bodies of the worker may hold
        together (503 beyond). It must come as fast as any other (`limits.body`: 408).
Rule 6: a request keeps the table that it began with through a reload (but see `steps/journal_step.py`, rule 5), and a
        drain lets it finish.
Rule 7: beside its verdict a step may change what goes upstream (`RequestHead.put`), say something in the log
        (`Request.note`) and see how it ends (`Request.watch`, `tap.py`): whoever begins something in a step hears there
        once that it was answered, or was never sent. All this at its call, or before it gives the word of its wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from proxy.core.limits.bounds_met import Shed

PROBLEM = b"application/problem+json"
RequestT_contra = TypeVar("RequestT_contra", contravariant=True)


@dataclass(slots=True)
class LocalAnswer:
    """What Banyan says itself; `body` None makes a problem document of `detail`. `close` ends the connection.

    `reason` is that of a decision. `counted`: the name under which a step's own answer is counted and logged, one of
    its policy's `answers`; `shed`: the bound that it met.
    """

    status: int
    detail: str
    body: bytes | None = None
    content_type: bytes = PROBLEM
    lines: tuple[bytes, ...] = ()
    close: bool = False
    reason: str = ""
    shed: Shed | None = None
    counted: str = ""


def _nobody() -> None:
    """Nobody needs to know."""


class Wait:
    """The word of a step, still to come."""

    __slots__ = ("_hear", "abandoned", "given", "goes_on_late", "is_over", "late", "within")

    def __init__(self, within: float, abandoned: Callable[[], None] = _nobody, late: LocalAnswer | None = None) -> None:
        """For at most `within` seconds; `abandoned` hears that nobody needs the word any more.

        `late` is what the client gets when the time is over; None: a 503 that says to come back in a second.
        `goes_on_late`, to be set: the next step is asked then instead.
        """
        self.within = within
        self.abandoned = abandoned
        self.late = late
        self.goes_on_late = False
        self.is_over = False
        self.given: LocalAnswer | None = None
        self._hear: Callable[[], None] = _nobody

    def go_on(self) -> None:
        """The next step, please."""
        self._end(None)

    def answer(self, answer: LocalAnswer) -> None:
        """Banyan answers itself."""
        self._end(answer)

    def _end(self, answer: LocalAnswer | None) -> None:
        if not self.is_over:  # rule 4
            self.is_over = True
            self.given = answer
            self._hear()

    def listen(self, hear: Callable[[], None]) -> None:
        """`hear` runs when the word has come, in the stack of who gives it."""
        self._hear = hear

    def abandon(self) -> None:
        """Rule 4."""
        if not self.is_over:
            self.is_over = True
            self.abandoned()


class WholeBody:
    """Asks for a body of at most `most` bytes, decoded."""

    __slots__ = ("most",)

    def __init__(self, most: int) -> None:
        """A body of more bytes is answered with 413."""
        self.most = most


Verdict = LocalAnswer | Wait | WholeBody | None


class AdmissionStep(Protocol[RequestT_contra]):
    """Says what becomes of a request, at once or later."""

    def __call__(self, request: RequestT_contra, /) -> Verdict:
        """Does not block: it runs between the reads of all other connections."""
