"""Turns of the kill switch of which no Banyan was told, beside the kill file until one puts them on record.

Rule 1: `banyan kill --off` writes here where it takes the file away itself, since Banyan has not done so in time, or is
        not there: the order that ends, and its end, as one line. Whoever sees the file go, or starts, takes them, so
        that both are recorded with their own times, by their own names.
Rule 2: so does a command that changed nothing, in a line that says so: the file itself has the first order alone.
Rule 3: beyond `MOST` bytes nothing more is kept; what is no line of these is nobody's turn.
Rule 4: one at a time: who ends an order keeps that before, and forgets it if another was faster; nobody reads
        meanwhile. Who waits for longer than `PATIENCE`, for somebody who hangs, goes on without it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proxy.config.files import kill_file
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn
from proxy.locked_file import locked

MOST = 64 * 1024
PATIENCE = 1.0
"""Seconds."""
_READABLE_BY_BANYAN = 0o644
"""It may run as somebody else."""
_STOOD = {True: "on", False: "off"}
"""What a line says under `stood`, by whether it was to be turned on."""


def place(kill: Path) -> Path:
    """Where they are."""
    return kill.with_name(f"{kill.name}.ended")


def lift(kill: Path, ended: KillSwitchOrder) -> bool:
    """Take the kill file away by this order, and keep that; False: there was none. OSError: it cannot be taken away."""
    with _opened_if_possible(kill) as file:
        begun = kill_file.read(kill)
        before = None
        if file is not None and begun is not None:
            before = _keep(file, {"begun": asdict(begun.bounded()), "ended": asdict(ended.bounded())})
        was_there = False
        try:
            was_there = kill_file.lift(kill)
        finally:
            if file is not None and not was_there:
                _cut(kill, file, before)
    return was_there


def note_stood(kill: Path, order: KillSwitchOrder, *, on: bool) -> None:
    """Keep an order that changed nothing; OSError."""
    with _opened(kill, os.O_RDWR | os.O_CREAT) as file:
        _keep(file, {**asdict(order.bounded()), "stood": _STOOD[on]})


def take(kill: Path) -> tuple[SwitchTurn, ...]:
    """What was kept, oldest first, each order before its end; nothing is kept then. OSError."""
    try:
        with _opened(kill, os.O_RDONLY) as file:
            text = os.read(file, 2 * MOST)
            place(kill).unlink()
    except FileNotFoundError:
        return ()
    return tuple(turn for line in text.split(b"\n") for turn in _turns(line))


@contextmanager
def _opened_if_possible(kill: Path) -> Iterator[int | None]:
    """None where it cannot be written, or not in time (rule 4)."""
    with ExitStack() as stack:
        file = None
        with suppress(OSError):
            file = stack.enter_context(_opened(kill, os.O_RDWR | os.O_CREAT))
        yield file


def _opened(kill: Path, flags: int) -> AbstractContextManager[int]:
    """Rule 4; OSError: there is none, it is no file, or somebody keeps it."""
    return locked(place(kill), flags, mode=_READABLE_BY_BANYAN, patience=PATIENCE)


def _keep(file: int, said: Mapping[str, Any]) -> int:
    """How many bytes there were before."""
    before = os.fstat(file).st_size
    if before < MOST:
        os.write(file, json.dumps(said).encode() + b"\n")
    return before


def _cut(kill: Path, file: int, before: int | None) -> None:
    """Forget what was kept last; an empty file is none."""
    with suppress(OSError):
        if before is not None:
            os.ftruncate(file, before)
        if not os.fstat(file).st_size:
            place(kill).unlink()


def _turns(line: bytes) -> Iterator[SwitchTurn]:
    with suppress(ValueError, RecursionError):
        said = json.loads(line)
        if not isinstance(said, dict):
            return
        stood = next((on for on, known in _STOOD.items() if known == said.get("stood")), None)
        if stood is not None:
            yield SwitchTurn(order=kill_file.understand(json.dumps(said)), on=stood, stood=True)
        elif isinstance(said.get("begun"), dict) and isinstance(said.get("ended"), dict):
            yield SwitchTurn(order=kill_file.understand(json.dumps(said["begun"])), on=True)
            yield SwitchTurn(order=kill_file.understand(json.dumps(said["ended"])), on=False)
