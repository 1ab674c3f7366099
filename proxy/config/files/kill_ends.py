"""Ends of the kill switch that no Banyan was there to see, beside the kill file until one puts them on record.

Rule 1: `banyan kill --off` writes here where nobody answers at the admin port: the order that ended, and its end, each
        in a line as in the kill file. Whoever starts takes them, so that both are recorded with their own times.
Rule 2: beyond `MOST` bytes nothing more is kept.
"""

from __future__ import annotations

from pathlib import Path

from proxy.config.files.kill_file import text_of, understand
from proxy.core.routing.kill_switch import KillSwitchOrder

MOST = 64 * 1024


def place(kill: Path) -> Path:
    """Where they are."""
    return kill.with_name(f"{kill.name}.ended")


def note(kill: Path, begun: KillSwitchOrder, ended: KillSwitchOrder) -> None:
    """Keep the end of an order; OSError."""
    with place(kill).open("a", encoding="utf-8") as file:
        if file.tell() < MOST:
            file.write(text_of(begun) + text_of(ended))


def take(kill: Path) -> tuple[tuple[KillSwitchOrder, KillSwitchOrder], ...]:
    """What was kept, oldest first, each order with its end; nothing is kept then. OSError."""
    path = place(kill)
    if not path.is_file():
        return ()
    lines = path.read_text("utf-8", "replace")[: 2 * MOST].splitlines()
    path.unlink()
    pairs = zip(lines[::2], lines[1::2], strict=False)
    return tuple((understand(begun), understand(ended)) for begun, ended in pairs)
