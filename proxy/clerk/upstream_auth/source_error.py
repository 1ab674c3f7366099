"""Why a source has given no token."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ANSWERED = 16 * 1024
"""Bytes of an answer that are kept for whoever looks for its reason."""


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What whoever was asked has answered instead of a token: its status, and the beginning of its body."""

    status: int
    body: str


class SourceError(Exception):
    """One sentence for the log; it holds no secret. `answered` None: nobody has, or nothing of use."""

    def __init__(self, sentence: str, answered: SourceAnswer | None = None) -> None:
        """`answered` is for who looks for the reason in it: nothing prints it as it is."""
        super().__init__(sentence)
        self.answered = answered
