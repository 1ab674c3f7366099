"""What a write that both sides have done tells of what each of them calls its things.

Rule 1: a pair is what the first side and the other call what each has just made.
Rule 2: a name is one thing's. A pair with a name that stands in another pair already is a clash: whether a side has
        used the name again, or takes two things for one, is not known, and people say it.
Rule 3: but where that other pair's thing was deleted at both sides by way of Banyan: then its name was free.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.journal.writes import OF_KIND
from proxy.core.outcome import Side

Pair = tuple[str, str]
"""As the journal calls a thing, by its kind: what legacy calls it, and what new does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedNames:
    """`pairs` of what the first side and the other have made; `gone`: what the first side called what was deleted."""

    pairs: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()


NOTHING = LearnedNames()


def pair_of(side: Side, ours: str, theirs: str) -> Pair:
    """Of what `side` calls it, and the other."""
    return (ours, theirs) if side is Side.LEGACY else (theirs, ours)


def clash_of(pair: Pair, known: Pair) -> str:
    """The sentence for people."""
    legacy, new = map(_plain, pair)
    before = f"legacy's {_plain(known[0])} was new's {_plain(known[1])} so far"
    return (
        f"done, but legacy calls it {legacy} and new {new}, and {before}: has a side used the name again, retry (this "
        "pair stands from now on); are these two things still there, drop (the old one does). Things of several kinds "
        "need `kind` in `ids`"
    )


def _plain(called: str) -> str:
    return called.rpartition(OF_KIND)[2]
