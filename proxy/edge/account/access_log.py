"""The canonical line: one log entry per request, written in batches through the sink.

Off a terminal it is encoded straight from a struct (half a microsecond; a bound structlog call is four); on a terminal
structlog's console renderer shows the same fields. Both end in the sink that structlog itself writes to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import random
from typing import Final

import msgspec
import structlog

from proxy.edge.account.line_shape import CanonicalLine
from proxy.log import Sink, stamp

_FLUSH_LINES: Final = 256


def _nothing() -> None:
    """By default nobody has lines in waiting."""


class AccessLog:
    """Takes lines from the hot path, hands them to the sink every 256 lines or when the caller's timer says so."""

    __slots__ = ("_console", "_encode", "_held", "_second", "_sink", "_stamp", "before_flush", "sample")

    def __init__(self, sink: Sink, *, console: bool, sample: float = 1.0) -> None:
        """`sample` is the share of good requests that get a line."""
        self._sink = sink
        self._encode: Callable[[CanonicalLine], bytes] = msgspec.json.Encoder().encode
        self._console = structlog.get_logger() if console else None
        self._held: list[bytes] = []
        self.sample = sample
        self.before_flush: Callable[[], None] = _nothing
        self._second = -1
        self._stamp = ""

    def wants(self, status: int) -> bool:
        """Whether a line is due: always for 5xx, else by the sample."""
        return self.sample >= 1.0 or status >= 500 or random() < self.sample  # noqa: S311 -- no secret hangs on it

    def stamp(self, moment: float) -> str:
        """The stamp of a wall-clock time in seconds; all but its milliseconds are made once a second."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._stamp = stamp(datetime.fromtimestamp(second, UTC))[:-4]
        return f"{self._stamp}{int((moment - second) * 1000):03d}Z"

    def write(self, line: CanonicalLine) -> None:
        """Keep the line for the next flush."""
        if self._console is not None:
            fields = msgspec.structs.asdict(line)
            shown = {key: value for key, value in fields.items() if value not in ("", None)}
            if line.attempts == 1:
                del shown["attempts"], shown["fallback"]
            self._console.info(shown.pop("event"), **{key: shown[key] for key in shown if key not in ("ts", "level")})
            return
        self._held.append(self._encode(line))
        if len(self._held) >= _FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is kept, and what somebody still has to write."""
        self.before_flush()
        if self._held:
            self._held.append(b"")
            self._sink.put(b"\n".join(self._held), len(self._held) - 1)
            self._held.clear()
