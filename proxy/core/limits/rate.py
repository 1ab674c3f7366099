"""Rates: so many requests at once, refilled evenly; one number per client (the generic cell rate algorithm).

Rule 1: the table of clients is bounded; who has been quiet for longest is forgotten, to its own advantage.
Rule 2: a refused request costs nothing: whoever keeps asking is served as soon as whoever waits.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address

MOST_KEYS = 16_384
_ROUNDING = 1e-6
"""Seconds that sums of shares may be off by."""


def network_of(address: bytes) -> bytes:
    """What stands for a client that may change its address: of IPv6 the first 64 bits (RFC 4291 section 2.5.4).

    `address` in text form; what is no IPv6 stands for itself.
    """
    if b":" not in address:
        return address
    try:
        return IPv6Address(address.partition(b"%")[0].decode("ascii")).packed[:8]
    except ValueError:
        return address


class Meter:
    """One bucket of requests per key."""

    __slots__ = ("_due", "_interval", "_most", "_slack")

    def __init__(self, requests: int, seconds: float, most: int = MOST_KEYS) -> None:
        """`requests` over `seconds`, and as many at once; at most `most` keys are remembered."""
        self._interval = seconds / requests
        self._slack = seconds - self._interval
        self._most = most
        self._due: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._due)

    def wait(self, key: bytes, now: float) -> float:
        """What `take` would return; nothing is taken."""
        wait = self._due.get(key, 0.0) - now - self._slack
        return wait if wait > _ROUNDING else 0.0

    def take(self, key: bytes, now: float) -> float:
        """0.0 when this request may pass, else the seconds until one may."""
        due = self._due.get(key, 0.0)
        wait = due - now - self._slack
        if wait > _ROUNDING:
            self._due.move_to_end(key)
            return wait
        self._due[key] = (due if due > now else now) + self._interval  # noqa: FURB136 -- a call costs more
        self._due.move_to_end(key)
        if len(self._due) > self._most:
            self._due.popitem(last=False)
        return 0.0
