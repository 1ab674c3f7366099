"""Shares and lengths of time as sentences say them."""

from __future__ import annotations

_MOST_DIGITS = 10


def share(value: float) -> str:
    """`0.5 %`, with three digits."""
    return f"{value * 100:.3g} %"


def apart(value: float, limit: float) -> tuple[str, str]:
    """Both as `share`, with as many digits as tell them apart, if they are not the same."""
    for digits in range(3, _MOST_DIGITS):
        told = f"{value * 100:.{digits}g} %", f"{limit * 100:.{digits}g} %"
        if told[0] != told[1]:
            return told
    return share(value), share(limit)


def length(seconds: float) -> str:
    """`90s`, `15m`, `36h` or `4d`: the greatest unit that leaves two digits or so."""
    for size, unit in ((172_800, "d"), (7_200, "h"), (120, "m")):
        if seconds >= size:
            return f"{seconds / {'d': 86_400, 'h': 3_600, 'm': 60}[unit]:.0f}{unit}"
    return f"{seconds:.0f}s"
