"""What a card has to be before a processor is asked, and what is said of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_BRANDS = (("34", "American Express"), ("37", "American Express"), ("35", "JCB"), ("4", "Visa"), ("5", "Mastercard"))


class RefusedCardError(Exception):
    """The message says why, without anything of the card."""


@dataclass(frozen=True, slots=True)
class Card:
    """As a client sends it."""

    number: str
    cvc: str
    exp_month: int
    exp_year: int

    @property
    def brand(self) -> str:
        """By its first digits."""
        return next((name for begin, name in _BRANDS if self.number.startswith(begin)), "Unknown")

    @property
    def said(self) -> dict[str, Any]:
        """What anybody may know of it."""
        known = {"brand": self.brand, "last4": self.number[-4:]}
        return {**known, "exp_month": self.exp_month, "exp_year": self.exp_year}


def read_card(sent: dict[str, Any], digits: tuple[int, ...] = (3, 4)) -> Card:
    """RefusedCardError for what is none; `digits`: how many a CVC may have."""
    card = Card(str(sent["number"]), str(sent["cvc"]), int(sent["exp_month"]), int(sent["exp_year"]))
    today = datetime.now(tz=UTC)
    if not luhn(card.number):
        raise RefusedCardError("incorrect_number")
    if len(card.cvc) not in digits:
        raise RefusedCardError("invalid_cvc")
    if (card.exp_year, card.exp_month) < (today.year, today.month):
        raise RefusedCardError("expired_card")
    return card


def luhn(number: str) -> bool:
    """Whether its last digit fits the others."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return len(digits) > 12 and (sum(digits[::2]) + sum(doubled)) % 10 == 0
