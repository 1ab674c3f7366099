"""Turns of the kill switch of which no Banyan was told, beside the kill file until one puts them on record.

Rule 1: `banyan kill --off` writes here where it takes the file away itself, since Banyan has not done so in time, or is
        not there: the order that ends, and its end, each in a line as in the kill file. Whoever sees the file go, or
        starts, takes them, so that both are recorded with their own times, by their own names.
Rule 2: so does a command that changed nothing, in one line that says so: the file itself has the first order alone.
Rule 3: beyond `MOST` bytes nothing more is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from proxy.config.files.kill_file import text_of, understand
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn

MOST = 64 * 1024
_STOOD = {True: "on", False: "off"}
"""What a line says under `stood`, by whether it was to be turned on."""


def place(kill: Path) -> Path:
    """Where they are."""
    return kill.with_name(f"{kill.name}.ended")


def note(kill: Path, begun: KillSwitchOrder, ended: KillSwitchOrder) -> int:
    """Keep the end of an order; what `unnote` takes to forget it. OSError."""
    return _keep(kill, text_of(begun) + text_of(ended))


def unnote(kill: Path, before: int) -> None:
    """It has not ended so; OSError."""
    if before:
        os.truncate(place(kill), before)
    else:
        place(kill).unlink()


def note_stood(kill: Path, order: KillSwitchOrder, *, on: bool) -> None:
    """Keep an order that changed nothing; OSError."""
    _keep(kill, json.dumps({**asdict(order), "stood": _STOOD[on]}, ensure_ascii=False) + "\n")


def _keep(kill: Path, lines: str) -> int:
    """How many bytes there were before."""
    with place(kill).open("a", encoding="utf-8") as file:
        before = file.tell()
        if before < MOST:
            file.write(lines)
    return before


def take(kill: Path) -> tuple[SwitchTurn, ...]:
    """What was kept, oldest first, each order before its end; nothing is kept then. OSError."""
    path = place(kill)
    if not path.is_file():
        return ()
    lines = path.read_text("utf-8", "replace")[: 2 * MOST].splitlines()
    path.unlink()
    return tuple(_turns(lines))


def _turns(lines: list[str]) -> Iterator[SwitchTurn]:
    begun: KillSwitchOrder | None = None
    for line in lines:
        order, stood = understand(line), _stood(line)
        if stood is not None:
            yield SwitchTurn(order=order, on=stood, stood=True)
        elif begun is None:
            begun = order
        else:
            yield SwitchTurn(order=begun, on=True)
            yield SwitchTurn(order=order, on=False)
            begun = None


def _stood(line: str) -> bool | None:
    """Which way the switch stood already; None: the line is of an order that ended, or its end."""
    with suppress(ValueError, RecursionError):
        said = json.loads(line)
        word = said.get("stood") if isinstance(said, dict) else None
        return next((on for on, known in _STOOD.items() if known == word), None)
    return None
