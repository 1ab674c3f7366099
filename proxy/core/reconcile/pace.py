"""How a run is kept from the work of others: pieces that are small for its rate, and a pause after each."""

from __future__ import annotations

PIECES = 50
"""A second, at the least, so that nobody waits long behind one."""
SMALLEST = 100


def piece(chunk: int, rate: int) -> int:
    """Rows of a range: `chunk`, or fewer where so many at once are much for this rate; rate 0: no bound."""
    return min(chunk, max(rate // PIECES, SMALLEST)) if rate else chunk


def pause(rows: int, rate: int, taken: float) -> float:
    """Seconds to wait after a range that took some: so many rows a second, and nothing is made up for."""
    return max(rows / rate - taken, 0.0) if rate else 0.0
