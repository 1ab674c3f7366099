"""Why a run cannot go on."""

from __future__ import annotations


class ReconcileTrouble(Exception):  # noqa: N818 - what an operator has
    """`message` says what is the case, `cure` what to do; neither repeats an address or a password."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure
