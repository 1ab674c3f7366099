"""Shares and lengths of time as sentences say them."""

from __future__ import annotations


def share(value: float) -> str:
    """`0.5 %`, with three digits."""
    return f"{value * 100:.3g} %"


def length(seconds: float) -> str:
    """`90s`, `15m`, `36h` or `4d`: the greatest unit that leaves two digits or so."""
    for size, unit in ((172_800, "d"), (7_200, "h"), (120, "m")):
        if seconds >= size:
            return f"{seconds / {'d': 86_400, 'h': 3_600, 'm': 60}[unit]:.0f}{unit}"
    return f"{seconds:.0f}s"
