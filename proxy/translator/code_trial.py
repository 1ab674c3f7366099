"""An adapter's own process for one occasion, without a loop: whether its code imports, and what it makes of a message.

Rule 1: it is the very process that live messages meet: its program, its confinement, its bounds.
Rule 2: it is waited for within bounds, and killed at the end, whatever it did.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from time import monotonic

import msgspec

from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.messages import Unframer
from proxy.link.translations import (
    MAX_MESSAGE,
    FromAdapter,
    NotTranslated,
    Ready,
    Translated,
    adapter_frame,
    error_of,
    frame_of,
    made_of,
    message_of,
    read_from_adapter,
)
from proxy.translator.adapter_process import COMMAND, START_WITHIN

FAULT = 502


@lru_cache(maxsize=64)
def import_problem(policy: AdapterPolicy) -> Ready | None:
    """Why code does not import, and in which line; None: it does. The same code is tried once in a process."""
    with _process() as process:
        ready = _started(process, policy)
    return ready if ready.problem else None


def translated_by_code(policy: AdapterPolicy, asked: ToMake) -> MadeElsewhere | Untranslatable:
    """What has become of a message, as of a live one."""
    with _process() as process:
        ready = _started(process, policy)
        if ready.problem:
            return Untranslatable("$", f"it does not import: {ready.problem}", status=FAULT)
        said = _said(process, frame_of(message_of(1, "", policy, asked)), policy.timeout)
    match said:
        case Translated():
            return made_of(said)
        case NotTranslated():
            return error_of(said)
        case str():
            return Untranslatable("$", said, status=FAULT)
        case _:
            return Untranslatable("$", "its process said something that is no answer", status=FAULT)


@contextlib.contextmanager
def _process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(  # noqa: S603 -- our own program
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()  # it has no group of its own in its first moment


def _started(process: subprocess.Popen[bytes], policy: AdapterPolicy) -> Ready:
    said = _said(process, frame_of(adapter_frame(policy)), START_WITHIN)
    if isinstance(said, Ready):
        return said
    return Ready("", said if isinstance(said, str) else "its process said something that is no answer")


def _said(process: subprocess.Popen[bytes], frame: bytes, within: float) -> FromAdapter | str:
    """Its next word, or why there is none."""
    until, unframer = monotonic() + within, Unframer(MAX_MESSAGE)
    if process.stdin is None or process.stdout is None:
        return "its process has no ends"
    try:
        process.stdin.write(frame)
        while True:
            if not select.select([process.stdout], [], [], max(until - monotonic(), 0))[0]:
                return f"it took longer than {within:g} s"
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                return "its process ended"
            if bodies := unframer.feed(data):
                return read_from_adapter(bodies[0])
    except (OSError, ValueError, msgspec.DecodeError):
        return "its process ended, or said something that is no answer"
