"""What is known of one request beside its head: its anonymous cohort, and the side that it was tied to before.

The edge fills it in, from signed cookies and from memory; decisions read it, so that they stay pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxy.core.outcome import Side

_NOTHING: Mapping[int, tuple[Side, float]] = {}


class RequestContext:
    """`asked`: the side that an allowed client names; `stays`, `follows`: those of its flow and of its last write.

    `cohort_cookies` and `side_cookies` are values as sent. `known` are the ties that the side cookie holds: by mark,
    the side and the unix second until which it holds. `uses`: marks to be put, each with the seconds that it holds for.
    """

    asked: Side | None = None
    stays: Side | None = None
    follows: Side | None = None
    anonymous: bytes = b""
    cohort_cookies: Sequence[bytes] = ()
    side_cookies: Sequence[bytes] = ()
    known: Mapping[int, tuple[Side, float]] = _NOTHING
    writes: bool = False
    """Whether it is a write that reads are to follow."""
    renews: bool = False
    """Whether the answer is to set the cohort cookie."""
    decided: bool = False
    """Whether its route asked for any of this."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.uses: list[tuple[int, float]] = []
