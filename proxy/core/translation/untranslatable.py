"""What cannot be translated, and where: never a value, since answers and logs show it."""

from __future__ import annotations


class Untranslatable(Exception):  # noqa: N818 - what the message is
    """A message that a step cannot translate. `step` is as routes.yaml names it, empty: none of them was at fault.

    `status` is what a client gets whose request it is.
    """

    def __init__(self, where: str, why: str, step: str = "", status: int = 400) -> None:
        super().__init__(where, why, step)
        self.where = where
        self.why = why
        self.step = step
        self.status = status

    @property
    def sentence(self) -> str:
        """`$.amount: it is no number (number: $.amount, to: number)`."""
        return f"{self.where}: {self.why}" + (f" ({self.step})" if self.step else "")
