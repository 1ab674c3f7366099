"""What became of a story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from examples.stage.record import Chapter, Entry, Figure, Missing, Stopped, Verdict


class Ending(StrEnum):
    """How it ended. `STOPPED`: it came to no verdict."""

    HELD = "held"
    FAILED = "failed"
    LACKS = "lacks a part"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`seconds`: how long it took; `figures`: names and values; `words`: what its ending means, a sentence each."""

    name: str
    ending: Ending
    seconds: float
    figures: tuple[Figure, ...]
    words: tuple[str, ...]


def outcome(name: str, seconds: float, entries: Sequence[Entry], last_words: str) -> Outcome:
    """By its record; of a story that recorded no end, by what it said last."""
    ending, words = Ending.STOPPED, [last_words]
    for entry in entries:
        match entry:
            case Verdict(held, ()):
                ending, words = Ending.HELD, [held]
            case Verdict(_, wrong):
                ending, words = Ending.FAILED, list(wrong)
            case Missing(message, cure):
                ending, words = Ending.LACKS, [message, f"Bring it: {cure}"]
            case Stopped(message):
                ending, words = Ending.STOPPED, [message]
            case Chapter() | Figure():
                pass
    figures = tuple(entry for entry in entries if isinstance(entry, Figure))
    return Outcome(name=name, ending=ending, seconds=seconds, figures=figures, words=tuple(words))
