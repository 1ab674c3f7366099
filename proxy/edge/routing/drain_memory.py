"""Which cohorts new has served on a route lately, by their draws: what a drain lets stay.

Rule 1: memory is bounded. Two stretches of time are kept; a turn forgets the older one. What finds no place is
        forgotten: its cohort goes to legacy when a drain begins.
"""

from __future__ import annotations

MOST = 20_000
"""Cohorts of one stretch on one route: some 1.5 MB."""


class DrainMemory:
    """The draws of the cohorts that were served in this stretch, or in the one before."""

    __slots__ = ("_before", "_recent")

    def __init__(self) -> None:
        """Begin with none."""
        self._recent: set[float] = set()
        self._before: set[float] = set()

    def add(self, draw: float) -> None:
        """New serves this cohort."""
        if len(self._recent) < MOST:
            self._recent.add(draw)

    def __contains__(self, draw: object) -> bool:
        return draw in self._recent or draw in self._before

    def turn(self) -> None:
        """A stretch is over."""
        self._before, self._recent = self._recent, set()

    @property
    def draws(self) -> list[float]:
        """Those of both stretches."""
        return list(self._recent | self._before)
