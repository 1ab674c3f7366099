"""Subjects who may not call, however good their tokens are, as control has said last."""

from __future__ import annotations

from proxy.link.messages import Suspended


class SuspendedSubjects:
    """One worker's."""

    __slots__ = ("_subjects",)

    def __init__(self) -> None:
        """Nobody is."""
        self._subjects: frozenset[str] = frozenset()

    def __contains__(self, subject: str) -> bool:
        """Whether a subject is suspended."""
        return subject in self._subjects

    def adopt(self, message: Suspended) -> None:
        """From the next request on these are, and nobody else."""
        self._subjects = frozenset(message.subjects)
