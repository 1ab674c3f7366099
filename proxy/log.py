"""Logging: structlog for events, one canonical line per request, and a sink that never blocks (R26).

Rule 1: nothing that serves traffic writes to a file descriptor; it hands bytes to the sink: a thread and a bound.
Rule 2: what finds no room is dropped and counted; a blocked pipe or a full disk costs lines, never requests.
Rule 3: a line is one line: JSON escapes control characters (CVE-2020-7694), the console renderer does too.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
import structlog

MAX_HELD = 8 * 1024 * 1024
"""Bytes that may wait for a slow log reader; at 300 bytes a line that is a second of 30,000 requests/s."""

BACKLOG = 1024 * 1024
"""What was held for longer than a moment: its memory is given back, or a process would stay as large as it once was."""


class Sink:
    """Writes bytes to a file descriptor from a thread of its own; the thread starts with the first line."""

    def __init__(self, descriptor: int, max_held: int = MAX_HELD) -> None:
        """`max_held` bounds the bytes that wait."""
        self._descriptor = descriptor
        self._max_held = max_held
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._held = 0
        self._ready = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def put(self, data: bytes, lines: int = 1) -> None:
        """Take `data` (whole lines) or count its `lines` as dropped."""
        with self._ready:
            if self._held + len(data) > self._max_held or self._closing:
                self.dropped += lines
                return
            self._waiting.append((data, lines))
            self._held += len(data)
            self._ready.notify()
        if self._thread is None:
            atexit.register(self.close)  # what a process says as it breaks is written too
            self._thread = threading.Thread(target=self._run, name="log-sink", daemon=True)
            self._thread.start()

    def take_dropped(self) -> int:
        """Lines dropped since the last call."""
        with self._ready:
            dropped, self.dropped = self.dropped, 0
        return dropped

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, for at most `timeout` seconds."""
        with self._ready:
            self._closing = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closing:
                    self._ready.wait()
                if not self._waiting:
                    return
                batch = b"".join([data for data, _ in self._waiting])
                lines = sum([count for _, count in self._waiting])
                self._waiting.clear()
            self._write(batch, lines)
            size = len(batch)
            del batch
            with self._ready:
                self._held -= size
            if size > BACKLOG:
                _give_back()

    def _write(self, batch: bytes, lines: int) -> None:
        view = memoryview(batch)
        while view:
            try:
                written = os.write(self._descriptor, view)
            except BlockingIOError:
                threading.Event().wait(0.05)
                continue
            except OSError:
                with self._ready:
                    self.dropped += lines
                return
            view = view[written:]


def _give_back() -> None:
    """Let the allocator return free memory to the system; other C libraries than glibc need no asking."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class DirectSink:
    """For the supervisor, which has no threads: writes when the reader is ready, drops otherwise."""

    def __init__(self, descriptor: int) -> None:
        """Any file descriptor."""
        self._descriptor = descriptor

    def put(self, data: bytes, lines: int = 1) -> None:
        """Write now or never."""
        del lines
        if select.select([], [self._descriptor], [], 0)[1]:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, data)


class TakesLines(Protocol):
    """Where rendered lines go."""

    def put(self, data: bytes, lines: int = 1) -> None:
        """Take whole lines."""


class _SinkLogger:
    """What structlog calls at the end of its chain."""

    def __init__(self, sink: TakesLines) -> None:
        self._sink = sink

    def msg(self, line: str | bytes) -> None:
        data = line if isinstance(line, bytes) else line.encode("utf-8", "backslashreplace")
        self._sink.put(data + b"\n")

    log = debug = info = warning = warn = error = critical = fatal = exception = failure = msg


_json = msgspec.json.Encoder(enc_hook=str)


def render_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """One JSON object per line, its keys in a fixed order first."""
    ordered = {"ts": event.pop("ts", None), "level": event.pop("level", None), "event": event.pop("event", None)}
    return _json.encode(ordered | dict(event))


def _stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    event["ts"] = stamp(datetime.now(UTC))
    return event


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def set_up(process: str, sink: TakesLines, *, console: bool) -> None:
    """Point structlog at `sink`: readable lines when `console`, JSON otherwise; `process` stands in every line."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ, timestamp_key="ts")
        if console
        else render_json
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamp,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("INFO"),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)


def is_console() -> bool:
    """Whether standard output is a person's terminal."""
    return sys.stdout.isatty()
