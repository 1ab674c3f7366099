"""Which calls of a client go without: so many of each hundred, the first one among them.

Rule 1: calls are counted by client, not drawn by the dice: who comes once a month is met the first time, and one that
        calls a thousand times a second at its share and no more.
Rule 2: up to `SPARSE`, one call of each stretch of 1/share is drawn, anywhere in it, but never two in a row: whoever
        tries again gets its answer, and no rhythm of a client's calls keeps some of them out for good.
Rule 3: above, each further call is drawn by itself.
Rule 4: the same salt, client and number give the same answer everywhere.
"""

from __future__ import annotations

from typing import Final

from proxy.core.routing.split import draw

SPARSE: Final = 0.25
"""The largest share at which whoever tries again gets its answer for sure."""


def is_drawn(salt: int, client: str, call: int, share: float) -> bool:
    """Whether the client's call of this number, counted from 0, is one that goes without."""
    if call == 0 or share > SPARSE:
        return share > 0.0 and (call == 0 or _place(salt, client, call) < share)
    nearest = int(call * share)
    return any(_call_of(salt, client, hit, share) == call for hit in (nearest - 1, nearest, nearest + 1))


def _call_of(salt: int, client: str, hit: int, share: float) -> int:
    """Rule 2: the number of the call that the hit of this number is; the first hit is the first call."""
    if hit <= 0 or share <= 0.0:
        return 0
    found, before = (_within(salt, client, each, share) for each in (hit, hit - 1))
    return max(found, before + 2)


def _within(salt: int, client: str, hit: int, share: float) -> int:
    return 0 if hit == 0 else int((hit + _place(salt, client, hit)) / share)


def _place(salt: int, client: str, number: int) -> float:
    return draw(salt, f"{client}\0{number}".encode("utf-8", "surrogateescape"))
